package org.mobula.core.algorithm.dqn;

import org.mobula.core.experience.ReplayBatch;

/**
 * Some rows of a minibatch with what the networks say of them; made once, and filled again for each
 * minibatch. Values are {@code [row][action][width]}.
 */
final class ValueRows {
  final int actions;

  /** Values of the network that learns, at the observations. */
  final float[] values;

  /** Values of the target network, at the next observations. */
  final float[] nextValues;

  /** The next action of each row. */
  final int[] nextActions;

  /** The loss differentiated by each of {@link #values}. */
  final float[] gradients;

  /** Of each row what its priority follows. */
  final float[] errors;

  /** The minibatch, of which actions, rewards, discounts and weights are read. */
  final ReplayBatch batch;

  /** The row of the minibatch that row 0 is. */
  int first;

  /** Rows in use. */
  int count;

  /** Room for so many rows. */
  ValueRows(ReplayBatch batch, int capacity, int actions, int width) {
    this.batch = batch;
    this.actions = actions;
    values = new float[Math.multiplyExact(capacity, actions * width)];
    nextValues = new float[values.length];
    gradients = new float[values.length];
    nextActions = new int[capacity];
    errors = new float[capacity];
  }

  /** The action that was taken in a row. */
  int action(int row) {
    return (int) batch.actions[first + row];
  }

  float reward(int row) {
    return batch.rewards[first + row];
  }

  float discount(int row) {
    return batch.discounts[first + row];
  }

  float weight(int row) {
    return batch.weights[first + row];
  }

  /**
   * The target of a row for one of its next values: nothing follows a terminal state, be it no
   * number.
   */
  float target(int row, float nextValue) {
    float discount = discount(row);
    return discount == 0 ? reward(row) : reward(row) + discount * nextValue;
  }
}
