package org.mobula.core.algorithm.dqn;

import java.util.Arrays;

/**
 * One output an action, its expected value (Mnih et al. 2015). The loss is Huber's with δ = 1, in
 * which the gradient of an error is held to ±1.
 */
final class ExpectedLoss implements ValueLoss {
  @Override
  public double gradient(ValueRows rows, float scale) {
    Arrays.fill(rows.gradients, 0, rows.count * rows.actions, 0);
    double sum = 0;
    for (int row = 0; row < rows.count; row++) {
      float target = rows.target(row, rows.nextValues[row * rows.actions + rows.nextActions[row]]);
      int at = row * rows.actions + rows.action(row);
      float error = rows.values[at] - target;
      float size = Math.abs(error);
      rows.gradients[at] = scale * rows.weight(row) * Math.max(-1, Math.min(1, error));
      rows.errors[row] = error;
      sum += rows.weight(row) * (size < 1 ? 0.5 * error * error : size - 0.5);
    }
    return sum;
  }
}
