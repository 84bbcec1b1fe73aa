package org.mobula.core.environment;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.NonFiniteException;

/**
 * An environment threw, or gave a number that is none; this says which one and how to see it happen
 * again: reset a new one with the seed, play the episodes before without a seed, and the failing
 * step follows.
 */
public final class EnvironmentException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int index;
  private final String environment;
  private final @Nullable Long seed;
  private final long episode;
  private final long step;

  /**
   * Of an environment of a batch.
   *
   * @param index which of the environments that step together
   * @param environment the simple name of its class
   * @param seed the last seed it was given; null for none
   * @param episode since that seed, from 1
   * @param step in the episode, from 1; 0 for a reset
   * @param cause what it threw, or what is wrong with a number that it gave
   */
  public EnvironmentException(
      int index,
      String environment,
      @Nullable Long seed,
      long episode,
      long step,
      Throwable cause) {
    super(
        "environment "
            + index
            + " ("
            + environment
            + ") failed in "
            + (step == 0 ? "the reset" : "step " + step)
            + " of episode "
            + episode
            + (seed == null ? ", never seeded: " : " after seed " + seed + ": ")
            + (cause instanceof NonFiniteException ? cause.getMessage() : cause),
        cause);
    this.index = index;
    this.environment = environment;
    this.seed = seed;
    this.episode = episode;
    this.step = step;
  }

  /** Which of the environments that step together. */
  public int index() {
    return index;
  }

  /** The simple name of its class, without wrappers. */
  public String environment() {
    return environment;
  }

  /** The last seed it was given. */
  public OptionalLong seed() {
    return seed == null ? OptionalLong.empty() : OptionalLong.of(seed);
  }

  /** The episode since that seed, which started number 1. */
  public long episode() {
    return episode;
  }

  /** The step in the episode, from 1; 0 if it was the reset that failed. */
  public long step() {
    return step;
  }
}
