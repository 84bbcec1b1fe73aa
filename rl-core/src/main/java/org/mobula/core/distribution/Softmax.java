package org.mobula.core.distribution;

import java.util.random.RandomGenerator;

/**
 * One categorical choice from logits in a slice of an array. Every formula subtracts the largest
 * logit first, so that no finite logit overflows.
 */
final class Softmax {
  /** What to do about a parameter that is not finite. */
  static final String LOOK_FOR_NAN =
      "; look for NaN in the network's outputs: a learning rate too high or rewards too large are"
          + " the usual causes";

  private Softmax() {}

  static int requireCount(String what, int count) {
    if (count < 1) {
      throw new IllegalArgumentException(what + " is " + count + " but must be >= 1");
    }
    return count;
  }

  static double max(float[] logits, int offset, int count) {
    float max = logits[offset];
    for (int i = 1; i < count; i++) {
      max = Math.max(max, logits[offset + i]);
    }
    return max;
  }

  private static double sum(float[] logits, int offset, int count, double max) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.exp(logits[offset + i] - max);
    }
    return sum;
  }

  /** The chosen index, checked: actions travel as floats. */
  static int index(float[] action, int actionOffset, int count) {
    float value = action[actionOffset];
    int index = (int) value;
    if (index != value || index < 0 || index >= count) {
      throw new IllegalArgumentException(
          "action "
              + value
              + " is not one of the "
              + count
              + " choices; write a whole number in 0.."
              + (count - 1));
    }
    return index;
  }

  /**
   * Inverts the cumulative distribution at one uniform number, so that every engine draws the same
   * stream. A choice of probability zero is never drawn.
   */
  static int sample(float[] logits, int offset, int count, RandomGenerator random) {
    double max = max(logits, offset, count);
    double target = random.nextDouble() * sum(logits, offset, count, max);
    double cumulative = 0;
    int possible = -1;
    for (int i = 0; i < count; i++) {
      double weight = Math.exp(logits[offset + i] - max);
      if (weight > 0) {
        possible = i;
        cumulative += weight;
        if (cumulative > target) {
          return i;
        }
      }
    }
    if (possible < 0 || Double.isNaN(target)) {
      throw new IllegalArgumentException(
          "cannot draw from " + count + " logits that are not finite" + LOOK_FOR_NAN);
    }
    return possible;
  }

  /** The first of the most likely choices. */
  static int mode(float[] logits, int offset, int count) {
    double max = max(logits, offset, count); // NaN if any of them is
    if (!Double.isFinite(max)) {
      throw new IllegalArgumentException(
          "none of " + count + " logits is the largest, for one is " + max + LOOK_FOR_NAN);
    }
    int best = 0;
    while (logits[offset + best] != max) {
      best++;
    }
    return best;
  }

  static double logProbability(float[] logits, int offset, int count, int index) {
    double max = max(logits, offset, count);
    return logits[offset + index] - max - Math.log(sum(logits, offset, count, max));
  }

  /** H = log Σ exp d − Σ d·exp d / Σ exp d, with d the logits less their maximum. */
  static double entropy(float[] logits, int offset, int count) {
    double max = max(logits, offset, count);
    double sum = 0;
    double weighted = 0;
    for (int i = 0; i < count; i++) {
      double difference = logits[offset + i] - max;
      double weight = Math.exp(difference);
      sum += weight;
      weighted += weight * difference;
    }
    return Math.log(sum) - weighted / sum;
  }

  static double divergence(float[] p, int pOffset, float[] q, int qOffset, int count) {
    double pMax = max(p, pOffset, count);
    double qMax = max(q, qOffset, count);
    double pSum = 0;
    double qSum = 0;
    double weighted = 0;
    for (int i = 0; i < count; i++) {
      double pDifference = p[pOffset + i] - pMax;
      double qDifference = q[qOffset + i] - qMax;
      double weight = Math.exp(pDifference);
      pSum += weight;
      qSum += Math.exp(qDifference);
      weighted += weight * (pDifference - qDifference);
    }
    return weighted / pSum - Math.log(pSum) + Math.log(qSum);
  }

  /** ∂ log p(a) / ∂ logit(i) = [i = a] − p(i). */
  static void addLogProbabilityGradient(
      float[] logits,
      int offset,
      int count,
      int index,
      float scale,
      float[] gradient,
      int gradientOffset) {
    double max = max(logits, offset, count);
    double factor = scale / sum(logits, offset, count, max);
    for (int i = 0; i < count; i++) {
      gradient[gradientOffset + i] -= (float) (factor * Math.exp(logits[offset + i] - max));
    }
    gradient[gradientOffset + index] += scale;
  }

  /** ∂H / ∂ logit(i) = −p(i)·(log p(i) + H). */
  static void addEntropyGradient(
      float[] logits, int offset, int count, float scale, float[] gradient, int gradientOffset) {
    double max = max(logits, offset, count);
    double entropy = entropy(logits, offset, count);
    double sum = sum(logits, offset, count, max);
    double shift = entropy - Math.log(sum);
    for (int i = 0; i < count; i++) {
      double difference = logits[offset + i] - max;
      double probability = Math.exp(difference) / sum;
      gradient[gradientOffset + i] -= (float) (scale * probability * (difference + shift));
    }
  }

  /**
   * Adds log-probability and entropy to the first two numbers of an evaluation, and leaves the
   * probabilities and then ∂H / ∂ logits at {@code termsOffset}, {@code 2·count} numbers.
   */
  static void evaluate(
      float[] logits,
      int offset,
      int count,
      int index,
      float[] evaluation,
      int evaluationOffset,
      int termsOffset) {
    double max = max(logits, offset, count);
    double sum = 0;
    double weighted = 0;
    for (int i = 0; i < count; i++) {
      double difference = logits[offset + i] - max;
      double weight = Math.exp(difference);
      evaluation[termsOffset + i] = (float) weight;
      sum += weight;
      weighted += weight * difference;
    }
    double logSum = Math.log(sum);
    double entropy = logSum - weighted / sum;
    double shift = entropy - logSum;
    double inverse = 1 / sum;
    for (int i = 0; i < count; i++) {
      double probability = evaluation[termsOffset + i] * inverse;
      double logit = logits[offset + i];
      evaluation[termsOffset + i] = (float) probability;
      evaluation[termsOffset + count + i] = (float) (-probability * (logit - max + shift));
    }
    evaluation[evaluationOffset] += (float) (logits[offset + index] - max - logSum);
    evaluation[evaluationOffset + 1] += (float) entropy;
  }

  /** Uses what {@link #evaluate} left at {@code termsOffset}: no exponential is taken again. */
  static void addGradient(
      int count,
      int index,
      float[] evaluation,
      int termsOffset,
      float logProbabilityScale,
      float entropyScale,
      float[] gradient,
      int gradientOffset) {
    for (int i = 0; i < count; i++) {
      gradient[gradientOffset + i] +=
          entropyScale * evaluation[termsOffset + count + i]
              - logProbabilityScale * evaluation[termsOffset + i];
    }
    gradient[gradientOffset + index] += logProbabilityScale;
  }
}
