package org.mobula.core.distribution;

import java.util.random.RandomGenerator;

/**
 * Independent Gaussians; the parameters are the means and then the natural logarithms of the
 * standard deviations, {@code 2·dimensions} numbers. Log-densities and entropies add up. Clamping
 * the log standard deviations, where an algorithm wants it, is the algorithm's affair.
 *
 * @param dimensions size of the action, at least 1
 * @param deviationsAt where the log standard deviations begin, counted from the first mean: at
 *     least {@code dimensions}, and more in a {@link ProductDistribution}
 */
public record DiagonalGaussian(int dimensions, int deviationsAt) implements ActionDistribution {
  private static final double HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

  /** Checks the number of dimensions. */
  public DiagonalGaussian {
    Softmax.requireCount("dimensions", dimensions);
    if (deviationsAt < dimensions) {
      throw new IllegalArgumentException(
          "deviationsAt is " + deviationsAt + " but there are " + dimensions + " means before it");
    }
  }

  /** The log standard deviations follow the means. */
  public DiagonalGaussian(int dimensions) {
    this(dimensions, dimensions);
  }

  @Override
  public int parameters() {
    return 2 * dimensions;
  }

  @Override
  public int actionSize() {
    return dimensions;
  }

  @Override
  public void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset) {
    for (int i = 0; i < dimensions; i++) {
      double deviation = Math.exp(parameters[offset + deviationsAt + i]);
      action[actionOffset + i] =
          (float) (parameters[offset + i] + deviation * random.nextGaussian());
    }
  }

  @Override
  public void mode(float[] parameters, int offset, float[] action, int actionOffset) {
    for (int i = 0; i < dimensions; i++) {
      float mean = parameters[offset + i];
      if (!Float.isFinite(mean)) {
        throw new IllegalArgumentException(
            "mean " + i + " of a Gaussian is " + mean + Softmax.LOOK_FOR_NAN);
      }
      action[actionOffset + i] = mean;
    }
  }

  @Override
  public float logProbability(float[] parameters, int offset, float[] action, int actionOffset) {
    double sum = 0;
    for (int i = 0; i < dimensions; i++) {
      sum += logDensity(parameters, offset, i, action[actionOffset + i]);
    }
    return (float) sum;
  }

  /** log N(x; μ, σ) of one dimension. */
  double logDensity(float[] parameters, int offset, int dimension, double x) {
    double logDeviation = parameters[offset + deviationsAt + dimension];
    double z = (x - parameters[offset + dimension]) * Math.exp(-logDeviation);
    return -0.5 * z * z - logDeviation - HALF_LOG_2_PI;
  }

  @Override
  public float entropy(float[] parameters, int offset) {
    double sum = dimensions * (0.5 + HALF_LOG_2_PI);
    for (int i = 0; i < dimensions; i++) {
      sum += parameters[offset + deviationsAt + i];
    }
    return (float) sum;
  }

  @Override
  public float divergence(float[] p, int pOffset, float[] q, int qOffset) {
    double sum = 0;
    for (int i = 0; i < dimensions; i++) {
      double logRatio = (double) p[pOffset + deviationsAt + i] - q[qOffset + deviationsAt + i];
      double shift =
          ((double) p[pOffset + i] - q[qOffset + i]) * Math.exp(-q[qOffset + deviationsAt + i]);
      sum += 0.5 * (Math.exp(2 * logRatio) + shift * shift - 1) - logRatio;
    }
    return (float) sum;
  }

  @Override
  public void addLogProbabilityGradient(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float scale,
      float[] gradient,
      int gradientOffset) {
    for (int i = 0; i < dimensions; i++) {
      addLogDensityGradient(
          parameters, offset, i, action[actionOffset + i], scale, gradient, gradientOffset);
    }
  }

  /** With z = (x − μ) / σ: ∂/∂μ = z / σ and ∂/∂ log σ = z² − 1. */
  void addLogDensityGradient(
      float[] parameters,
      int offset,
      int dimension,
      double x,
      float scale,
      float[] gradient,
      int gradientOffset) {
    double precision = Math.exp(-parameters[offset + deviationsAt + dimension]);
    double z = (x - parameters[offset + dimension]) * precision;
    gradient[gradientOffset + dimension] += (float) (scale * z * precision);
    gradient[gradientOffset + deviationsAt + dimension] += (float) (scale * (z * z - 1));
  }

  @Override
  public void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset) {
    for (int i = 0; i < dimensions; i++) {
      gradient[gradientOffset + deviationsAt + i] += scale;
    }
  }
}
