package org.mobula.core.algorithm.ppo;

import java.util.Arrays;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicySpec;

/**
 * Computes the gradient of a minibatch's loss, or of a part of it: one for each gradient worker.
 * Allocates nothing once it is made.
 */
final class PpoGradient implements GradientPart {
  private final PpoMinibatch rows;
  private final Network network;
  private final ActionHead head;
  private final PpoLoss loss;
  private final int maskSize;
  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] gradient;
  private final PpoLoss.Measurements measurements = new PpoLoss.Measurements();
  private PpoLoss.Coefficients coefficients = new PpoLoss.Coefficients(0, 0, 0, 0);

  /**
   * For parts of at most so many rows.
   *
   * @param capacity rows
   */
  PpoGradient(LearnerSetup setup, int capacity) {
    PolicySpec policy = setup.policy();
    this.rows = new PpoMinibatch(setup, capacity);
    this.network = setup.engine().create(policy.network());
    this.head = policy.actionHead();
    this.loss = new PpoLoss(head.distribution());
    this.maskSize = policy.actionSpace().maskSize();
    this.outputs = new float[capacity * network.outputs()];
    this.outputGradients = new float[capacity * network.outputs()];
    this.gradient = new float[network.layout().size()];
  }

  /** The part's rows, to be gathered before {@link #compute}. */
  PpoMinibatch rows() {
    return rows;
  }

  /** Weights and ranges of the loss from now on. */
  void set(PpoLoss.Coefficients next) {
    coefficients = next;
  }

  @Override
  public int count() {
    return rows.count();
  }

  @Override
  public float[] gradient() {
    return gradient;
  }

  /** What the last {@link #compute} measured on the way. */
  PpoLoss.Measurements measurements() {
    return measurements;
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    int count = rows.count();
    if (count == 0) {
      Arrays.fill(gradient, 0);
      measurements.clear();
      return;
    }
    network.setParameters(parameters);
    network.forward(rows.features, count, outputs);
    if (rows.masked()) {
      for (int i = 0; i < count; i++) {
        head.mask(outputs, i * network.outputs(), rows.masks, i * maskSize);
      }
    }
    loss.gradient(outputs, rows, 1f / minibatchSize, coefficients, outputGradients, measurements);
    network.backward(outputGradients, gradient, null);
  }

  @Override
  public void close() {
    network.close();
  }
}
