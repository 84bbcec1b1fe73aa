package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;

class SquashedNoiseTest {
  private static final SquashedGaussian DISTRIBUTION = new SquashedGaussian(2);

  @Test
  void theActionAndItsDensityAreThoseOfADraw() {
    float[] parameters = {0.3f, -0.5f, -0.2f, 0.1f};
    float[] drawn = new float[2];
    float[] made = new float[2];
    for (int seed = 0; seed < 100; seed++) {
      Pcg64 random = new Pcg64(seed);
      float[] noise = {(float) random.nextGaussian(), (float) random.nextGaussian()};
      DISTRIBUTION.sample(parameters, 0, new Pcg64(seed), drawn, 0);
      float density = DISTRIBUTION.fromNoise(parameters, 0, noise, 0, made, 0);
      for (int i = 0; i < 2; i++) {
        assertThat(made[i]).isCloseTo(drawn[i], within(1e-6f));
      }
      assertThat(density)
          .isCloseTo(DISTRIBUTION.logProbability(parameters, 0, made, 0), within(1e-3f));
    }
  }

  /** log(1 − tanh²(u)) → log 4 − 2|u|; the float nearest to tanh(20) is 1. */
  @ParameterizedTest
  @ValueSource(floats = {-60, -20, 20, 60})
  void theDensityIsExactAtTheBounds(float mean) {
    float[] parameters = {mean, 0, -1, 0};
    float[] action = new float[2];
    float density = DISTRIBUTION.fromNoise(parameters, 0, new float[] {0.5f, 0}, 0, action, 0);
    assertThat(Math.abs(action[0])).isEqualTo(1);
    double u = Math.abs(mean + Math.exp(-1) * 0.5);
    double expected =
        -0.5 * 0.25 + 1 - Math.log(2 * Math.PI) - (Math.log(4) - 2 * u); // the other's slope is 1
    assertThat((double) density).isCloseTo(expected, within(1e-5 * Math.abs(expected)));
  }

  /** Of c·log π + Σ w·a by central differences in double precision of the formula's own parts. */
  @ParameterizedTest
  @ValueSource(floats = {0, 0.7f, -3, 12})
  void theGradientAgreesWithFiniteDifferences(float shift) {
    float[] parameters = {0.3f + shift, -0.5f, -0.7f, 0.4f};
    float[] noise = {0.8f, -1.3f};
    float[] weights = {1.5f, -2};
    float scale = 0.7f;
    float[] gradient = new float[6];
    gradient[0] = gradient[5] = 99;
    DISTRIBUTION.addNoiseGradient(parameters, 0, noise, 0, weights, 0, scale, gradient, 1);
    assertThat(new float[] {gradient[0], gradient[5]}).containsExactly(99, 99);
    for (int i = 0; i < 4; i++) {
      double step = 1e-5;
      double slope =
          (value(parameters, i, step, noise, weights, scale)
                  - value(parameters, i, -step, noise, weights, scale))
              / (2 * step);
      assertThat((double) gradient[1 + i])
          .as("parameter " + i)
          .isCloseTo(slope, within(1e-5 * Math.max(1, Math.abs(slope))));
    }
  }

  private static double value(
      float[] parameters, int moved, double by, float[] noise, float[] weights, float scale) {
    double sum = 0;
    for (int i = 0; i < 2; i++) {
      double mean = parameters[i] + (moved == i ? by : 0);
      double logDeviation = parameters[2 + i] + (moved == 2 + i ? by : 0);
      double u = mean + Math.exp(logDeviation) * noise[i];
      double logSech = Math.log(2) - Math.abs(u) - Math.log1p(Math.exp(-2 * Math.abs(u)));
      double density =
          -0.5 * noise[i] * noise[i] - logDeviation - 0.5 * Math.log(2 * Math.PI) - 2 * logSech;
      sum += scale * density + weights[i] * Math.tanh(u);
    }
    return sum;
  }
}
