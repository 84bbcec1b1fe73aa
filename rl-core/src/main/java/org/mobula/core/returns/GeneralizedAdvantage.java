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
 *
 * @param discount γ in [0, 1]
 * @param lambda λ in [0, 1]
 */
public record GeneralizedAdvantage(float discount, float lambda) {
  /** Checks the range. */
  public GeneralizedAdvantage {
    Shapes.requireFraction("discount", discount);
    Shapes.requireFraction("lambda", lambda);
  }

  /**
   * Advantages and returns of a trace. Terminated steps bootstrap nothing; where an episode was
   * truncated, the value of its final observation stands in for the rest, and the λ-trace is cut.
   *
   * @param advantages {@code [T][N]}, written; none of the inputs
   * @param returns {@code [T][N]}, written: advantages + values; none of the inputs but the rewards
   * @throws IllegalArgumentException if an array is too short
   */
  public void compute(Trace trace, float[] advantages, float[] returns) {
    // The outputs carry the folded rewards and discounts until the recursion overwrites them.
    EpisodeEnds.fold(trace, discount, returns, advantages);
    compute(trace, returns, advantages, advantages, returns);
  }

  /**
   * The general form: ends of episodes enter as a discount of zero.
   *
   * @param trace of which only the values and the shape are read
   * @param rewards {@code [T][N]}, folded ({@link EpisodeEnds})
   * @param discounts {@code [T][N]}: γ(t), zero after the last step of an episode
   * @param advantages {@code [T][N]}, written; may be {@code discounts}
   * @param returns {@code [T][N]}, written: advantages + values; may be {@code rewards}
   */
  void compute(
      Trace trace, float[] rewards, float[] discounts, float[] advantages, float[] returns) {
    int environments = trace.environments();
    float[] values = trace.values();
    float[] lastValues = trace.lastValues();
    int cells = Shapes.cells(trace.steps(), environments);
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
