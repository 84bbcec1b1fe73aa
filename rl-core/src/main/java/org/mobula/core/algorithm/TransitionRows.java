package org.mobula.core.algorithm;

import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySpec;

/**
 * Some rows of a minibatch of transitions as policies and critics take them; made once, and filled
 * again for each minibatch. Arrays may be longer than the rows in use.
 */
public final class TransitionRows {
  /** Features of the observations, {@code [row][feature]}. */
  public final float[] features;

  /** Features of the next observations, {@code [row][feature]}. */
  public final float[] nextFeatures;

  /** The actions that were taken, {@code [row][number]}. */
  public final float[] actions;

  /** One a row. */
  public final float[] rewards;

  /** What the value of the next observation counts, one a row; 0 after a terminal state. */
  public final float[] discounts;

  /** Importance weights, one a row. */
  public final float[] weights;

  private final ReplayBatch batch;
  private final ObservationEncoder encoder;
  private final int featureSize;
  private final int actionSize;
  private final float[] inputs;
  private int first;
  private int count;

  /** Room for so many rows of the minibatch. */
  public TransitionRows(PolicySpec policy, ReplayBatch batch, int capacity) {
    this.batch = batch;
    encoder = new ObservationEncoder(policy.observationSpace());
    featureSize = policy.observationSpace().flatSize();
    actionSize = policy.actionSpace().size();
    features = new float[Math.multiplyExact(capacity, featureSize)];
    nextFeatures = new float[features.length];
    actions = new float[Math.multiplyExact(capacity, actionSize)];
    rewards = new float[capacity];
    discounts = new float[capacity];
    weights = new float[capacity];
    inputs = new float[features.length + actions.length];
  }

  /** Normalises observations by this from now on; null leaves them as they are. */
  public void set(@Nullable ObservationNormalizer normalizer) {
    encoder.set(normalizer);
  }

  /** Takes the rows {@code first} to {@code last − 1} of the minibatch. */
  public void gather(int first, int last) {
    this.first = first;
    count = last - first;
    for (int i = 0; i < count; i++) {
      encoder.flattenRow(batch.observations, first + i, features, i);
      encoder.flattenRow(batch.nextObservations, first + i, nextFeatures, i);
    }
    encoder.normalize(features, count);
    encoder.normalize(nextFeatures, count);
    System.arraycopy(batch.actions, first * actionSize, actions, 0, count * actionSize);
    System.arraycopy(batch.rewards, first, rewards, 0, count);
    System.arraycopy(batch.discounts, first, discounts, 0, count);
    System.arraycopy(batch.weights, first, weights, 0, count);
  }

  /** The row of the minibatch that row 0 is. */
  public int first() {
    return first;
  }

  /** Rows in use. */
  public int count() {
    return count;
  }

  /**
   * Features and actions side by side, as critics take them.
   *
   * @return {@code [row][features, action]}, until the next call
   */
  public float[] join(float[] observed, float[] acted) {
    int width = featureSize + actionSize;
    for (int row = 0; row < count; row++) {
      int to = row * width;
      for (int i = 0; i < featureSize; i++) { // a few numbers, mostly
        inputs[to + i] = observed[row * featureSize + i];
      }
      for (int i = 0; i < actionSize; i++) {
        inputs[to + featureSize + i] = acted[row * actionSize + i];
      }
    }
    return inputs;
  }

  /**
   * Takes the actions' part of a gradient at the critics' inputs.
   *
   * @param inputGradients {@code [row][features, action]}
   * @param actionGradients receives {@code [row][number]}
   */
  public void actionGradients(float[] inputGradients, float[] actionGradients) {
    int width = featureSize + actionSize;
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < actionSize; i++) {
        actionGradients[row * actionSize + i] = inputGradients[row * width + featureSize + i];
      }
    }
  }
}
