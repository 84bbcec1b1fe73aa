package org.mobula.core.experience;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/** Returns and lengths of finished episodes; grows, and is used again without garbage. */
public final class EpisodeLog implements Serializable {
  private static final long serialVersionUID = 1L;

  private double[] returns = new double[16];
  private int[] lengths = new int[16];
  private int count;

  /** Number of episodes. */
  public int count() {
    return count;
  }

  /** Undiscounted sum of the rewards of episode {@code index}. */
  public double episodeReturn(int index) {
    return returns[checked(index)];
  }

  /** Steps of episode {@code index}. */
  public int length(int index) {
    return lengths[checked(index)];
  }

  /** Adds an episode. */
  public void add(double episodeReturn, int length) {
    if (count == returns.length) {
      returns = Arrays.copyOf(returns, 2 * count);
      lengths = Arrays.copyOf(lengths, 2 * count);
    }
    returns[count] = episodeReturn;
    lengths[count] = length;
    count++;
  }

  /** Adds all episodes of another log, in their order. */
  public void addAll(EpisodeLog other) {
    for (int i = 0; i < other.count; i++) {
      add(other.returns[i], other.lengths[i]);
    }
  }

  /** Forgets all episodes. */
  public void clear() {
    count = 0;
  }

  private int checked(int index) {
    return Objects.checkIndex(index, count);
  }
}
