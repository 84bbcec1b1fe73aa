package org.mobula.tune.sampler;

import org.apache.commons.numbers.gamma.ErfDifference;
import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.Erfcx;

/** What of the standard normal distribution lies in an interval. */
final class TruncatedNormal {
  private static final double SQRT_2 = Math.sqrt(2);

  /** Beyond it the tail is less than the rounding error of 1. */
  private static final double ALL = 8.5;

  private static final double SMALLEST_EXACT = 1e-290;

  private TruncatedNormal() {}

  /** The logarithm of the probability of [{@code a}, {@code b}], also far out in the tails. */
  static double logMass(double a, double b) {
    if (a < -ALL && b > 0) {
      return b > ALL ? 0 : Math.log(0.5 * Erfc.value(-b / SQRT_2));
    } else if (b > ALL && a < 0) {
      return Math.log(0.5 * Erfc.value(a / SQRT_2));
    }
    double mass = 0.5 * ErfDifference.value(a / SQRT_2, b / SQRT_2);
    if (mass > SMALLEST_EXACT) {
      return Math.log(mass);
    }
    double near = a > 0 ? -a : b;
    double far = a > 0 ? -b : a;
    return logTail(near) + Math.log1p(-Math.exp(logTail(far) - logTail(near)));
  }

  /** The logarithm of the probability below {@code x}, which is negative. */
  private static double logTail(double x) {
    return Math.log(0.5 * Erfcx.value(-x / SQRT_2)) - 0.5 * x * x;
  }
}
