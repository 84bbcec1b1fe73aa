package org.mobula.core.distribution;

import java.util.random.RandomGenerator;

/**
 * The hyperbolic tangent of a {@link DiagonalGaussian}, for actions in (−1, 1) (Haarnoja et al.
 * 2018, "Soft actor-critic", appendix C). The parameters are those of the Gaussian.
 *
 * <p>With a = tanh(u) the log-density is {@code log N(u) − Σ log(1 − tanh²(u))}, and the correction
 * is taken as {@code 2·(log 2 − u − softplus(−2u))}, exact for every u. An action so near ±1 that
 * it rounds to it counts as the nearest float inside, u = ±8.7: a float action cannot tell more, so
 * where a Gaussian is that wide, log-densities of its actions lie too near to the middle.
 *
 * <p>Three things differ from the Gaussian. The {@link #mode} is tanh(mean), the action that the
 * field uses for evaluation; the density itself may peak elsewhere, even at the edges. The entropy
 * has no closed form and is integrated numerically, one dimension at a time, to the digits of a
 * float however wide the Gaussian is, which costs about a microsecond a dimension; soft
 * actor-critic does not need it, since it estimates the entropy by −log π of the action it draws.
 * The divergence is that of the two Gaussians, because both are squashed by the same bijection.
 *
 * @param gaussian the Gaussian before the tangent
 */
