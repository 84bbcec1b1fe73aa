package org.mobula.core.algorithm.imitation;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LikelihoodLoss;
import org.mobula.core.algorithm.TransitionRows;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ObservationNormalizer;

/** The gradient of some rows of a minibatch: one for each gradient worker. */
final class ImitationGradient implements GradientPart {
  private final ImitationLoss loss;
  private final @Nullable LikelihoodLoss likelihood;
  private final TransitionRows rows;
  private final Network network;
  private final int outputSize;
  private final float[] outputs;
  private final float[] nextOutputs;
  private final float[] outputGradients;
  private final float[] weights;
  private final float[] returns;
  private final float[] gradient;
  private float deviation = 1;
  private double policyLossSum;
  private double valueLossSum;
  private double weightSum;

  ImitationGradient(ImitationLoss loss, LearnerSetup setup, ReplayBatch batch, int capacity) {
    this.loss = loss;
    likelihood =
        loss instanceof ImitationLoss.SquaredError ? null : new LikelihoodLoss(setup.policy());
    rows = new TransitionRows(setup.policy(), batch, capacity);
    network = setup.engine().create(setup.policy().network());
    outputSize = network.outputs();
    outputs = new float[capacity * outputSize];
    nextOutputs = new float[outputs.length];
    outputGradients = new float[outputs.length];
    weights = new float[capacity];
    returns = new float[capacity];
    gradient = new float[network.layout().size()];
  }

  /** Normalises observations by this from now on; null leaves them as they are. */
  void set(@Nullable ObservationNormalizer normalizer) {
    rows.set(normalizer);
  }

  /**
   * Takes the rows {@code first} to {@code last − 1} of the minibatch.
   *
   * @param advantageDeviation c of {@link ImitationLoss.AdvantageWeighted}
   */
  void gather(int first, int last, float advantageDeviation) {
    rows.gather(first, last);
    deviation = advantageDeviation;
  }

  @Override
  public int count() {
    return rows.count();
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    policyLossSum = 0;
    valueLossSum = 0;
    weightSum = 0;
    int count = rows.count();
    if (count == 0) {
      Arrays.fill(gradient, 0);
      return;
    }
    float scale = 1f / minibatchSize;
    network.setParameters(parameters);
    if (loss instanceof ImitationLoss.AdvantageWeighted weighted) {
      // First what is no part of the gradient: its pass would overwrite what backward needs.
      network.forward(rows.nextFeatures, count, nextOutputs);
      network.forward(rows.features, count, outputs);
      weigh(weighted, count);
      policyLossSum = imitate(count, scale);
      addValueGradient(weighted, count, scale);
    } else {
      network.forward(rows.features, count, outputs);
      Arrays.fill(weights, 0, count, 1);
      weightSum = count;
      policyLossSum =
          loss instanceof ImitationLoss.SquaredError squared
              ? squared.gradient(outputs, rows.actions, count, scale, outputGradients)
              : imitate(count, scale);
    }
    network.backward(outputGradients, gradient, null);
  }

  private double imitate(int count, float scale) {
    LikelihoodLoss known = likelihood;
    return known == null
        ? 0
        : known.gradient(outputs, rows.actions, weights, count, scale, outputGradients);
  }

  /**
   * The return of a row is what was rewarded, and where the episode was cut off the value there.
   */
  private void weigh(ImitationLoss.AdvantageWeighted weighted, int count) {
    for (int row = 0; row < count; row++) {
      int value = (row + 1) * outputSize - 1;
      returns[row] =
          rows.discounts[row] == 0
              ? rows.rewards[row]
              : rows.rewards[row] + rows.discounts[row] * nextOutputs[value];
      weights[row] = weighted.weight(returns[row] - outputs[value], deviation);
      weightSum += weights[row];
    }
  }

  private void addValueGradient(ImitationLoss.AdvantageWeighted weighted, int count, float scale) {
    for (int row = 0; row < count; row++) {
      int value = (row + 1) * outputSize - 1;
      float error = outputs[value] - returns[row];
      outputGradients[value] = 2 * weighted.valueCoefficient() * scale * error;
      valueLossSum += (double) error * error;
    }
  }

  @Override
  public float[] gradient() {
    return gradient;
  }

  /** Sum of the weighted losses of the policy. */
  double policyLossSum() {
    return policyLossSum;
  }

  /** Sum of the squared errors of the value, which are the squared advantages. */
  double valueLossSum() {
    return valueLossSum;
  }

  /** Sum of the weights. */
  double weightSum() {
    return weightSum;
  }

  @Override
  public void close() {
    network.close();
  }
}
