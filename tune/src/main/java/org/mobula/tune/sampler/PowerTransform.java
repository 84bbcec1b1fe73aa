package org.mobula.tune.sampler;

import java.util.Arrays;

/**
 * Makes values look as if they came from a normal distribution with mean 0 and variance 1: by the
 * monotone power that makes them the most probable (Yeo and Johnson, A New Family of Power
 * Transformations, 2000). A model then sees a long tail of bad values, and the difference of good
 * ones, at the same scale.
 */
final class PowerTransform {
  private static final double LOWEST = -4;
  private static final double HIGHEST = 2;
  private static final double TOLERANCE = 0.02;
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  private PowerTransform() {}

  /** Standardizes, transforms, and standardizes again. */
  static double[] normalize(double[] values) {
    double[] standardized = standardize(values);
    double[] logarithms = new double[values.length];
    double jacobian = 0;
    for (int i = 0; i < values.length; i++) {
      logarithms[i] = Math.log1p(Math.abs(standardized[i]));
      jacobian += Math.signum(standardized[i]) * logarithms[i];
    }
    // Golden section: the likelihood has one peak.
    double low = LOWEST;
    double high = HIGHEST;
    double left = high - GOLDEN * (high - low);
    double right = low + GOLDEN * (high - low);
    double atLeft = logLikelihood(standardized, logarithms, jacobian, left);
    double atRight = logLikelihood(standardized, logarithms, jacobian, right);
    while (high - low > TOLERANCE) {
      if (atLeft > atRight) {
        high = right;
        right = left;
        atRight = atLeft;
        left = high - GOLDEN * (high - low);
        atLeft = logLikelihood(standardized, logarithms, jacobian, left);
      } else {
        low = left;
        left = right;
        atLeft = atRight;
        right = low + GOLDEN * (high - low);
        atRight = logLikelihood(standardized, logarithms, jacobian, right);
      }
    }
    return standardize(transform(standardized, logarithms, (low + high) / 2));
  }

  private static double[] transform(double[] values, double[] logarithms, double power) {
    double[] transformed = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      transformed[i] =
          values[i] >= 0 ? boxCox(logarithms[i], power) : -boxCox(logarithms[i], 2 - power);
    }
    return transformed;
  }

  /** {@code (x^power - 1) / power}, given {@code log x}. */
  private static double boxCox(double logarithm, double power) {
    return Math.abs(power) < 1e-9 ? logarithm : Math.expm1(power * logarithm) / power;
  }

  private static double logLikelihood(
      double[] values, double[] logarithms, double jacobian, double power) {
    double[] transformed = transform(values, logarithms, power);
    double deviation = deviation(transformed, mean(transformed));
    return (power - 1) * jacobian - values.length * Math.log(deviation);
  }

  /** Takes mean and deviation away; equal values become 0. */
  static double[] standardize(double[] values) {
    double mean = mean(values);
    double deviation = deviation(values, mean);
    // Equal values differ by rounding at most.
    double scale = deviation > 1e-14 * Math.abs(mean) ? deviation : Double.POSITIVE_INFINITY;
    return Arrays.stream(values).map(value -> (value - mean) / scale).toArray();
  }

  static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  static double deviation(double[] values, double mean) {
    double sum = 0;
    for (double value : values) {
      sum += (value - mean) * (value - mean);
    }
    return Math.sqrt(sum / values.length);
  }
}
