package org.mobula.tune.sampler;

import org.apache.commons.numbers.gamma.ErfDifference;
import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.Erfcx;

/** What of the standard normal distribution lies in an interval. */
final class TruncatedNormal {
  private static final double SQRT_2 = Math.sqrt(2);
  private static final double SQRT_2_PI = Math.sqrt(2 * Math.PI);

  /** Beyond it the tail is less than the rounding error of 1. */
  private static final double ALL = 8.5;

  /** A difference is exact to 11 digits if it is larger than this part of what is subtracted. */
  private static final double EXACT_PART = 1e-3;

  private static final double SMALLEST_EXACT = 1e-290;

  /** The distribution is expanded around so many points in an interval of length 1. */
  private static final int POINTS_PER_UNIT = 128;

  /** The distribution and its density at 0, −1/128, −2/128, … */
  private static final double[] DISTRIBUTION = new double[(int) (ALL * POINTS_PER_UNIT) + 2];

  private static final double[] DENSITY = new double[DISTRIBUTION.length];

  static {
    for (int i = 0; i < DISTRIBUTION.length; i++) {
      double x = (double) i / POINTS_PER_UNIT;
      DISTRIBUTION[i] = 0.5 * Erfc.value(x / SQRT_2);
      DENSITY[i] = Math.exp(-0.5 * x * x) / SQRT_2_PI;
    }
  }

  private TruncatedNormal() {}

  /** The logarithm of the probability of [{@code a}, {@code b}], also far out in the tails. */
  static double logMass(double a, double b) {
    // In the lower half, where small probabilities are exact.
    return a + b > 0 ? logLowerMass(-b, -a) : logLowerMass(a, b);
  }

  private static double logLowerMass(double a, double b) {
    if (b > -ALL && (a > -ALL || b > -ALL / 2)) { // not where the tail cut off matters
      double below = a < -ALL ? 0 : distribution(a);
      double upTo = b > ALL ? 1 : distribution(b);
      if (upTo - below > EXACT_PART * upTo) {
        return Math.log(upTo - below);
      }
    }
    double mass = 0.5 * ErfDifference.value(a / SQRT_2, b / SQRT_2);
    return mass > SMALLEST_EXACT
        ? Math.log(mass)
        : logTail(b) + Math.log1p(-Math.exp(logTail(a) - logTail(b)));
  }

  /** By Taylor's expansion around the nearest point of the table; ten times as fast as erfc. */
  private static double distribution(double x) {
    double down = Math.abs(x);
    int point = (int) (down * POINTS_PER_UNIT + 0.5);
    double at = (double) point / POINTS_PER_UNIT;
    double h = down - at;
    double square = at * at;
    double series =
        1
            - h
                / 2
                * (at
                    - h
                        / 3
                        * (square
                            - 1
                            - h
                                / 4
                                * (at * (square - 3)
                                    - h
                                        / 5
                                        * (square * (square - 6)
                                            + 3
                                            - h / 6 * at * (square * (square - 10) + 15)))));
    double tail = DISTRIBUTION[point] - DENSITY[point] * h * series;
    return x < 0 ? tail : 1 - tail;
  }

  /** The logarithm of the probability below {@code x}, which is negative. */
  private static double logTail(double x) {
    return Math.log(0.5 * Erfcx.value(-x / SQRT_2)) - 0.5 * x * x;
  }
}
