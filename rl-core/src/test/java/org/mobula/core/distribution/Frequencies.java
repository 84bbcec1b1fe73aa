package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/** Tests of fit between drawn actions and a distribution; each refuses one true draw in 10,000. */
final class Frequencies {
  private Frequencies() {}

  /** Pearson's χ², with Wilson and Hilferty's approximation of its quantile. */
  static void check(long[] counts, double[] probabilities) {
    long total = Arrays.stream(counts).sum();
    double statistic = 0;
    int degrees = -1;
    for (int i = 0; i < counts.length; i++) {
      if (probabilities[i] == 0) {
        assertThat(counts[i]).isZero();
        continue;
      }
      double expected = total * probabilities[i];
      statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
      degrees++;
    }
    double c = 2.0 / (9 * degrees);
    double limit = degrees * Math.pow(1 - c + 3.719 * Math.sqrt(c), 3);
    assertThat(statistic).isLessThan(limit);
  }

  /** Kolmogorov and Smirnov's largest distance of the cumulative distributions. */
  static void check(float[] sample, DoubleUnaryOperator cumulative) {
    float[] sorted = sample.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double distance = 0;
    for (int i = 0; i < n; i++) {
      double f = cumulative.applyAsDouble(sorted[i]);
      distance = Math.max(distance, Math.max(f - (double) i / n, (i + 1.0) / n - f));
    }
    assertThat(distance).isLessThan(2.226 / Math.sqrt(n));
  }

  /** Φ by the trapezoid rule from −8; good to 1e-8, no table. */
  static double standardNormal(double x) {
    int steps = 2000;
    double from = -8;
    double to = Math.max(from, x);
    double h = (to - from) / steps;
    double sum = 0;
    for (int i = 0; i <= steps; i++) {
      double z = from + i * h;
      sum += (i == 0 || i == steps ? 0.5 : 1) * Math.exp(-0.5 * z * z);
    }
    return sum * h / Math.sqrt(2 * Math.PI);
  }
}
