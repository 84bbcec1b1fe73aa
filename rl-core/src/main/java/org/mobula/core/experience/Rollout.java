package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Experience of several environments over the same number of steps, in columns. Arrays are {@code
 * [step][environment]} or {@code [step][environment][number]}, row-major. Made once and filled
 * again each iteration.
 */
public final class Rollout implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Steps of each environment. */
  public final int steps;

  /** Number of environments. */
  public final int environments;

  /**
   * What the network saw: flattened, normalised observations, {@code [step][environment][feature]}.
   */
  public final float[] features;

  /** Actions as sampled, not clipped to the action space, {@code [step][environment][number]}. */
  public final float[] actions;

  /** Allowed choices, {@code [step][environment][choice]}; empty where actions are not masked. */
  public final boolean[] masks;

  /** Rewards as the environment gave them. */
  public final float[] rewards;

  /** Episodes that came to an end of their own in this step. */
  public final boolean[] terminated;

  /** Episodes that were cut off in this step. */
  public final boolean[] truncated;

  /** Log-probabilities of the actions under the policy that took them. */
  public final float[] logProbabilities;

  /** Values of the observations that the actions answered. */
  public final float[] values;

  /** Values of the last observations of episodes cut off in this step; else 0. */
  public final float[] finalValues;

  /** Values of the observations after the last step, one an environment. */
  public final float[] lastValues;

  /** Episodes that were over within this rollout, in the order of their end. */
  public final EpisodeLog episodes = new EpisodeLog();

  /** Statistics of the observations met, before normalisation; null unless they are wanted. */
  public @Nullable RunningStatistics observationStatistics;

  /** Version of the parameters that acted. */
  public long parameterVersion;

  /** An empty rollout. */
  public Rollout(int steps, int environments, int features, int actionSize, int maskSize) {
    int rows = Math.multiplyExact(steps, environments);
    this.steps = steps;
    this.environments = environments;
    this.features = new float[Math.multiplyExact(rows, features)];
    this.actions = new float[rows * actionSize];
    this.masks = new boolean[rows * maskSize];
    this.rewards = new float[rows];
    this.terminated = new boolean[rows];
    this.truncated = new boolean[rows];
    this.logProbabilities = new float[rows];
    this.values = new float[rows];
    this.finalValues = new float[rows];
    this.lastValues = new float[environments];
  }

  /** Rows of the columns: steps times environments. */
  public int rows() {
    return steps * environments;
  }

  /** Features in a row. */
  public int featureCount() {
    return features.length / rows();
  }

  /** Numbers in an action. */
  public int actionSize() {
    return actions.length / rows();
  }

  /** Flags in a row's action mask; 0 where actions are not masked. */
  public int maskSize() {
    return masks.length / rows();
  }

  /**
   * Copies a rollout of fewer environments into this one, beside what is already there: a worker's
   * share of the whole.
   *
   * @param firstEnvironment where the part's first environment comes to lie
   */
  public void place(Rollout part, int firstEnvironment) {
    if (part.steps != steps || firstEnvironment + part.environments > environments) {
      throw new IllegalArgumentException(
          "a part of "
              + part.steps
              + " steps and "
              + part.environments
              + " environments does not"
              + " fit at "
              + firstEnvironment
              + " into "
              + steps
              + " steps and "
              + environments);
    }
    for (int step = 0; step < steps; step++) {
      int from = step * part.environments;
      int to = step * environments + firstEnvironment;
      copy(part.features, features, from, to, part.environments, featureCount());
      copy(part.actions, actions, from, to, part.environments, actionSize());
      if (maskSize() > 0) {
        System.arraycopy(
            part.masks, from * maskSize(), masks, to * maskSize(), part.environments * maskSize());
      }
      copy(part.rewards, rewards, from, to, part.environments, 1);
      System.arraycopy(part.terminated, from, terminated, to, part.environments);
      System.arraycopy(part.truncated, from, truncated, to, part.environments);
      copy(part.logProbabilities, logProbabilities, from, to, part.environments, 1);
      copy(part.values, values, from, to, part.environments, 1);
      copy(part.finalValues, finalValues, from, to, part.environments, 1);
    }
    System.arraycopy(part.lastValues, 0, lastValues, firstEnvironment, part.environments);
  }

  private static void copy(float[] source, float[] target, int from, int to, int rows, int width) {
    System.arraycopy(source, from * width, target, to * width, rows * width);
  }

  /** Writes all that {@link #readState} needs: the columns, the episodes and the statistics. */
  public void writeState(DataOutput out) throws IOException {
    for (float[] column : numbers()) {
      for (float number : column) {
        out.writeFloat(number);
      }
    }
    for (boolean[] column : flags()) {
      for (boolean flag : column) {
        out.writeBoolean(flag);
      }
    }
    episodes.writeState(out);
    RunningStatistics statistics = observationStatistics;
    out.writeBoolean(statistics != null);
    if (statistics != null) {
      statistics.writeState(out);
    }
    out.writeLong(parameterVersion);
  }

  /** Reads what {@link #writeState} wrote, in a rollout of the same dimensions. */
  public void readState(DataInput in) throws IOException {
    for (float[] column : numbers()) {
      for (int i = 0; i < column.length; i++) {
        column[i] = in.readFloat();
      }
    }
    for (boolean[] column : flags()) {
      for (int i = 0; i < column.length; i++) {
        column[i] = in.readBoolean();
      }
    }
    episodes.readState(in);
    observationStatistics = null;
    if (in.readBoolean()) {
      RunningStatistics statistics = new RunningStatistics(featureCount());
      statistics.readState(in);
      observationStatistics = statistics;
    }
    parameterVersion = in.readLong();
  }

  private float[][] numbers() {
    return new float[][] {
      features, actions, rewards, logProbabilities, values, finalValues, lastValues
    };
  }

  private boolean[][] flags() {
    return new boolean[][] {masks, terminated, truncated};
  }
}
