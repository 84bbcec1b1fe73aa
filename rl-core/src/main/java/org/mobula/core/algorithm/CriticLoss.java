package org.mobula.core.algorithm;

import java.util.Arrays;

/**
 * The loss of one critic or of several that learn the same: the sum over them of the mean squared
 * distance to the target. Values are {@code [row][critic]}.
 *
 * @param critics how many there are, at least 1
 * @param factor before the squares: ½ in soft actor-critic, 1 in TD3, as Stable-Baselines3 has it
 */
public record CriticLoss(int critics, float factor) {
  /** Checks the number of critics. */
  public CriticLoss {
    if (critics < 1) {
      throw new IllegalArgumentException("critics is " + critics + " but must be >= 1");
    }
  }

  /**
   * Writes the gradient of the loss.
   *
   * @param values {@code [count][critics]}
   * @param targets one a row
   * @param weights importance weights, one a row
   * @param scale one over the rows of the whole minibatch
   * @param gradients receives {@code [count][critics]}
   * @param errors receives one a row: the mean distance of the critics, for priorities
   * @return the sum of the weighted losses
   */
  public double gradient(
      float[] values,
      float[] targets,
      float[] weights,
      int count,
      float scale,
      float[] gradients,
      float[] errors) {
    double sum = 0;
    for (int row = 0; row < count; row++) {
      float distance = 0;
      for (int critic = 0; critic < critics; critic++) {
        int at = row * critics + critic;
        float error = values[at] - targets[row];
        gradients[at] = 2 * factor * scale * weights[row] * error;
        distance += error;
        sum += factor * weights[row] * (double) error * error;
      }
      errors[row] = distance / critics;
    }
    return sum;
  }

  /** The critic that gives a row the least value; the first among equals. */
  public int least(float[] values, int row) {
    int least = row * critics;
    for (int critic = 1; critic < critics; critic++) {
      if (values[row * critics + critic] < values[least]) {
        least = row * critics + critic;
      }
    }
    return least - row * critics;
  }

  /** The least value that the critics give a row: it errs on the side of caution. */
  public float leastValue(float[] values, int row) {
    return values[row * critics + least(values, row)];
  }

  /**
   * Writes the gradient of {@code −scale · Σ value} at the values, where of each row one critic's
   * counts: what an actor follows through the critics' inputs.
   *
   * @param first whether that is the first critic always, as in TD3, and not the one of the least
   *     value, as in soft actor-critic
   * @return the sum of the values that count
   */
  public double actorGradient(
      float[] values, int count, float scale, boolean first, float[] gradients) {
    Arrays.fill(gradients, 0, count * critics, 0);
    double sum = 0;
    for (int row = 0; row < count; row++) {
      int at = row * critics + (first ? 0 : least(values, row));
      gradients[at] = -scale;
      sum += values[at];
    }
    return sum;
  }
}
