package org.mobula.core.algorithm.pqn;

import java.util.Arrays;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.experience.Experience;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ObservationEncoder;

/** The gradient of some rows of a minibatch: one for each gradient worker. */
final class PqnGradient implements GradientPart {
  private final Network network;
  private final ObservationEncoder encoder;
  private final boolean normalized;
  private final float[] features;
  private final int[] actions;
  private final float[] targets;
  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] gradient;
  private int count;
  private double lossSum;

  PqnGradient(LearnerSetup setup, int capacity) {
    network = setup.engine().create(setup.policy().network());
    encoder = new ObservationEncoder(setup.policy().observationSpace());
    normalized = setup.observationClip() > 0;
    features = new float[capacity * network.inputs()];
    actions = new int[capacity];
    targets = new float[capacity];
    outputs = new float[capacity * network.outputs()];
    outputGradients = new float[outputs.length];
    gradient = new float[network.layout().size()];
  }

  /** Takes the rows {@code order[first]} to {@code order[last − 1]}. */
  void gather(Experience experience, float[] returns, int[] order, int first, int last) {
    int width = network.inputs();
    count = last - first;
    for (int i = 0; i < count; i++) {
      int row = order[first + i];
      if (normalized) {
        float[] seen = experience.column(SamplingActor.FEATURES);
        System.arraycopy(seen, row * width, features, i * width, width);
      } else {
        encoder.flattenRow(experience.observations, row, features, i);
      }
      actions[i] = (int) experience.actions[row];
      targets[i] = returns[row];
    }
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    lossSum = 0;
    if (count == 0) {
      Arrays.fill(gradient, 0);
      return;
    }
    network.setParameters(parameters);
    network.forward(features, count, outputs);
    lossSum = loss(outputs, actions, targets, count, 1f / minibatchSize, outputGradients);
    network.backward(outputGradients, gradient, null);
  }

  /**
   * The squared errors of the actions taken, as CleanRL has them: without a factor of ½.
   *
   * @param values {@code [count][action]}
   * @param scale one over the rows of the whole minibatch
   * @param gradients receives the mean loss differentiated by each of the values
   * @return the sum over the rows
   */
  static double loss(
      float[] values, int[] actions, float[] targets, int count, float scale, float[] gradients) {
    int width = values.length / targets.length;
    Arrays.fill(gradients, 0, count * width, 0);
    double sum = 0;
    for (int row = 0; row < count; row++) {
      float error = values[row * width + actions[row]] - targets[row];
      gradients[row * width + actions[row]] = 2 * scale * error;
      sum += error * error;
    }
    return sum;
  }

  @Override
  public float[] gradient() {
    return gradient;
  }

  /** Sum of the losses of the last {@link #compute}. */
  double lossSum() {
    return lossSum;
  }

  @Override
  public void close() {
    network.close();
  }
}
