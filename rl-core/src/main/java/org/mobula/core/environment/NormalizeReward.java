package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.experience.RunningStatistics;

/**
 * Divides rewards by the running standard deviation of the discounted return, {@code √(variance +
 * 10⁻⁸)}, and cuts them off at ±10, as Stable-Baselines3 does. The mean stays in: taking it away
 * would change what is worth doing.
 *
 * <p>A trainer refuses it, since the statistics would not travel with the policy: there it is
 * {@code normalization.rewards} that does this.
 *
 * <p>A seeded reset does not forget the statistics: they belong to the run, not to the episode.
 */
public final class NormalizeReward extends EnvironmentWrapper {
  private static final double CLIP = 10;
  private static final double EPSILON = 1e-8;

  private final double gamma;
  private final RunningStatistics statistics = RunningStatistics.withStandardNormalStart(1);
  private double discountedReturn;
  private boolean frozen;

  /**
   * Scales the rewards of an environment.
   *
   * @param gamma the discount of the return, in [0, 1]
   */
  public NormalizeReward(Environment inner, double gamma) {
    super(inner);
    if (!(gamma >= 0 && gamma <= 1)) {
      throw new IllegalArgumentException("gamma is " + gamma + " but must be in [0, 1]");
    }
    this.gamma = gamma;
  }

  /** Whether the statistics stay as they are. */
  public void freeze(boolean frozen) {
    this.frozen = frozen;
  }

  /** The statistics of the discounted return. */
  public RunningStatistics statistics() {
    return statistics;
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    discountedReturn = 0;
    inner().reset(reset, observation);
  }

  @Override
  public void step(float[] action, Step step) {
    inner().step(action, step);
    if (!frozen) {
      discountedReturn = discountedReturn * gamma + step.reward;
      statistics.update(discountedReturn);
    }
    double scaled = step.reward / Math.sqrt(statistics.variance(0) + EPSILON);
    step.reward = Math.max(-CLIP, Math.min(CLIP, scaled));
    if (step.done()) {
      discountedReturn = 0;
    }
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    statistics.writeState(out);
    out.writeDouble(discountedReturn);
    out.writeBoolean(frozen);
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    statistics.readState(in);
    discountedReturn = in.readDouble();
    frozen = in.readBoolean();
  }
}
