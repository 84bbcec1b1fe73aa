package org.mobula.core.algorithm.ppo;

import java.util.Arrays;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;

/**
 * Computes the gradient of a minibatch's loss, or of a part of it: one for each gradient worker.
 * Allocates nothing once it is made.
 */
final class PpoGradient implements AutoCloseable {
  private final Network network;
  private final ActionHead head;
  private final PpoLoss loss;
  private final int maskSize;
  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] gradient;
  private final PpoLoss.Measurements measurements = new PpoLoss.Measurements();

  /**
   * For parts of at most so many rows.
   *
   * @param rows capacity
   */
  PpoGradient(PolicySpec policy, NetworkEngine engine, int rows) {
    this.network = engine.create(policy.network());
    this.head = policy.head();
    this.loss = new PpoLoss(head.distribution());
    this.maskSize = policy.actionSpace().maskSize();
    this.outputs = new float[rows * network.outputs()];
    this.outputGradients = new float[rows * network.outputs()];
    this.gradient = new float[network.layout().size()];
  }

  /** The gradient of the last {@link #compute}. */
  float[] gradient() {
    return gradient;
  }

  /** What the last {@link #compute} measured on the way. */
  PpoLoss.Measurements measurements() {
    return measurements;
  }

  /**
   * Computes the part's share of the minibatch's mean loss and its gradient.
   *
   * @param parameters at which the gradient is taken
   * @param rows the part of the minibatch
   * @param minibatchSize rows of the whole minibatch
   */
  void compute(
      float[] parameters, PpoMinibatch rows, int minibatchSize, PpoLoss.Coefficients coefficients) {
    int count = rows.count();
    if (count == 0) { // the last minibatch may have fewer rows than there are workers
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
