package org.mobula.core.environment;

import org.mobula.core.space.Discrete;

/** Takes steps of the first actions of a game within a reset. */
final class FixedActions {
  private final Environment environment;
  private final float[] action;
  private final Step step;

  /**
   * Asks for the actions that are needed.
   *
   * @param wrapper that needs them
   * @param actions how many there must be at least
   */
  FixedActions(Environment environment, String wrapper, int actions) {
    if (!(environment.actionSpace() instanceof Discrete discrete && discrete.n() >= actions)) {
      throw new IllegalArgumentException(
          "%s needs Discrete actions, at least %s, but they are %s"
              .formatted(wrapper, actions, environment.actionSpace()));
    }
    this.environment = environment;
    this.action = new float[1];
    this.step = new Step(environment.observationSpace());
  }

  /**
   * Takes one step.
   *
   * @param index of the action
   * @param observation receives what is seen then
   * @return whether the episode is over
   */
  boolean step(int index, float[] observation) {
    action[0] = index;
    step.clear();
    environment.step(action, step);
    System.arraycopy(step.observation, 0, observation, 0, step.observation.length);
    return step.done();
  }
}
