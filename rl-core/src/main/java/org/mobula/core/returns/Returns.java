package org.mobula.core.returns;

/**
 * Returns of a trace {@code [T][N]} whose ends of episodes are folded into rewards and discounts
 * ({@link EpisodeEnds}). Every array is row-major {@code [time][environment]}.
 */
public final class Returns {
  private Returns() {}

  /**
   * Discounted returns: {@code G(t) = r(t) + γ(t)·G(t+1)}, and {@code G(T)} the last values.
   *
   * @param lastValues {@code [N]}: value of the observation after the last step; zeros for a plain
   *     Monte Carlo return
   * @param returns {@code [T][N]}, written; may be {@code rewards}
   */
  public static void discounted(
      int steps,
      int environments,
      float[] rewards,
      float[] discounts,
      float[] lastValues,
      float[] returns) {
    int cells = Shapes.cells(steps, environments);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("lastValues", lastValues.length, environments);
    Shapes.require("returns", returns.length, cells);
    int last = cells - environments;
    for (int i = 0; i < environments; i++) {
      returns[last + i] = rewards[last + i] + discounts[last + i] * lastValues[i];
    }
    for (int t = last - 1; t >= 0; t--) {
      returns[t] = rewards[t] + discounts[t] * returns[t + environments];
    }
  }

  /**
   * λ-returns (Sutton and Barto 2018, eq. 12.18): {@code G(t) = r(t) + γ(t)·((1 − λ)·V(s(t+1)) +
   * λ·G(t+1))}, and {@code G(T) = V(s(T))}.
   *
   * @param nextValues {@code [T][N]}: V(s(t+1)), the value of the observation that step t led to;
   *     of no influence where the discount is zero
   * @param lambda λ in [0, 1]; 0 is the one-step target, 1 the discounted return
   * @param returns {@code [T][N]}, written; may be {@code rewards}
   */
  public static void lambda(
      int steps,
      int environments,
      float lambda,
      float[] rewards,
      float[] discounts,
      float[] nextValues,
      float[] returns) {
    int cells = Shapes.cells(steps, environments);
    Shapes.requireFraction("lambda", lambda);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("nextValues", nextValues.length, cells);
    Shapes.require("returns", returns.length, cells);
    int last = cells - environments;
    for (int t = last; t < cells; t++) {
      returns[t] = rewards[t] + discounts[t] * nextValues[t];
    }
    for (int t = last - 1; t >= 0; t--) {
      float rest = (1 - lambda) * nextValues[t] + lambda * returns[t + environments];
      returns[t] = rewards[t] + discounts[t] * rest;
    }
  }

  /**
   * n-step bootstrapped returns (Sutton and Barto 2018, eq. 7.1): n rewards, then the value of the
   * observation they led to. Near the end of the trace the window is as long as the trace allows.
   *
   * @param n steps before the bootstrap, at least 1
   * @param nextValues {@code [T][N]}: V(s(t+1))
   * @param returns {@code [T][N]}, written; none of the inputs
   */
  public static void nStep(
      int steps,
      int environments,
      int n,
      float[] rewards,
      float[] discounts,
      float[] nextValues,
      float[] returns) {
    int cells = Shapes.cells(steps, environments);
    NStep.requirePositive(n);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("nextValues", nextValues.length, cells);
    Shapes.require("returns", returns.length, cells);
    for (int t = 0; t < steps; t++) {
      int row = t * environments;
      int window = Math.min(n, steps - t);
      int end = row + (window - 1) * environments;
      System.arraycopy(nextValues, end, returns, row, environments);
      for (int from = end; from >= row; from -= environments) {
        for (int i = 0; i < environments; i++) {
          returns[row + i] = rewards[from + i] + discounts[from + i] * returns[row + i];
        }
      }
    }
  }
}
