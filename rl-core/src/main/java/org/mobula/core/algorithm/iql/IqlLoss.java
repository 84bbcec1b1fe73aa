package org.mobula.core.algorithm.iql;

/**
 * Implicit Q-learning (Kostrikov, Nair and Levine 2021, equations 5 to 7): values and critics see
 * no action but those that were recorded. With the target critics' least value Q' and the critics'
 * target in which V is held fast:
 *
 * <pre>
 *   A           = Q'(s, a) − V(s)
 *   value loss  = |τ − 1(A &lt; 0)| · A²
 *   critic loss = (r + discount · V(s') − Q(s, a))²
 *   policy loss = −min(exp(β · A), greatest) · log π(a|s)
 * </pre>
 *
 * @param expectile τ: ½ is the mean over the recorded actions, near 1 the best of them
 * @param advantageScale β
 * @param greatestWeight of an action in the policy's loss
 */
record IqlLoss(float expectile, float advantageScale, float greatestWeight) {
  /**
   * Writes the gradient of the mean value loss at V, and the weights of the policy's loss.
   *
   * @param targetValues Q', one a row
   * @param values V, one a row
   * @param scale one over the rows of the whole minibatch
   * @param gradients receives one a row
   * @param weights receives one a row
   * @return the sum of the value losses
   */
  double gradient(
      float[] targetValues,
      float[] values,
      int count,
      float scale,
      float[] gradients,
      float[] weights) {
    double sum = 0;
    for (int row = 0; row < count; row++) {
      float advantage = targetValues[row] - values[row];
      float side = advantage < 0 ? 1 - expectile : expectile;
      gradients[row] = -2 * scale * side * advantage;
      sum += (double) side * advantage * advantage;
      weights[row] =
          (float) Math.min(greatestWeight, Math.exp((double) advantageScale * advantage));
    }
    return sum;
  }
}
