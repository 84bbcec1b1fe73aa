package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MinimizerTest {
  private static double rosenbrock(double[] x, double[] gradient) {
    double valley = x[1] - x[0] * x[0];
    gradient[0] = -400 * x[0] * valley - 2 * (1 - x[0]);
    gradient[1] = 200 * valley;
    return 100 * valley * valley + (1 - x[0]) * (1 - x[0]);
  }

  @Test
  void followsACurvedValley() {
    double[] point = {-1.2, 1};
    double value =
        Minimizer.minimize(
            MinimizerTest::rosenbrock,
            point,
            new double[] {-5, -5},
            new double[] {5, 5},
            200,
            1e-8);
    assertThat(value).isLessThan(1e-10);
    assertThat(point).containsExactly(new double[] {1, 1}, within(1e-4));
  }

  @Test
  void stopsAtTheSideOfTheBox() {
    double[] point = {0, 0};
    Minimizer.minimize(
        MinimizerTest::rosenbrock,
        point,
        new double[] {-0.5, -0.5},
        new double[] {0.5, 2},
        200,
        1e-8);
    assertThat(point).containsExactly(new double[] {0.5, 0.25}, within(1e-6));
  }
}
