package org.mobula.core.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.random.Pcg64;

class ReferenceMlpTest {
  private static final double STEP = 1e-5;

  @ParameterizedTest
  @MethodSource("org.mobula.core.network.NetworkContract#specs")
  void gradientsEqualFiniteDifferences(MlpSpec spec) {
    Pcg64 random = new Pcg64(11);
    double[] parameters = ReferenceMlp.widen(spec.initialParameters(random));
    double[] inputs = gaussian(2 * spec.inputs(), random);
    double[] weights = gaussian(2 * spec.outputs(), random);
    double[] parameterGradient = new double[parameters.length];
    double[] inputGradients = new double[inputs.length];
    new ReferenceMlp(spec, parameters)
        .backward(inputs, 2, weights, parameterGradient, inputGradients);

    // A stride that is prime reaches every tensor of the large shapes and keeps the test short.
    check(
        parameters,
        parameterGradient,
        parameters.length > 500 ? 37 : 1,
        values -> loss(spec, values, inputs, weights));
    check(inputs, inputGradients, 1, values -> loss(spec, parameters, values, weights));
  }

  private static void check(
      double[] at, double[] gradient, int stride, ToDoubleFunction<double[]> loss) {
    for (int i = 0; i < at.length; i += stride) {
      double original = at[i];
      at[i] = original + STEP;
      double above = loss.applyAsDouble(at);
      at[i] = original - STEP;
      double below = loss.applyAsDouble(at);
      at[i] = original;
      assertThat(gradient[i])
          .as("number %d", i)
          .isCloseTo((above - below) / (2 * STEP), within(1e-6));
    }
  }

  private static double loss(MlpSpec spec, double[] parameters, double[] inputs, double[] weights) {
    double[] outputs = new ReferenceMlp(spec, parameters).forward(inputs, 2);
    double loss = 0;
    for (int i = 0; i < outputs.length; i++) {
      loss += weights[i] * outputs[i];
    }
    return loss;
  }

  @Test
  void gaussianDistributionFunctionHasTheTabledValues() {
    assertThat(ReferenceMlp.gaussianCdf(0)).isEqualTo(0.5);
    assertThat(ReferenceMlp.gaussianCdf(1)).isCloseTo(0.8413447460685429, within(1e-14));
    assertThat(ReferenceMlp.gaussianCdf(-3)).isCloseTo(0.0013498980316300933, within(1e-14));
  }

  private static double[] gaussian(int length, Pcg64 random) {
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = random.nextGaussian();
    }
    return values;
  }
}
