package org.mobula.core.returns;

import java.util.Objects;

/**
 * Accumulates up to n rewards from one step of a replay ring, for targets of the form {@code
 * sum(rewards) + discount · V(observation after the window)}.
 *
 * <p>The storage is a ring {@code [capacity][environment]} whose newest row is given. A window ends
 * after n steps, at the end of the episode, or at the newest row, whichever comes first: it never
 * runs into another episode, nor over the newest row into the oldest. A plain trace is a ring whose
 * newest row is its last.
 *
 * @param n steps at most, at least 1
 * @param discount γ in [0, 1]
 */
public record NStep(int n, float discount) {
  /** Checks the ranges. */
  public NStep {
    requirePositive(n);
    Shapes.requireFraction("discount", discount);
  }

  static void requirePositive(int n) {
    if (n < 1) {
      throw new IllegalArgumentException("n is " + n + " steps but must be >= 1");
    }
  }

  /**
   * The number of steps in the window that starts at {@code row}, in 1..n. The transition ends at
   * row {@code (row + length − 1) mod capacity}: its next observation and its flags are the ones to
   * store with the sum.
   */
  public int length(
      int capacity,
      int environments,
      int newest,
      boolean[] terminated,
      boolean[] truncated,
      int row,
      int environment) {
    int cells = Shapes.cells(capacity, environments);
    Shapes.require("terminated", terminated.length, cells);
    Shapes.require("truncated", truncated.length, cells);
    Objects.checkIndex(newest, capacity);
    Objects.checkIndex(environment, environments);
    int length = 1;
    int at = row;
    while (length < n && at != newest) {
      int cell = at * environments + environment;
      if (terminated[cell] || truncated[cell]) {
        break;
      }
      at = at + 1 == capacity ? 0 : at + 1;
      length++;
    }
    return length;
  }

  /** The discounted sum of {@code length} rewards from {@code row} on. */
  public float sum(
      int capacity, int environments, float[] rewards, int row, int environment, int length) {
    Shapes.require("rewards", rewards.length, Shapes.cells(capacity, environments));
    float sum = 0;
    // Backwards (Horner), so that no power of γ is needed.
    for (int k = length - 1; k >= 0; k--) {
      int at = row + k;
      if (at >= capacity) {
        at -= capacity;
      }
      sum = rewards[at * environments + environment] + discount * sum;
    }
    return sum;
  }

  /** γ to the power of {@code length}: the weight of the value after the window. */
  public float discountAfter(int length) {
    float product = 1;
    for (int k = 0; k < length; k++) {
      product *= discount;
    }
    return product;
  }

  /**
   * The windows of a whole trace.
   *
   * @param rewards {@code [T][N]}
   * @param terminated {@code [T][N]}
   * @param truncated {@code [T][N]}
   * @param sums {@code [T][N]}, written: discounted sums of rewards; not {@code rewards}
   * @param discounts {@code [T][N]}, written: what the value after the window counts; γ to the
   *     power of the length, and zero where the window ended in a terminal state
   * @param lengths {@code [T][N]}, written: steps in each window
   */
  public void accumulate(
      int steps,
      int environments,
      float[] rewards,
      boolean[] terminated,
      boolean[] truncated,
      float[] sums,
      float[] discounts,
      int[] lengths) {
    int cells = Shapes.cells(steps, environments);
    Shapes.require("sums", sums.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("lengths", lengths.length, cells);
    for (int t = 0; t < steps; t++) {
      for (int i = 0; i < environments; i++) {
        int cell = t * environments + i;
        int length = length(steps, environments, steps - 1, terminated, truncated, t, i);
        int end = cell + (length - 1) * environments;
        lengths[cell] = length;
        sums[cell] = sum(steps, environments, rewards, t, i, length);
        discounts[cell] = terminated[end] ? 0 : discountAfter(length);
      }
    }
  }
}
