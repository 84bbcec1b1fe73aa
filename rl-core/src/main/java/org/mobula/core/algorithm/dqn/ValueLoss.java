package org.mobula.core.algorithm.dqn;

import org.mobula.core.policy.ActionValues;

/**
 * The loss that teaches a network what actions are worth, as its gradient at the outputs, for one
 * form of {@link ActionValues}. Outputs are {@code [row][action][number]}; the target of a
 * transition is
 *
 * <pre>  reward + discount · value of the next action in the next state</pre>
 *
 * where the next values come from a target network, and the next action from it, too, or from the
 * network that learns (double Q-learning).
 */
sealed interface ValueLoss permits ExpectedLoss, CategoricalLoss, QuantileLoss {
  /** The loss that goes with values of this form. */
  static ValueLoss of(ActionValues values) {
    if (values instanceof ActionValues.CategoricalReturns returns) {
      return new CategoricalLoss(
          returns.atoms(), (float) returns.least(), (float) returns.greatest());
    }
    return values instanceof ActionValues.QuantileReturns returns
        ? new QuantileLoss(returns.count())
        : new ExpectedLoss();
  }

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
