package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;

class GaussianProcessTest {
  private static final boolean[] CATEGORICAL = {false, false, true};
  private static final double STEP = 1e-6;

  /** All three coordinates, long and short reaches; without and with the additive part. */
  private static final List<double[]> KERNELS =
      List.of(
          new double[] {0.3, 2, -1, -0.4, -5},
          new double[] {0.3, 2, -1, -0.4, -5, -1.5, 3.5, -0.7, 0.2});

  private final Pcg64 random = new Pcg64(SeedSequence.of(7).stream("points"));
  private final double[][] points = new double[20][];
  private final double[] values = new double[20];

  GaussianProcessTest() {
    for (int i = 0; i < points.length; i++) {
      points[i] = point();
      values[i] = Math.sin(5 * points[i][0]) + points[i][1] * points[i][2] - 0.4;
    }
  }

  private double[] point() {
    return new double[] {random.nextDouble(), random.nextDouble(), random.nextInt(3)};
  }

  private static double[] moved(double[] from, int index, double by) {
    double[] moved = from.clone();
    moved[index] += by;
    return moved;
  }

  @Test
  void likelihoodHasTheSlopesOfFiniteDifferences() {
    for (double[] kernel : KERNELS) {
      GaussianProcess.Loss loss = new GaussianProcess.Loss(CATEGORICAL, points, values);
      double[] gradient = new double[kernel.length];
      double[] unused = new double[kernel.length];
      loss.at(kernel, gradient);
      for (int i = 0; i < kernel.length; i++) {
        double slope =
            (loss.at(moved(kernel, i, STEP), unused) - loss.at(moved(kernel, i, -STEP), unused))
                / (2 * STEP);
        assertThat(gradient[i]).as("of %d of %d", i, kernel.length).isCloseTo(slope, within(1e-4));
      }
    }
  }

  @Test
  void predictionHasTheSlopesOfFiniteDifferences() {
    for (double[] kernel : KERNELS) {
      GaussianProcess process = new GaussianProcess(CATEGORICAL, points, values, kernel);
      GaussianProcess.Belief belief = new GaussianProcess.Belief(3);
      GaussianProcess.Belief other = new GaussianProcess.Belief(3);
      for (int asked = 0; asked < 10; asked++) {
        double[] point = point();
        process.predictWithGradient(point, belief);
        for (int i = 0; i < 2; i++) {
          process.predict(moved(point, i, STEP), other);
          double mean = other.mean;
          double deviation = other.deviation;
          process.predict(moved(point, i, -STEP), other);
          assertThat(belief.meanGradient[i])
              .isCloseTo((mean - other.mean) / (2 * STEP), within(1e-5));
          assertThat(belief.deviationGradient[i])
              .isCloseTo((deviation - other.deviation) / (2 * STEP), within(1e-4));
        }
      }
    }
  }

  @Test
  void predictsWhatItKnowsAndDoubtsTheRest() {
    for (double[] kernel : KERNELS) {
      double[] quiet = kernel.clone();
      quiet[4] = -20;
      GaussianProcess process = new GaussianProcess(CATEGORICAL, points, values, quiet);
      GaussianProcess.Belief belief = new GaussianProcess.Belief(3);
      for (int i = 0; i < points.length; i++) {
        process.predict(points[i], belief);
        assertThat(belief.mean).isCloseTo(values[i], within(1e-4));
        assertThat(belief.deviation).isLessThan(1e-2);
      }
      process.predict(new double[] {50, 50, 9}, belief);
      double parts = kernel.length > 5 ? Math.exp(kernel[8]) : 0;
      assertThat(belief.deviation).isCloseTo(Math.sqrt(Math.exp(kernel[3]) + parts), within(0.3));
    }
  }

  /** Two coordinates, each with ripples of its own: what a joint length scale cannot follow. */
  @Test
  void learnsRipplesAlongEachCoordinate() {
    boolean[] numbers = {false, false, false};
    double[][] known = new double[60][];
    double[] waves = new double[known.length];
    for (int i = 0; i < known.length; i++) {
      known[i] = new double[] {random.nextDouble(), random.nextDouble(), random.nextDouble()};
      waves[i] = Arrays.stream(known[i]).map(x -> Math.sin(25 * x)).sum();
    }
    double[] kernel =
        GaussianProcess.fit(
            numbers,
            known,
            waves,
            List.of(GaussianProcess.firstKernel(3, 1), GaussianProcess.firstKernel(3, 0.1)),
            100);
    GaussianProcess process = new GaussianProcess(numbers, known, waves, kernel);
    GaussianProcess.Belief belief = new GaussianProcess.Belief(3);
    double squares = 0;
    for (int i = 0; i < 100; i++) {
      double[] asked = {random.nextDouble(), random.nextDouble(), random.nextDouble()};
      process.predict(asked, belief);
      double off = belief.mean - Arrays.stream(asked).map(x -> Math.sin(25 * x)).sum();
      squares += off * off;
    }
    // The waves' own variance is 1.5.
    assertThat(squares / 100).isLessThan(0.15);
  }
}
