package org.mobula.tune.sampler;

import org.apache.commons.numbers.gamma.Erfc;
import org.apache.commons.numbers.gamma.Erfcx;

/**
 * The logarithm of the expected improvement on a value, stable far into its tail (Ament et al.,
 * Unexpected Improvements to Expected Improvement, 2023).
 */
final class ExpectedImprovement {
  private static final double LOG_SQRT_TWO_PI = 0.5 * Math.log(2 * Math.PI);
  private static final double SQRT_HALF = Math.sqrt(0.5);
  private static final double SQRT_HALF_PI = Math.sqrt(Math.PI / 2);

  private ExpectedImprovement() {}

  /**
   * {@code log(z Phi(z) + phi(z))}: the logarithm of what a standard normal number is expected to
   * have above {@code -z}.
   */
  static double log(double z) {
    return z > -1
        ? Math.log(z * cumulative(z) + Math.exp(-0.5 * z * z - LOG_SQRT_TWO_PI))
        : -0.5 * z * z - LOG_SQRT_TWO_PI + Math.log(tail(z));
  }

  /** The derivative of {@link #log}: {@code Phi(z) / (z Phi(z) + phi(z))}. */
  static double slope(double z) {
    if (z > -1) {
      double cumulative = cumulative(z);
      return cumulative / (z * cumulative + Math.exp(-0.5 * z * z - LOG_SQRT_TWO_PI));
    }
    return mills(z) / tail(z);
  }

  /** The logarithm of the probability that a standard normal number is below {@code z}. */
  static double logCumulative(double z) {
    return z > -1 ? Math.log(cumulative(z)) : -0.5 * z * z - LOG_SQRT_TWO_PI + Math.log(mills(z));
  }

  /** The derivative of {@link #logCumulative}. */
  static double logCumulativeSlope(double z) {
    return z > -1 ? Math.exp(-0.5 * z * z - LOG_SQRT_TWO_PI) / cumulative(z) : 1 / mills(z);
  }

  private static double cumulative(double z) {
    return 0.5 * Erfc.value(-z * SQRT_HALF);
  }

  /** {@code Phi(z) / phi(z)}. */
  private static double mills(double z) {
    return SQRT_HALF_PI * Erfcx.value(-z * SQRT_HALF);
  }

  /** {@code 1 + z Phi(z) / phi(z)}, by its series where the difference would cancel. */
  private static double tail(double z) {
    if (z > -100) {
      return 1 + z * mills(z);
    }
    double inverse = 1 / (z * z);
    return inverse * (1 - inverse * (3 - inverse * (15 - inverse * 105)));
  }
}
