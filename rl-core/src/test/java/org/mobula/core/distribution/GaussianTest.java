package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
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
    // Against sums over a grid three orders finer than the rule that the distribution uses.
    for (float mean : new float[] {0, .7f, -3, 20}) {
      for (float logDeviation : new float[] {-4, 0, .693f, .694f, 1, 2, 3, 4, 6}) {
        float[] p = {mean, logDeviation};
        double deviation = Math.exp(logDeviation);
        double entropy = 0.5 * Math.log(2 * Math.PI * Math.E) + logDeviation;
        double byMean = 0;
        double byLogDeviation = 1;
        double h = 1e-4;
        for (double x = -9; x < 9; x += h) {
          double u = mean + deviation * x;
          double weight = h / Math.sqrt(2 * Math.PI) * Math.exp(-0.5 * x * x);
          double size = Math.abs(u);
          entropy += weight * 2 * (Math.log(2) - size - Math.log1p(Math.exp(-2 * size)));
          byMean -= weight * 2 * Math.tanh(u);
          byLogDeviation -= weight * 2 * Math.tanh(u) * deviation * x;
        }
        assertSquashed(p, entropy, byMean, byLogDeviation);
      }
    }
  }

  @Test
  void theEntropyOfWideSquashedGaussiansIsAsIntegratedElsewhere() {
    // A trapezoid of two million points.
    assertSquashed(new float[] {1, 2}, -7.1814, -0.2137, -10.5987);
    assertSquashed(new float[] {1, 2.5f}, -14.2543, -0.1305, -18.3220);
    assertSquashed(new float[] {1, 3}, -26.3190, -0.0793, -30.9797);
    assertSquashed(new float[] {1, 4}, -80.3474, -0.0292, -86.0994);
  }

  private static void assertSquashed(
      float[] p, double entropy, double byMean, double byLogDeviation) {
    SquashedGaussian one = new SquashedGaussian(1);
    float[] gradient = new float[2];
    one.addEntropyGradient(p, 0, 1, gradient, 0);
    assertThat((double) one.entropy(p, 0)).isCloseTo(entropy, near(entropy));
    assertThat((double) gradient[0]).isCloseTo(byMean, near(byMean));
    assertThat((double) gradient[1]).isCloseTo(byLogDeviation, near(byLogDeviation));
  }

  private static Offset<Double> near(double value) {
    return within(6e-5 + 1e-6 * Math.abs(value));
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
