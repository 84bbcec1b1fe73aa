package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Scales rewards by the standard deviation of the discounted return, so that values are of order
 * one whatever the reward's unit. The mean is not subtracted: that would change what is worth
 * doing. (Engstrom et al. 2020, §3; as in Gymnasium's and Stable-Baselines3's wrappers, but with
 * the statistics of all that a collection brought.) One measures as experience comes; whoever
 * learns from rewards scales them.
 */
public final class RewardScaling {
  private static final double EPSILON = 1e-8;

  private final double discount;
  private final float clip;
  private final RunningStatistics statistics = new RunningStatistics(1);
  private final double[] returns;
  private final float[] column;

  /**
   * Without measurements yet.
   *
   * @param clip scaled rewards lie within ±clip
   */
  public RewardScaling(int environments, double discount, double clip) {
    this.discount = discount;
    this.clip = (float) clip;
    this.returns = new double[environments];
    this.column = new float[environments];
  }

  /** Measures rewards; they stay as they are. */
  public void measure(Experience experience) {
    for (int step = 0; step < experience.steps; step++) {
      for (int i = 0; i < experience.environments; i++) {
        int row = step * experience.environments + i;
        returns[i] = returns[i] * discount + experience.rewards[row];
        column[i] = (float) returns[i];
        if (experience.terminated[row] || experience.truncated[row]) {
          returns[i] = 0;
        }
      }
      statistics.update(column);
    }
  }

  /**
   * Scales rewards by what was measured so far.
   *
   * @param scaled receives {@code count} rewards; may be {@code rewards}
   */
  public void scale(float[] rewards, float[] scaled, int count) {
    float scale = (float) (1 / Math.sqrt(statistics.variance(0) + EPSILON));
    for (int row = 0; row < count; row++) {
      scaled[row] = Math.max(-clip, Math.min(clip, rewards[row] * scale));
    }
  }

  /** Goes on from what was measured of discounted returns elsewhere. */
  public void start(RunningStatistics measured) {
    statistics.restore(measured.count(), measured.mean(), measured.variance());
  }

  /** Writes the measurements. */
  public void writeState(DataOutput out) throws IOException {
    statistics.writeState(out);
    for (double number : returns) {
      out.writeDouble(number);
    }
  }

  /** Goes on from what {@link #writeState} wrote. */
  public void readState(DataInput in) throws IOException {
    statistics.readState(in);
    for (int i = 0; i < returns.length; i++) {
      returns[i] = in.readDouble();
    }
  }
}
