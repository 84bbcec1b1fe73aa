package org.mobula.core.returns;

/**
 * Turns the two ways in which an episode ends into rewards and per-step discounts, after which one
 * recursion serves episodic, continuing and cut-off data alike.
 *
 * <ul>
 *   <li>neither flag: reward r, discount γ;
 *   <li>terminated: reward r, discount 0. Nothing follows. Terminated wins where both are set;
 *   <li>truncated: reward r + γ·V(final observation), discount 0. The value stands in for the rest
 *       of the episode that was not played, and nothing flows over from the next one.
 * </ul>
 */
public final class EpisodeEnds {
  private EpisodeEnds() {}

  /**
   * Folds the ends of episodes into rewards and discounts.
   *
   * @param trace of which values of steps are not read
   * @param discount γ in [0, 1]
   * @param foldedRewards {@code [T][N]}, written; may be the trace's rewards
   * @param discounts {@code [T][N]}, written
   * @throws IllegalArgumentException if an array is too short or γ out of range
   */
  public static void fold(Trace trace, float discount, float[] foldedRewards, float[] discounts) {
    float[] rewards = trace.rewards();
    boolean[] terminated = trace.terminated();
    boolean[] truncated = trace.truncated();
    float[] finalValues = trace.finalValues();
    int cells = Shapes.cells(trace.steps(), trace.environments());
    Shapes.requireFraction("discount", discount);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("terminated", terminated.length, cells);
    Shapes.require("truncated", truncated.length, cells);
    Shapes.require("finalValues", finalValues.length, cells);
    Shapes.require("foldedRewards", foldedRewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    for (int i = 0; i < cells; i++) {
      float reward = rewards[i];
      float next = discount;
      // One test in the common case: most steps end nothing.
      if (terminated[i] || truncated[i]) {
        next = 0;
        if (!terminated[i]) {
          reward += discount * finalValues[i];
        }
      }
      foldedRewards[i] = reward;
      discounts[i] = next;
    }
  }
}
