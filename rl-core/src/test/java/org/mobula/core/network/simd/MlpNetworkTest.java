package org.mobula.core.network.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkContract;

class MlpNetworkTest extends NetworkContract {
  @Override
  protected Network create(MlpSpec spec) {
    return new MlpNetwork(spec);
  }

  static MlpSpec spec(Activation activation) {
    return new MlpSpec(
        5,
        List.of(72),
        List.of(
            new MlpSpec.Head("policy", List.of(64), 3, 1),
            new MlpSpec.Constant("log_std", 3, 0),
            new MlpSpec.Head("value", List.of(130), 7, 1)),
        activation,
        Initialization.orthogonal());
  }

  /** Numbers in [−1, 1) that depend on nothing but this line. */
  static float[] numbers(int count, int seed) {
    float[] numbers = new float[count];
    int state = seed;
    for (int i = 0; i < count; i++) {
      state = state * 1664525 + 1013904223;
      numbers[i] = (state >> 8) / (float) (1 << 23);
    }
    return numbers;
  }

  @ParameterizedTest
  @EnumSource
  void anOutputRowDoesNotDependOnItsBatch(Activation activation) {
    MlpSpec spec = spec(activation);
    MlpNetwork network = new MlpNetwork(spec);
    network.setParameters(numbers(spec.layout().size(), 1));
    int batch = 41;
    float[] inputs = numbers(batch * spec.inputs(), 2);
    float[] together = new float[batch * spec.outputs()];
    network.forward(inputs, batch, together);
    for (int row = 0; row < batch; row++) {
      float[] alone = new float[spec.outputs()];
      network.forward(
          Arrays.copyOfRange(inputs, row * spec.inputs(), (row + 1) * spec.inputs()), 1, alone);
      assertThat(alone)
          .isEqualTo(
              Arrays.copyOfRange(together, row * spec.outputs(), (row + 1) * spec.outputs()));
    }
  }

  /** This class also runs with narrower vectors; the fingerprints are the same there. */
  @ParameterizedTest
  @EnumSource
  void givesTheSameBitsWhateverTheWidthOfTheVectors(Activation activation) {
    MlpSpec spec = spec(activation);
    MlpNetwork network = new MlpNetwork(spec);
    network.setParameters(numbers(spec.layout().size(), 1));
    int batch = 150;
    float[] outputs = new float[batch * spec.outputs()];
    float[] gradient = new float[spec.layout().size()];
    float[] inputGradients = new float[batch * spec.inputs()];
    network.forward(numbers(batch * spec.inputs(), 2), batch, outputs);
    network.backward(numbers(batch * spec.outputs(), 3), gradient, inputGradients);
    int fingerprint =
        31 * (31 * Arrays.hashCode(outputs) + Arrays.hashCode(gradient))
            + Arrays.hashCode(inputGradients);
    int expected =
        switch (activation) {
          case IDENTITY -> -106530709;
          case TANH -> 1190111403;
          case RELU -> 1892087966;
          case ELU -> 1215685284;
          case SILU -> 968630264;
          case GELU -> -1153749912;
        };
    assertThat(fingerprint).isEqualTo(expected);
  }

  @Test
  void isAvailableHere() {
    assertThat(Simd.available()).isTrue();
  }

  @Test
  void notANumberShowsInTheOutputs() {
    for (Activation activation : Activation.values()) {
      MlpSpec spec = spec(activation);
      MlpNetwork network = new MlpNetwork(spec);
      network.setParameters(numbers(spec.layout().size(), 1));
      float[] outputs = new float[spec.outputs()];
      network.forward(new float[] {0, Float.NaN, 0, 0, 0}, 1, outputs);
      assertThat(outputs[0]).as("%s", activation).isNaN();
    }
  }
}
