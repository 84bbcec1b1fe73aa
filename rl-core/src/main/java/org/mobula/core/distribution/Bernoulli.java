package org.mobula.core.distribution;

import java.util.random.RandomGenerator;

/**
 * Several independent yes-or-no choices (multi-binary); the parameters are one logit each, {@code
 * log(p / (1 − p))}, the action is one 0 or 1 each. Log-probabilities and entropies add up.
 *
 * @param bits number of choices, at least 1
 */
public record Bernoulli(int bits) implements ActionDistribution {
  /** Checks the number of bits. */
  public Bernoulli {
    Softmax.requireCount("bits", bits);
  }

  @Override
  public int parameters() {
    return bits;
  }

  @Override
  public int actionSize() {
    return bits;
  }

  @Override
  public void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset) {
    for (int i = 0; i < bits; i++) {
      double probability = sigmoid(parameters[offset + i]);
      if (Double.isNaN(probability)) {
        throw new IllegalArgumentException(
            "cannot draw from a logit that is NaN" + Softmax.LOOK_FOR_NAN);
      }
      action[actionOffset + i] = random.nextDouble() < probability ? 1 : 0;
    }
  }

  @Override
  public void mode(float[] parameters, int offset, float[] action, int actionOffset) {
    for (int i = 0; i < bits; i++) {
      float logit = parameters[offset + i];
      if (Float.isNaN(logit)) {
        throw new IllegalArgumentException(
            "no bit is the likelier one where a logit is NaN" + Softmax.LOOK_FOR_NAN);
      }
      action[actionOffset + i] = logit > 0 ? 1 : 0;
    }
  }

  @Override
  public float logProbability(float[] parameters, int offset, float[] action, int actionOffset) {
    double sum = 0;
    for (int i = 0; i < bits; i++) {
      double logit = parameters[offset + i];
      sum -= softplus(Softmax.index(action, actionOffset + i, 2) == 1 ? -logit : logit);
    }
    return (float) sum;
  }

  /** log(1 + e) + |z|·e / (1 + e), with e = exp(−|z|): no difference of large numbers. */
  @Override
  public float entropy(float[] parameters, int offset) {
    double sum = 0;
    for (int i = 0; i < bits; i++) {
      double size = Math.abs(parameters[offset + i]);
      double e = Math.exp(-size);
      sum += Math.log(1 + e) + size * e / (1 + e);
    }
    return (float) sum;
  }

  @Override
  public float divergence(float[] p, int pOffset, float[] q, int qOffset) {
    double sum = 0;
    for (int i = 0; i < bits; i++) {
      double pLogit = p[pOffset + i];
      double qLogit = q[qOffset + i];
      sum += sigmoid(pLogit) * (softplus(-qLogit) - softplus(-pLogit));
      sum += sigmoid(-pLogit) * (softplus(qLogit) - softplus(pLogit));
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
    for (int i = 0; i < bits; i++) {
      int bit = Softmax.index(action, actionOffset + i, 2);
      gradient[gradientOffset + i] += (float) (scale * (bit - sigmoid(parameters[offset + i])));
    }
  }

  /** ∂H / ∂z = −z·p·(1 − p). */
  @Override
  public void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset) {
    for (int i = 0; i < bits; i++) {
      double logit = parameters[offset + i];
      double probability = sigmoid(logit);
      gradient[gradientOffset + i] -= (float) (scale * logit * probability * sigmoid(-logit));
    }
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** log(1 + exp(x)) without overflow; log errs by 1e-16 here and is faster than log1p. */
  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log(1 + Math.exp(-Math.abs(x)));
  }
}
