package org.mobula.core.returns;

/**
 * Generalised advantage estimation (Schulman et al. 2016, "High-dimensional continuous control
 * using generalized advantage estimation", eq. 16):
 *
 * <pre>
 * δ(t) = r(t) + γ(t)·V(s(t+1)) − V(s(t))
 * A(t) = δ(t) + γ(t)·λ·A(t+1),   A(T) = 0
 * </pre>
 *
 * <p>λ = 0 is the one-step temporal difference, λ = 1 the discounted return minus the value.
 */
public final class GeneralizedAdvantage {
  private GeneralizedAdvantage() {}

  /**
   * Advantages and returns of a trace that may hold many episodes, whole or cut off.
   *
   * @param steps T, the length of the trace
   * @param environments N, the number of environments
   * @param discount γ in [0, 1]
   * @param lambda λ in [0, 1]
   * @param rewards {@code [T][N]}
   * @param terminated {@code [T][N]}: no bootstrap; wins where truncated is set too
   * @param truncated {@code [T][N]}: bootstrap from {@code finalValues} and cut the λ-trace
   * @param values {@code [T][N]}: V of the observation that each step acted on
   * @param finalValues {@code [T][N]}: V of the final observation; read only where truncated and
   *     not terminated
   * @param lastValues {@code [N]}: V of the observation after the last step
   * @param advantages {@code [T][N]}, written; none of the inputs
   * @param returns {@code [T][N]}, written: advantages + values; none of the inputs but {@code
   *     rewards}
   * @throws IllegalArgumentException if an array is too short or γ or λ out of range
   */
  public static void compute(
      int steps,
      int environments,
      float discount,
      float lambda,
      float[] rewards,
      boolean[] terminated,
      boolean[] truncated,
      float[] values,
      float[] finalValues,
      float[] lastValues,
      float[] advantages,
      float[] returns) {
    // The outputs carry the folded rewards and discounts until the recursion overwrites them.
    EpisodeEnds.fold(
        steps,
        environments,
        discount,
        rewards,
        terminated,
        truncated,
        finalValues,
        returns,
        advantages);
    compute(
        steps, environments, lambda, returns, advantages, values, lastValues, advantages, returns);
  }

  /**
   * The general form: ends of episodes enter as a discount of zero.
   *
   * @param discounts {@code [T][N]}: γ(t), zero after the last step of an episode
   * @param rewards {@code [T][N]}
   * @param advantages {@code [T][N]}, written; may be {@code discounts}
   * @param returns {@code [T][N]}, written: advantages + values; may be {@code rewards}
   * @see #compute(int, int, float, float, float[], boolean[], boolean[], float[], float[], float[],
   *     float[], float[])
   */
  public static void compute(
      int steps,
      int environments,
      float lambda,
      float[] rewards,
      float[] discounts,
      float[] values,
      float[] lastValues,
      float[] advantages,
      float[] returns) {
    int cells = Shapes.cells(steps, environments);
    Shapes.requireFraction("lambda", lambda);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("values", values.length, cells);
    Shapes.require("lastValues", lastValues.length, environments);
    Shapes.require("advantages", advantages.length, cells);
    Shapes.require("returns", returns.length, cells);

    int last = cells - environments;
    for (int i = 0; i < environments; i++) {
      int t = last + i;
      float value = values[t];
      float advantage = rewards[t] + discounts[t] * lastValues[i] - value;
      advantages[t] = advantage;
      returns[t] = advantage + value;
    }
    for (int row = last - environments; row >= 0; row -= environments) {
      for (int t = row; t < row + environments; t++) {
        int next = t + environments;
        float value = values[t];
        float advantage =
            rewards[t] + discounts[t] * (values[next] + lambda * advantages[next]) - value;
        advantages[t] = advantage;
        returns[t] = advantage + value;
      }
    }
  }
}
