package org.mobula.core.distribution;

import java.io.Serializable;
import java.util.random.RandomGenerator;

/**
 * A family of distributions over actions, such as "categorical of 3" or "Gaussian in 2 dimensions".
 * One member of the family is given by {@link #parameters} numbers: logits, or means followed by
 * log standard deviations.
 *
 * <p>All methods read and write rows inside larger arrays at the given offsets; they allocate
 * nothing and are safe from many threads.
 */
public interface ActionDistribution extends Serializable {
  /** Numbers that describe one member of the family. */
  int parameters();

  /** Numbers in one action. */
  int actionSize();

  /** Draws an action. */
  void sample(
      float[] parameters, int offset, RandomGenerator random, float[] action, int actionOffset);

  /**
   * The most likely action.
   *
   * @throws IllegalArgumentException if there is none, since the parameters are not finite
   */
  void mode(float[] parameters, int offset, float[] action, int actionOffset);

  /** The log-probability (or log-density) of an action. */
  float logProbability(float[] parameters, int offset, float[] action, int actionOffset);

  /** The entropy in nats. */
  float entropy(float[] parameters, int offset);

  /** KL(p ‖ q) in nats, of two members of this family. */
  float divergence(float[] p, int pOffset, float[] q, int qOffset);

  /**
   * Adds {@code scale · ∂ log-probability / ∂ parameters} to {@code gradient}.
   *
   * @param gradient {@link #parameters} numbers at {@code gradientOffset}
   */
  void addLogProbabilityGradient(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float scale,
      float[] gradient,
      int gradientOffset);

  /** Adds {@code scale · ∂ entropy / ∂ parameters} to {@code gradient}. */
  void addEntropyGradient(
      float[] parameters, int offset, float scale, float[] gradient, int gradientOffset);

  /** Numbers that {@link #evaluate} writes; at least two. */
  default int evaluationSize() {
    return 2;
  }

  /**
   * Log-probability and entropy at once, with whatever {@link #addGradient} can use again. A policy
   * gradient needs the log-probability before it knows the scale of its gradient, so the work is
   * split in two calls that share their exponentials.
   *
   * @param evaluation {@link #evaluationSize} numbers, written: the log-probability, the entropy,
   *     then numbers private to the distribution
   */
  default void evaluate(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float[] evaluation,
      int evaluationOffset) {
    evaluation[evaluationOffset] = logProbability(parameters, offset, action, actionOffset);
    evaluation[evaluationOffset + 1] = entropy(parameters, offset);
  }

  /**
   * Adds {@code logProbabilityScale · ∂ log-probability + entropyScale · ∂ entropy} to {@code
   * gradient}.
   *
   * @param evaluation what {@link #evaluate} wrote for the same parameters and action
   */
  default void addGradient(
      float[] parameters,
      int offset,
      float[] action,
      int actionOffset,
      float[] evaluation,
      int evaluationOffset,
      float logProbabilityScale,
      float entropyScale,
      float[] gradient,
      int gradientOffset) {
    addLogProbabilityGradient(
        parameters, offset, action, actionOffset, logProbabilityScale, gradient, gradientOffset);
    if (entropyScale != 0) {
      addEntropyGradient(parameters, offset, entropyScale, gradient, gradientOffset);
    }
  }
}
