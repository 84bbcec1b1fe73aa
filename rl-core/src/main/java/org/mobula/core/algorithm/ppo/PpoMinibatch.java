package org.mobula.core.algorithm.ppo;

import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.experience.Experience;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.PolicySpec;

/**
 * A minibatch, or a gradient worker's part of one: rows of experience, gathered into arrays of
 * their own; filled again for each minibatch.
 */
final class PpoMinibatch {
  final float[] features;
  final float[] actions;
  final boolean[] masks;
  final float[] logProbabilities;
  final float[] advantages;
  final float[] returns;
  final float[] values;
  private final ObservationEncoder encoder;
  private final boolean normalized;
  private final int featureSize;
  private final int actionSize;
  private final int maskSize;
  private int count;

  PpoMinibatch(LearnerSetup setup, int capacity) {
    PolicySpec policy = setup.policy();
    this.encoder = new ObservationEncoder(policy.observationSpace());
    this.normalized = setup.observationClip() > 0;
    this.featureSize = policy.observationSpace().flatSize();
    this.actionSize = policy.actionSpace().size();
    this.maskSize = policy.masksActions() ? policy.actionSpace().maskSize() : 0;
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
    return maskSize > 0;
  }

  /** Takes the rows {@code order[from]} to {@code order[to − 1]}. */
  void gather(
      Experience experience,
      float[] allAdvantages,
      float[] allReturns,
      int[] order,
      int from,
      int to) {
    count = to - from;
    float[] allValues = experience.column(SamplingActor.VALUE);
    float[] allLogProbabilities = experience.column(SamplingActor.LOG_PROBABILITY);
    gatherFeatures(experience, order, from);
    for (int i = 0; i < count; i++) {
      int row = order[from + i];
      copyRow(experience.actions, row, actions, i, actionSize);
      for (int k = 0; k < maskSize; k++) {
        masks[i * maskSize + k] = experience.masks[row * maskSize + k];
      }
      logProbabilities[i] = allLogProbabilities[row];
      values[i] = allValues[row];
      advantages[i] = allAdvantages[row];
      returns[i] = allReturns[row];
    }
  }

  private void gatherFeatures(Experience experience, int[] order, int from) {
    if (normalized) {
      float[] seen = experience.column(SamplingActor.FEATURES);
      for (int i = 0; i < count; i++) {
        copyRow(seen, order[from + i], features, i, featureSize);
      }
    } else {
      for (int i = 0; i < count; i++) {
        encoder.flattenRow(experience.observations, order[from + i], features, i);
      }
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
