package org.mobula.core.environment;

/**
 * Gives the sign of each reward, −1, 0 or 1, as Mnih et al. 2015 for games whose scores differ in
 * size. Returns are then sums of signs: {@link EpisodeStatistics} inside keeps the score.
 */
public final class ClipReward extends EnvironmentWrapper {
  /** Clips the rewards of an environment. */
  public ClipReward(Environment inner) {
    super(inner);
  }

  @Override
  public void step(float[] action, Step step) {
    inner().step(action, step);
    step.reward = Math.signum(step.reward);
  }
}
