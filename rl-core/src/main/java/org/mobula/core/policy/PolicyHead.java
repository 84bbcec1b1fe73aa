package org.mobula.core.policy;

import java.io.Serializable;

/**
 * What the output row of a policy's network means. A policy says it, so that whoever acts by the
 * policy (training, evaluation, {@link Policy}, a server) reads the row alike.
 */
public sealed interface PolicyHead extends Serializable {
  /**
   * The distribution that goes with the action space: logits of a categorical one for each choice
   * of Discrete and MultiDiscrete, logits of the ones in MultiBinary, and in a Box the means and
   * then the log standard deviations of a Gaussian. Of a Dict or Tuple the numbers of its parts,
   * but the log standard deviations of all of them last.
   */
  record Sampled() implements PolicyHead {}

  /**
   * What each action of a Discrete space is worth, of which the greatest is taken; with the numbers
   * of one action more, advantages and then the value of the state (Wang et al. 2016, equation 9).
   *
   * @param values how its numbers say what an action is worth
   */
  record Greedy(ActionValues values) implements PolicyHead {
    /** One number an action, its expected return. */
    public Greedy() {
      this(new ActionValues.ExpectedReturn());
    }
  }

  /**
   * Means and then log standard deviations of a Gaussian whose hyperbolic tangent is the action, −1
   * and 1 being the bounds of the Box (Haarnoja et al. 2018). The log standard deviations are held
   * between {@link #LEAST_LOG_DEVIATION} and {@link #GREATEST_LOG_DEVIATION}.
   */
  record Squashed() implements PolicyHead {
    /** Below it a log standard deviation counts as this. */
    public static final float LEAST_LOG_DEVIATION = -20;

    /** Above it a log standard deviation counts as this. */
    public static final float GREATEST_LOG_DEVIATION = 2;
  }

  /** Numbers whose hyperbolic tangents are the action, −1 and 1 being the bounds of the Box. */
  record Deterministic() implements PolicyHead {}

  /** Whether −1 and 1 of the head's actions always are the bounds of the action space. */
  default boolean isBounded() {
    return this instanceof Squashed || this instanceof Deterministic;
  }
}
