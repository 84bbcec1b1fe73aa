package org.mobula.core.algorithm;

import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.experience.ReplayShape;
import org.mobula.core.experience.ReplayShape.Encoding;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Minibatches whose gradients are held to differences. */
public final class TransitionBatches {
  private TransitionBatches() {}

  /** Transitions of random numbers, the first of which ends an episode. */
  public static ReplayBatch random(int rows, int observationSize, Space actions) {
    int numbers = actions.size();
    ReplayBatch batch =
        new ReplayBatch(
            new ReplayShape(2, 1, observationSize, 1, Encoding.FLOAT, numbers, 0), rows);
    fill(batch.observations, 11);
    fill(batch.nextObservations, 12);
    fill(batch.rewards, 13);
    fill(batch.actions, 14);
    for (int i = 0; i < rows * numbers; i++) {
      batch.actions[i] =
          actions instanceof Discrete choices
              ? i % choices.n()
              : (float) Math.tanh(batch.actions[i]);
    }
    for (int row = 0; row < rows; row++) {
      batch.discounts[row] = row == 0 ? 0 : 0.9f;
      batch.weights[row] = 1 / (1 + 0.5f * row);
    }
    return batch;
  }

  private static void fill(float[] numbers, long seed) {
    System.arraycopy(
        FiniteDifferences.numbers(numbers.length, seed), 0, numbers, 0, numbers.length);
  }
}
