package org.mobula.core.algorithm.dqn;

import java.util.Arrays;

/**
 * Quantiles of the distribution of returns (QR-DQN; Dabney et al. 2018, equation 10 and algorithm
 * 1). With θ the quantiles of the action taken, T those of the target, δ = T − θ and Huber's loss
 * L, a transition's loss is
 *
 * <pre>  Σ over θ of the mean over T of |τ − [δ &lt; 0]| · L(δ)</pre>
 */
final class QuantileLoss implements ValueLoss {
  private final float[] fractions;
  private final float kappa;

  /** Evenly spaced quantiles: the middles of so many equal parts. */
  QuantileLoss(int count) {
    this(middles(count), 1);
  }

  /**
   * Quantiles at given fractions.
   *
   * @param fractions τ, from 0 to 1
   * @param kappa the error from which on Huber's loss is straight
   */
  QuantileLoss(float[] fractions, float kappa) {
    this.fractions = fractions;
    this.kappa = kappa;
  }

  private static float[] middles(int count) {
    float[] middles = new float[count];
    for (int i = 0; i < count; i++) {
      middles[i] = (i + 0.5f) / count;
    }
    return middles;
  }

  private float mean(float[] outputs, int offset) {
    double sum = 0;
    for (int i = 0; i < fractions.length; i++) {
      sum += outputs[offset + i];
    }
    return (float) (sum / fractions.length);
  }

  @Override
  public double gradient(ValueRows rows, float scale) {
    int size = fractions.length;
    Arrays.fill(rows.gradients, 0, rows.count * rows.actions * size, 0);
    double sum = 0;
    for (int row = 0; row < rows.count; row++) {
      int next = (row * rows.actions + rows.nextActions[row]) * size;
      int at = (row * rows.actions + rows.action(row)) * size;
      float weight = rows.weight(row);
      double loss = 0;
      for (int quantile = 0; quantile < size; quantile++) {
        double slope = 0;
        for (int j = 0; j < size; j++) {
          float error = rows.target(row, rows.nextValues[next + j]) - rows.values[at + quantile];
          float part = Math.abs(fractions[quantile] - (error < 0 ? 1 : 0));
          float distance = Math.abs(error);
          loss +=
              part * (distance < kappa ? 0.5 * error * error : kappa * (distance - 0.5 * kappa));
          slope -= part * Math.max(-kappa, Math.min(kappa, error));
        }
        rows.gradients[at + quantile] = (float) (scale * weight * slope / size);
      }
      rows.errors[row] = mean(rows.values, at) - rows.target(row, mean(rows.nextValues, next));
      sum += weight * loss / size;
    }
    return sum;
  }
}
