package org.mobula.core.algorithm.ppo;

import org.mobula.core.experience.Rollout;

/**
 * A minibatch, or a gradient worker's part of one: rows of a rollout, gathered into arrays of their
 * own; filled again for each minibatch.
 */
final class PpoMinibatch {
  final float[] features;
  final float[] actions;
  final boolean[] masks;
  final float[] logProbabilities;
  final float[] advantages;
  final float[] returns;
  final float[] values;
  private final int featureSize;
  private final int actionSize;
  private final int maskSize;
  private boolean masked;
  private int count;

  PpoMinibatch(int capacity, int featureSize, int actionSize, int maskSize) {
    this.featureSize = featureSize;
    this.actionSize = actionSize;
    this.maskSize = maskSize;
    this.features = new float[capacity * featureSize];
    this.actions = new float[capacity * actionSize];
    this.masks = new boolean[capacity * maskSize];
    this.logProbabilities = new float[capacity];
    this.advantages = new float[capacity];
    this.returns = new float[capacity];
    this.values = new float[capacity];
  }

  /** Rows gathered. */
  int count() {
    return count;
  }

  /** Whether the rows have action masks. */
  boolean masked() {
    return masked;
  }

  /** Takes the rows {@code order[from]} to {@code order[to − 1]}. */
  void gather(
      Rollout rollout, float[] allAdvantages, float[] allReturns, int[] order, int from, int to) {
    count = to - from;
    masked = rollout.maskSize() > 0;
    for (int i = 0; i < count; i++) {
      int row = order[from + i];
      copyRow(rollout.features, row, features, i, featureSize);
      copyRow(rollout.actions, row, actions, i, actionSize);
      for (int k = 0; masked && k < maskSize; k++) {
        masks[i * maskSize + k] = rollout.masks[row * maskSize + k];
      }
      logProbabilities[i] = rollout.logProbabilities[row];
      values[i] = rollout.values[row];
      advantages[i] = allAdvantages[row];
      returns[i] = allReturns[row];
    }
  }

  private static void copyRow(float[] source, int row, float[] target, int targetRow, int width) {
    for (int k = 0; k < width; k++) {
      target[targetRow * width + k] = source[row * width + k];
    }
  }

  /** Replaces each advantage A by (A − mean) · scale. */
  void normalizeAdvantages(float mean, float scale) {
    for (int i = 0; i < count; i++) {
      advantages[i] = (advantages[i] - mean) * scale;
    }
  }
}
