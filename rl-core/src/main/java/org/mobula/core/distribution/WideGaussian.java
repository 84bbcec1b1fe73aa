package org.mobula.core.distribution;

/**
 * Expectations of the hyperbolic tangent and of the logarithm of its slope under a Gaussian that is
 * wider than the tangent's bend.
 *
 * <p>Away from zero, tanh(u) is sign(u) and log(1 − tanh²(u)) is 2·(log 2 − |u|), and the
 * expectations of these have closed forms. What is left decays as e^(−2|u|), whatever the Gaussian:
 * it is integrated over u itself by the double exponential rule for half-lines, u = exp(t − e^(−t))
 * (Takahasi and Mori 1974), at nodes that are the same for all Gaussians. The error is below 10⁻⁷
 * for deviations from 2 up.
 */
final class WideGaussian {
  private static final double LOG_2 = Math.log(2);
  private static final double SPACING = 0.125;
  private static final int FIRST = -27;
  private static final int NODES = 54;
  private static final double[] NODE = new double[NODES];
  private static final double[] LOG_SLOPE_LEFT = new double[NODES]; // log(1 + e^(−2u)), weighted
  private static final double[] TANGENT_LEFT = new double[NODES]; // 1 − tanh(u), weighted

  static {
    for (int i = 0; i < NODES; i++) {
      double t = (FIRST + i) * SPACING;
      double u = Math.exp(t - Math.exp(-t));
      double weight = SPACING * u * (1 + Math.exp(-t));
      NODE[i] = u;
      LOG_SLOPE_LEFT[i] = weight * Math.log1p(Math.exp(-2 * u));
      TANGENT_LEFT[i] = weight * 2 / (Math.exp(2 * u) + 1);
    }
  }

  private WideGaussian() {}

  /** E[log(1 − tanh²(u))]. */
  static double meanLogSlope(double mean, double deviation) {
    double left = 0;
    for (int i = 0; i < NODES; i++) {
      double both = density(NODE[i] - mean, deviation) + density(NODE[i] + mean, deviation);
      left += LOG_SLOPE_LEFT[i] * both;
    }
    double size = fold(mean, deviation) + mean * meanSign(mean, deviation); // E|u|
    return 2 * (LOG_2 - size - left);
  }

  /** E[tanh(u)]. */
  static double meanTangent(double mean, double deviation) {
    double left = 0;
    for (int i = 0; i < NODES; i++) {
      double difference = density(NODE[i] - mean, deviation) - density(NODE[i] + mean, deviation);
      left += TANGENT_LEFT[i] * difference;
    }
    return meanSign(mean, deviation) - left;
  }

  /** E[tanh(u)·(u − μ)]. */
  static double meanTangentTimesDistance(double mean, double deviation) {
    double left = 0;
    for (int i = 0; i < NODES; i++) {
      double above = NODE[i] - mean;
      double below = NODE[i] + mean; // of −u, with both signs turned
      left +=
          TANGENT_LEFT[i] * (density(above, deviation) * above + density(below, deviation) * below);
    }
    return fold(mean, deviation) - left;
  }

  /** E[sign(u)·(u − μ)]. */
  private static double fold(double mean, double deviation) {
    double z = mean / deviation;
    return deviation * Math.sqrt(2 / Math.PI) * Math.exp(-0.5 * z * z);
  }

  private static double density(double distance, double deviation) {
    double z = distance / deviation;
    return Math.exp(-0.5 * z * z) / (deviation * Math.sqrt(2 * Math.PI));
  }

  /**
   * E[sign(u)] = erf(z/√2), by a series whose terms have one sign (Abramowitz and Stegun 7.1.6).
   */
  private static double meanSign(double mean, double deviation) {
    double z = mean / deviation;
    if (Math.abs(z) > 8) {
      return Math.signum(z);
    }
    double term = z;
    double sum = z;
    for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= z * z / (2 * n + 1);
      sum += term;
    }
    return Math.sqrt(2 / Math.PI) * Math.exp(-0.5 * z * z) * sum;
  }
}
