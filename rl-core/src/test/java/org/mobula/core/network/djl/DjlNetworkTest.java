package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkContract;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.random.Pcg64;

class DjlNetworkTest extends NetworkContract {
  @Override
  protected Network create(MlpSpec spec) {
    return DjlNetwork.of(spec);
  }

  @Test
  void whatTheOutputsDoNotDependOnHasNoGradient() {
    MlpSpec spec =
        new MlpSpec(
            3,
            List.of(4),
            List.of(new MlpSpec.Constant("mean", 2, 1.5f)),
            Activation.TANH,
            Initialization.orthogonal());
    try (Network network = DjlNetwork.of(spec)) {
      network.setParameters(spec.initialParameters(new Pcg64(1)));
      float[] outputs = new float[4];
      float[] gradient = new float[spec.layout().size()];
      float[] inputGradients = {9, 9, 9, 9, 9, 9};
      Arrays.fill(gradient, 9);
      for (int i = 0; i < 2; i++) {
        network.forward(new float[6], 2, outputs);
        network.backward(new float[] {1, 2, 3, 5}, gradient, inputGradients);
        network.backward(new float[] {1, 2, 3, 5}, gradient, null);
      }
      assertThat(outputs).containsOnly(1.5f);
      assertThat(Arrays.copyOf(gradient, 16)).containsOnly(0);
      assertThat(Arrays.copyOfRange(gradient, 16, 18)).containsExactly(4, 7);
      assertThat(inputGradients).containsOnly(0);
    }
  }

  @Test
  void refusesASpecThatIsNotItsOwn() {
    record Foreign(int inputs, int outputs, ParameterLayout layout) implements NetworkSpec {
      @Override
      public float[] initialParameters(Pcg64 random) {
        return new float[0];
      }
    }

    assertThatIllegalArgumentException()
        .isThrownBy(() -> DjlNetwork.of(new Foreign(1, 1, new ParameterLayout(List.of()))))
        .withMessage(
            "a Foreign cannot run on DJL: use a MlpSpec, a ConvolutionSpec or a BlockSpec");
  }
}
