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

  /** The most likely action. */
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
}
