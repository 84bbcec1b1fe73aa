package org.mobula.core.algorithm.dqn;

/**
 * How a network's outputs say what actions are worth, and the loss that teaches them to, as its
 * gradient at the outputs. Outputs are {@code [row][action][number]}; the target of a transition is
 *
 * <pre>  reward + discount · value of the next action in the next state</pre>
 *
 * where the next values come from a target network, and the next action from it, too, or from the
 * network that learns (double Q-learning).
 */
sealed interface ValueLoss permits ExpectedLoss, CategoricalLoss, QuantileLoss {
  /** Numbers by which the outputs describe the value of one action. */
  int width();

  /**
   * The expected values of all actions.
   *
   * @param outputs {@code [rows][actions][width]}
   * @param rowsAndActions rows times actions
   * @param values receives {@code [rows][actions]}
   */
  void values(float[] outputs, int rowsAndActions, float[] values);

  /**
   * Writes the gradient and the errors of some rows of a minibatch.
   *
   * @param scale one over the rows of the whole minibatch
   * @return the sum of the weighted losses
   */
  double gradient(ValueRows rows, float scale);

  /**
   * The action of the greatest value, the first among equals.
   *
   * @param masks allowed actions at {@code maskOffset}; empty where all are
   */
  static int best(float[] values, int offset, int actions, boolean[] masks, int maskOffset) {
    int best = -1;
    for (int action = 0; action < actions; action++) {
      boolean allowed = masks.length == 0 || masks[maskOffset + action];
      if (allowed && (best < 0 || values[offset + action] > values[offset + best])) {
        best = action;
      }
    }
    // After the end of an episode nothing may be allowed, and nothing follows.
    return Math.max(0, best);
  }
}
