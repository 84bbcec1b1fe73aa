package org.mobula.core.environment;

/**
 * Begins each episode with a step of the action 1 and one of the action 2, for games that wait
 * until the player fires, as Stable-Baselines3's {@code FireResetEnv}. An episode that ends in them
 * begins anew.
 */
public final class FireReset extends EnvironmentWrapper {
  private final FixedActions actions;

  /** Fires in an environment with {@code Discrete} actions, at least three. */
  public FireReset(Environment inner) {
    super(inner);
    this.actions = new FixedActions(inner, "FireReset", 3);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    inner().reset(reset, observation);
    for (int action = 1; action <= 2; action++) {
      if (actions.step(action, observation)) {
        inner().reset(reset, observation);
      }
    }
  }
}
