package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class GaussianTest {
  @Nested
  class Diagonal extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new DiagonalGaussian(3);
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {1e4f, -1e4f, 0, -5, 10, -10};
    }
  }

  @Nested
  class Squashed extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new SquashedGaussian(2);
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {1e3f, -1e2f, 2, -5};
    }

    /** Few actions round to ±1: there the float no longer tells where the Gaussian was. */
    @Override
    protected double ordinarySize() {
      return .5;
    }

    @Override
    protected boolean modeIsMostLikely() {
      return false;
    }
  }

  private final DiagonalGaussian gaussian = new DiagonalGaussian(2);
  private final SquashedGaussian squashed = new SquashedGaussian(2);
  private final float[] parameters = {.5f, -1, -.3f, .4f};

  @Test
  void knowsItsNumbers() {
    float[] standard = new float[4];
    assertThat(gaussian.logProbability(standard, 0, new float[] {0, 2}, 0))
        .isCloseTo((float) (-Math.log(2 * Math.PI) - 2), within(1e-6f));
    assertThat(gaussian.entropy(standard, 0))
        .isCloseTo((float) Math.log(2 * Math.PI * Math.E), within(1e-6f));
    float[] action = new float[2];
    gaussian.mode(parameters, 0, action, 0);
    assertThat(action).containsExactly(.5f, -1);
    squashed.mode(parameters, 0, action, 0);
    assertThat(action).containsExactly((float) Math.tanh(.5f), (float) Math.tanh(-1));
  }

  @Test
  void drawsFromTheNormalDistributionAndItsTangent() {
    int n = 5000;
    SplittableRandom random = new SplittableRandom(1);
    float[][] plain = new float[2][n];
    float[][] tangent = new float[2][n];
    float[] action = new float[2];
    for (int k = 0; k < n; k++) {
      gaussian.sample(parameters, 0, random, action, 0);
      plain[0][k] = action[0];
      plain[1][k] = action[1];
      squashed.sample(parameters, 0, random, action, 0);
      tangent[0][k] = action[0];
      tangent[1][k] = action[1];
    }
    for (int i = 0; i < 2; i++) {
      double mean = parameters[i];
      double deviation = Math.exp(parameters[2 + i]);
      Frequencies.check(plain[i], x -> Frequencies.standardNormal((x - mean) / deviation));
      Frequencies.check(
          tangent[i],
          a -> {
            double u = 0.5 * Math.log((1 + a) / (1 - a));
            return Frequencies.standardNormal((u - mean) / deviation);
          });
    }
  }

  @Test
  void theSquashedDensityIntegratesToOne() {
    SquashedGaussian one = new SquashedGaussian(1);
    float[] p = {.4f, -.5f};
    int steps = 20_000;
    double sum = 0;
    for (int i = 0; i < steps; i++) {
      float a = (float) (-1 + (2 * i + 1.0) / steps);
      sum += 2.0 / steps * Math.exp(one.logProbability(p, 0, new float[] {a}, 0));
    }
    assertThat(sum).isCloseTo(1, within(1e-4));
  }

  @Test
  void theSquashedDensityIsTheDensityBeforeLessTheLogSlope() {
    float[] u = {.3f, -2};
    float[] a = {(float) Math.tanh(.3f), (float) Math.tanh(-2)};
    double slopes = Math.log(1 - a[0] * a[0]) + Math.log(1 - (double) a[1] * a[1]);
    assertThat((double) squashed.logProbability(parameters, 0, a, 0))
        .isCloseTo(gaussian.logProbability(parameters, 0, u, 0) - slopes, within(1e-4));
  }

  @Test
  void actionsAtTheEdgeHaveAFiniteDensityAndGradient() {
    float[] gradient = new float[4];
    float[] edge = {1, -1};
    assertThat(squashed.logProbability(parameters, 0, edge, 0)).isFinite();
    squashed.addLogProbabilityGradient(parameters, 0, edge, 0, 1, gradient, 0);
    for (float x : gradient) {
      assertThat(x).isFinite();
    }
  }

  @Test
  void theEntropyOfAWideSquashedGaussianIsStillRight() {
    // Against a sum over a grid three orders finer than the rule that the distribution uses.
    SquashedGaussian one = new SquashedGaussian(1);
    for (float logDeviation : new float[] {-4, 0, 1, 2}) {
      float[] p = {.7f, logDeviation};
      double deviation = Math.exp(logDeviation);
      double expected = 0.5 * Math.log(2 * Math.PI * Math.E) + logDeviation;
      double h = 1e-4;
      for (double x = -8; x < 8; x += h) {
        double u = Math.abs(p[0] + deviation * x);
        double logSlope = 2 * (Math.log(2) - u - Math.log1p(Math.exp(-2 * u)));
        expected += h / Math.sqrt(2 * Math.PI) * Math.exp(-0.5 * x * x) * logSlope;
      }
      assertThat((double) one.entropy(p, 0)).isCloseTo(expected, within(5e-3));
    }
  }

  @Test
  void refusesSquashedActionsOutsideTheirBounds() {
    assertThatThrownBy(() -> squashed.logProbability(parameters, 0, new float[] {0, 1.5f}, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("action 1.5 is outside [-1, 1]");
    assertThatThrownBy(() -> squashed.logProbability(parameters, 0, new float[] {Float.NaN, 0}, 0))
        .hasMessageContaining("action NaN");
    assertThatThrownBy(() -> new SquashedGaussian(0))
        .hasMessage("dimensions is 0 but must be >= 1");
  }
}
