package org.mobula.core.algorithm.a2c;

import java.util.Arrays;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.experience.Experience;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.PolicySpec;

/**
 * Computes the gradient of the loss of some rows of experience: one for each gradient worker.
 * Allocates nothing once it is made.
 */
final class A2cGradient implements GradientPart {
  private final A2cLoss loss;
  private final Network network;
  private final ActionHead head;
  private final ObservationEncoder encoder;
  private final boolean normalized;
  private final int featureSize;
  private final int actionSize;
  private final int maskSize;
  private final float[] features;
  private final float[] actions;
  private final boolean[] masks;
  private final float[] advantages;
  private final float[] returns;
  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] gradient;
  private int count;

  A2cGradient(A2cConfig config, LearnerSetup setup, int capacity) {
    PolicySpec policy = setup.policy();
    network = setup.engine().create(policy.network());
    head = policy.actionHead();
    loss =
        new A2cLoss(
            head.distribution(),
            (float) config.entropyCoefficient(),
            (float) config.valueCoefficient());
    encoder = new ObservationEncoder(policy.observationSpace());
    normalized = setup.observationClip() > 0;
    featureSize = policy.observationSpace().flatSize();
    actionSize = policy.actionSpace().size();
    maskSize = policy.masksActions() ? policy.actionSpace().maskSize() : 0;
    features = new float[capacity * featureSize];
    actions = new float[capacity * actionSize];
    masks = new boolean[capacity * maskSize];
    advantages = new float[capacity];
    returns = new float[capacity];
    outputs = new float[capacity * network.outputs()];
    outputGradients = new float[outputs.length];
    gradient = new float[network.layout().size()];
  }

  /** Takes the rows {@code first} to {@code last − 1}. */
  void gather(
      Experience experience, float[] allAdvantages, float[] allReturns, int first, int last) {
    count = last - first;
    if (normalized) {
      float[] seen = experience.column(SamplingActor.FEATURES);
      System.arraycopy(seen, first * featureSize, features, 0, count * featureSize);
    } else {
      for (int i = 0; i < count; i++) {
        encoder.flattenRow(experience.observations, first + i, features, i);
      }
    }
    System.arraycopy(experience.actions, first * actionSize, actions, 0, count * actionSize);
    System.arraycopy(experience.masks, first * maskSize, masks, 0, count * maskSize);
    System.arraycopy(allAdvantages, first, advantages, 0, count);
    System.arraycopy(allReturns, first, returns, 0, count);
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    if (count == 0) {
      Arrays.fill(gradient, 0);
      loss.clear();
      return;
    }
    network.setParameters(parameters);
    network.forward(features, count, outputs);
    if (maskSize > 0) {
      for (int i = 0; i < count; i++) {
        head.mask(outputs, i * network.outputs(), masks, i * maskSize);
      }
    }
    loss.gradient(
        outputs, actions, advantages, returns, count, 1f / minibatchSize, outputGradients);
    network.backward(outputGradients, gradient, null);
  }

  @Override
  public float[] gradient() {
    return gradient;
  }

  /** What the last {@link #compute} measured on the way. */
  A2cLoss loss() {
    return loss;
  }

  @Override
  public void close() {
    network.close();
  }
}
