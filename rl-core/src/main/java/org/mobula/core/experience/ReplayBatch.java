package org.mobula.core.experience;

/**
 * A minibatch of transitions, made once and filled again by {@link ReplayMemory#sample}. Arrays are
 * {@code [row]} or {@code [row][number]}, row-major; they may be longer than the minibatch.
 */
public final class ReplayBatch {
  /** Rows at most. */
  public final int capacity;

  /** Observations that the actions answered, as the environment wrote them, in its numbers. */
  public final float[] observations;

  /** Actions as they were stored. */
  public final float[] actions;

  /** Σ γᵏ·r over the steps of the window, in the environment's unit. */
  public final float[] rewards;

  /**
   * What the value of the next observation counts in a target: γ to the power of the window's
   * steps, and 0 where the window ended in a terminal state. A window that a time limit cut off
   * counts it.
   */
  public final float[] discounts;

  /** Observations after the window: of the same episode always. */
  public final float[] nextObservations;

  /** Allowed choices at the observations; empty where actions are not masked. */
  public final boolean[] masks;

  /** Allowed choices at the next observations; empty where actions are not masked. */
  public final boolean[] nextMasks;

  /**
   * Importance weights, the greatest of the minibatch being 1; all 1 where sampling is uniform.
   * They belong on the losses of the rows.
   */
  public final float[] weights;

  /** Where the rows lie in the memory. */
  final int[] cells;

  int count;

  /** An empty minibatch of transitions of this shape. */
  public ReplayBatch(ReplayShape shape, int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity is " + capacity + " but must be >= 1");
    }
    this.capacity = capacity;
    observations = new float[Math.multiplyExact(capacity, shape.observationSize())];
    nextObservations = new float[observations.length];
    actions = new float[Math.multiplyExact(capacity, shape.actionSize())];
    masks = new boolean[Math.multiplyExact(capacity, shape.maskSize())];
    nextMasks = new boolean[masks.length];
    rewards = new float[capacity];
    discounts = new float[capacity];
    weights = new float[capacity];
    cells = new int[capacity];
  }

  /** Rows that the last sampling filled. */
  public int count() {
    return count;
  }
}
