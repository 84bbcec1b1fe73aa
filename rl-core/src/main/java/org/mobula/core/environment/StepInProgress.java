package org.mobula.core.environment;

import org.jspecify.annotations.Nullable;

/**
 * A step, or a reset, that an environment has not returned from. Two that are equal are the same.
 *
 * @param index which of the environments that step together
 * @param environment the simple name of its class, without wrappers
 * @param seed the last seed it was given; null for none
 * @param episode since that seed, from 1
 * @param step in the episode, from 1; 0 for a reset
 */
public record StepInProgress(
    int index, String environment, @Nullable Long seed, long episode, long step) {

  /** Of this environment. */
  public static StepInProgress of(
      int index, Environment environment, @Nullable Long seed, long episode, long step) {
    return new StepInProgress(index, name(environment), seed, episode, step);
  }

  /** The simple name of an environment's class, without wrappers. */
  static String name(Environment environment) {
    Environment innermost = environment;
    while (innermost instanceof EnvironmentWrapper wrapper) {
      innermost = wrapper.inner();
    }
    Class<?> type = innermost.getClass();
    return type.getSimpleName().isEmpty() ? type.getName() : type.getSimpleName();
  }

  /** The environment, and where it is. */
  @Override
  public String toString() {
    return "environment "
        + index
        + " ("
        + environment
        + ") in "
        + (step == 0 ? "the reset" : "step " + step)
        + " of episode "
        + episode
        + (seed == null ? ", never seeded" : " after seed " + seed);
  }
}
