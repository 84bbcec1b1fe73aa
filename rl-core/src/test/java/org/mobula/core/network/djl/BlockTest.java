package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.random.Pcg64;

class BlockTest {
  private static final BlockSpec SPEC =
      new BlockSpec(
          () ->
              new SequentialBlock()
                  .add(Linear.builder().setUnits(5).build())
                  .add(Activation.tanhBlock())
                  .add(Linear.builder().setUnits(2).build()),
          List.of(3),
          2);

  @Test
  void aBlockOfLayersComputesWhatTheEqualPerceptronDoes() {
    MlpSpec equal =
        new MlpSpec(
            3,
            List.of(),
            List.of(new MlpSpec.Head("policy", List.of(5), 2, 1)),
            org.mobula.core.network.Activation.TANH,
            Initialization.orthogonal());
    float[] parameters = equal.initialParameters(new Pcg64(1));
    assertThat(SPEC.layout().size()).isEqualTo(parameters.length);
    assertThat(run(SPEC, parameters)).containsExactly(run(equal, parameters), within(1e-6f));
  }

  private static float[] run(NetworkSpec spec, float[] parameters) {
    try (Network network = DjlNetwork.of(spec);
        Network copy = copyOf(network, parameters)) {
      float[] inputs = {0.5f, -1, 2, 0.1f, 0.2f, 0.3f};
      float[] results = new float[4 + parameters.length + 6];
      float[] outputs = new float[4];
      float[] gradient = new float[parameters.length];
      float[] inputGradients = new float[6];
      copy.forward(inputs, 2, outputs);
      copy.backward(new float[] {1, -2, 3, -4}, gradient, inputGradients);
      System.arraycopy(outputs, 0, results, 0, 4);
      System.arraycopy(gradient, 0, results, 4, gradient.length);
      System.arraycopy(inputGradients, 0, results, 4 + gradient.length, 6);
      return results;
    }
  }

  private static Network copyOf(Network network, float[] parameters) {
    network.setParameters(parameters);
    return network.copy();
  }

  @Test
  void namesItsParametersAndStartsThemAsTheBlockSays() {
    assertThat(SPEC.layout().entries())
        .extracting(entry -> entry.name() + entry.shape() + entry.group())
        .containsExactly(
            "01Linear_weight[5, 3]default",
            "01Linear_bias[5]default",
            "03Linear_weight[2, 5]default",
            "03Linear_bias[2]default");
    float[] parameters = SPEC.initialParameters(new Pcg64(3));
    assertThat(parameters).isEqualTo(SPEC.initialParameters(new Pcg64(3)));
    assertThat(parameters).isNotEqualTo(SPEC.initialParameters(new Pcg64(4)));
    assertThat(parameters[0]).isNotZero();
    assertThat(parameters[15]).as("bias").isZero();
  }

  @Test
  void dropoutLetsEverythingThrough() {
    BlockSpec spec =
        new BlockSpec(
            () ->
                new SequentialBlock()
                    .add(LayerNorm.builder().build())
                    .add(Linear.builder().setUnits(1).build())
                    .add(Dropout.builder().optRate(0.9f).build()),
            List.of(4),
            1);
    try (Network network = DjlNetwork.of(spec)) {
      network.setParameters(new float[] {1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2});
      float[] first = new float[1];
      float[] second = new float[1];
      network.forward(new float[] {1, 2, 3, 4}, 1, first);
      network.forward(new float[] {1, 2, 3, 4}, 1, second);
      assertThat(first[0]).isCloseTo(2 - 1.3416355f, within(1e-5f));
      assertThat(second).isEqualTo(first);
    }
  }

  @Test
  void travelsSerialized() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(SPEC);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(((BlockSpec) in.readObject()).layout()).isEqualTo(SPEC.layout());
    }
  }

  @Test
  void saysWhatIsWrong() {
    BlockSpec tooWide = new BlockSpec(() -> Linear.builder().setUnits(5).build(), List.of(3), 2);
    assertThatIllegalArgumentException()
        .isThrownBy(tooWide::layout)
        .withMessage(
            "the block makes [(1, 5)] of one input but must make one array of shape (1, 2)");
    BlockSpec statistics = new BlockSpec(() -> BatchNorm.builder().build(), List.of(3), 3);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DjlNetwork.of(statistics))
        .withMessageContaining("is not learnt by gradients")
        .withMessageContaining("layer instead of batch normalisation");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BlockSpec(SPEC.block(), List.of(), 2))
        .withMessage("the input shape is [] but needs sizes ≥ 1");
  }
}