public record SquashedGaussian(DiagonalGaussian gaussian) implements ActionDistribution {
  private static final double LOG_2 = Math.log(2);
  private static final double HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);
  private static final double LARGEST_INSIDE = Math.nextDown(1.0f);

  // Where the Gaussian is narrow: the trapezoid rule at x = −6, −5.75, … 6 standard deviations; on
  // smooth functions under a Gaussian it converges faster than any power of the spacing.
  private static final double WIDEST_NARROW = 2;
  private static final double SPACING = 0.25;
  private static final int HALF_NODES = 24;

  /** A squashed Gaussian in this many dimensions, at least 1. */
  public SquashedGaussian(int dimensions) {
    this(new DiagonalGaussian(dimensions));
  }

  @Override
  public int parameters() {
    return gaussian.parameters();
  }

  @Override
  public int actionSize() {
    return gaussian.actionSize();
  }

  @Override
  public void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset) {
    gaussian.sample(parameters, offset, random, action, actionOffset);
    squash(action, actionOffset);
  }

  /** tanh(mean). */
  @Override
  public void mode(float[] parameters, int offset, float[] action, int actionOffset) {
    gaussian.mode(parameters, offset, action, actionOffset);
    squash(action, actionOffset);
  }

  private void squash(float[] action, int actionOffset) {
    for (int i = actionOffset; i < actionOffset + actionSize(); i++) {
      action[i] = (float) Math.tanh(action[i]);
    }
  }

  @Override
  public float logProbability(float[] parameters, int offset, float[] action, int actionOffset) {
    double sum = 0;
    for (int i = 0; i < actionSize(); i++) {
      double u = unsquash(action[actionOffset + i]);
      sum += gaussian.logDensity(parameters, offset, i, u) - logSlope(u);
    }
    return (float) sum;
  }

  private static double unsquash(float action) {
    if (!(action >= -1 && action <= 1)) {
      throw new IllegalArgumentException(
          "action "
              + action
              + " is outside [-1, 1]; a squashed Gaussian knows only actions before they are"
              + " rescaled to the environment's bounds");
    }
    double inside = Math.min(LARGEST_INSIDE, Math.max(-LARGEST_INSIDE, action));
    return 0.5 * (Math.log1p(inside) - Math.log1p(-inside));
  }

  /** log(d tanh(u) / du) = log(1 − tanh²(u)), even in u. */
  private static double logSlope(double u) {
    double size = Math.abs(u);
    return 2 * (LOG_2 - size - Math.log(1 + Math.exp(-2 * size)));
  }

  /**
   * An action made of noise, so that what follows from it can be differentiated by the parameters
   * (Kingma and Welling 2014; Haarnoja et al. 2018, appendix C): {@code a = tanh(μ + σ·ε)}. Unlike
   * {@link #logProbability}, which sees the rounded action only, its log-density is that of u = μ +
   * σ·ε, exact where a rounds to ±1.
   *
   * @param noise ε, {@link #actionSize} standard normal numbers at {@code noiseOffset}
   * @param action receives the action
   * @return the log-density of the action
   */
  public float fromNoise(
      float[] parameters,
      int offset,
      float[] noise,
      int noiseOffset,
      float[] action,
      int actionOffset) {
    int dimensions = actionSize();
    double sum = 0;
    for (int i = 0; i < dimensions; i++) {
      double epsilon = noise[noiseOffset + i];
      double logDeviation = parameters[offset + dimensions + i];
      double u = parameters[offset + i] + Math.exp(logDeviation) * epsilon;
      action[actionOffset + i] = (float) Math.tanh(u);
      sum += -0.5 * epsilon * epsilon - logDeviation - HALF_LOG_2_PI - logSlope(u);
    }
    return (float) sum;
  }

  /**
   * Adds the gradient of a loss that depends on the action and its log-density, with the noise held
   * fast: with s = 1 − tanh²(u), ∂a/∂μ = s, ∂a/∂ log σ = s·σε, ∂ log π/∂μ = 2a and ∂ log π/∂ log σ
   * = 2a·σε − 1.
   *
   * @param noise as it was for {@link #fromNoise}
   * @param actionGradient the loss differentiated by the action
   * @param logProbabilityScale the loss differentiated by the log-density
   * @param gradient {@link #parameters} numbers at {@code gradientOffset}
   */
  public void addNoiseGradient(
      float[] parameters,
      int offset,
      float[] noise,
      int noiseOffset,
      float[] actionGradient,
      int actionGradientOffset,
      float logProbabilityScale,
      float[] gradient,
      int gradientOffset) {
    int dimensions = actionSize();
    for (int i = 0; i < dimensions; i++) {
      double reach =
          Math.exp(parameters[offset + dimensions + i]) * (double) noise[noiseOffset + i];
      double u = parameters[offset + i] + reach;
      double byU =
          actionGradient[actionGradientOffset + i] * Math.exp(logSlope(u))
              + logProbabilityScale * 2 * Math.tanh(u);
      gradient[gradientOffset + i] += (float) byU;
      gradient[gradientOffset + dimensions + i] += (float) (byU * reach - logProbabilityScale);
    }
  }

  /** The Gaussian's entropy + Σ E[log(1 − tanh²(u))], the expectation by quadrature. */
  @Override
  public float entropy(float[] parameters, int offset) {
    int dimensions = actionSize();
    double sum = gaussian.entropy(parameters, offset);
    for (int i = 0; i < dimensions; i++) {
      double mean = parameters[offset + i];
      double deviation = Math.exp(parameters[offset + dimensions + i]);
      sum +=
          deviation > WIDEST_NARROW
              ? WideGaussian.meanLogSlope(mean, deviation)
              : meanLogSlope(mean, deviation);
    }
    return (float) sum;
  }

  private static double meanLogSlope(double mean, double deviation) {
    double sum = 0;
    for (int node = -HALF_NODES; node <= HALF_NODES; node++) {
      double x = node * SPACING;
      sum += weight(x) * logSlope(mean + deviation * x);
    }
    return sum;
  }

  private static double weight(double x) {
    return SPACING / Math.sqrt(2 * Math.PI) * Math.exp(-0.5 * x * x);
  }

  @Override
  public float divergence(float[] p, int pOffset, float[] q, int qOffset) {
    return gaussian.divergence(p, pOffset, q, qOffset);
  }

  /** The correction depends on the action alone, so the gradient is the Gaussian's at u. */
  @Override
  public void addLogProbabilityGradient(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float scale,
      float[] gradient,
      int gradientOffset) {
    for (int i = 0; i < actionSize(); i++) {
      double u = unsquash(action[actionOffset + i]);
      gaussian.addLogDensityGradient(parameters, offset, i, u, scale, gradient, gradientOffset);
    }
  }

  /** ∂/∂μ = E[−2 tanh(u)] and ∂/∂ log σ = 1 + E[−2 tanh(u)·(u − μ)], by the same quadrature. */
  @Override
  public void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset) {
    int dimensions = actionSize();
    gaussian.addEntropyGradient(parameters, offset, scale, gradient, gradientOffset);
    for (int i = 0; i < dimensions; i++) {
      double mean = parameters[offset + i];
      double deviation = Math.exp(parameters[offset + dimensions + i]);
      double byMean = 0;
      double byLogDeviation = 0;
      if (deviation > WIDEST_NARROW) {
        byMean = -2 * WideGaussian.meanTangent(mean, deviation);
        byLogDeviation = -2 * WideGaussian.meanTangentTimesDistance(mean, deviation);
      } else {
        for (int node = -HALF_NODES; node <= HALF_NODES; node++) {
          double x = node * SPACING;
          double slope = -2 * weight(x) * Math.tanh(mean + deviation * x);
          byMean += slope;
          byLogDeviation += slope * deviation * x;
        }
      }
      gradient[gradientOffset + i] += (float) (scale * byMean);
      gradient[gradientOffset + dimensions + i] += (float) (scale * byLogDeviation);
    }
  }
}
