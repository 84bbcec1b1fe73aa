package org.mobula.core.algorithm.iql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.CriticLoss;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LikelihoodLoss;
import org.mobula.core.algorithm.TransitionRows;
import org.mobula.core.algorithm.WorkerNetwork;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.policy.ObservationNormalizer;

/**
 * Computes the gradients of a minibatch, or of a part of it: one for each gradient worker. All
 * three are taken at the parameters before the minibatch's steps, and stand side by side: the
 * policy's, the critics', the value's. Allocates nothing once it is made.
 */
final class IqlGradient implements GradientPart {
  private final IqlLoss loss;
  private final CriticLoss criticLoss;
  private final LikelihoodLoss likelihood;
  private final TransitionRows rows;
  final WorkerNetwork policy;
  final WorkerNetwork critics;
  final WorkerNetwork value;
  final WorkerNetwork target;

  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] criticValues;
  private final float[] criticGradients;
  private final float[] values;
  private final float[] nextValues;
  private final float[] valueGradients;
  private final float[] least;
  private final float[] targets;
  private final float[] weights;
  private final float[] errors;
  private final float[] policyGradient;
  private final float[] criticsGradient;
  private final float[] valueGradient;
  private final float[] gradient;
  private double policyLossSum;
  private double criticLossSum;
  private double valueLossSum;
  private double valueSum;
  private double weightSum;

  IqlGradient(IqlConfig config, LearnerSetup setup, ReplayBatch batch, int capacity) {
    NetworkSpec policyForm = setup.policy().network();
    NetworkSpec criticsForm = setup.network(IqlConfig.CRITICS);
    NetworkSpec valueForm = setup.network(IqlConfig.VALUE);
    loss =
        new IqlLoss(
            (float) config.expectile(),
            (float) config.advantageScale(),
            (float) config.greatestWeight());
    criticLoss = new CriticLoss(config.critics(), 1);
    likelihood = new LikelihoodLoss(setup.policy());
    rows = new TransitionRows(setup.policy(), batch, capacity);
    policy = new WorkerNetwork(setup.engine().create(policyForm));
    critics = new WorkerNetwork(setup.engine().create(criticsForm));
    value = new WorkerNetwork(setup.engine().create(valueForm));
    target = new WorkerNetwork(setup.engine().create(criticsForm));
    outputs = new float[capacity * policyForm.outputs()];
    outputGradients = new float[outputs.length];
    criticValues = new float[capacity * criticsForm.outputs()];
    criticGradients = new float[criticValues.length];
    values = new float[capacity];
    nextValues = new float[capacity];
    valueGradients = new float[capacity];
    least = new float[capacity];
    targets = new float[capacity];
    weights = new float[capacity];
    errors = new float[capacity];
    policyGradient = new float[policyForm.layout().size()];
    criticsGradient = new float[criticsForm.layout().size()];
    valueGradient = new float[valueForm.layout().size()];
    gradient = new float[policyGradient.length + criticsGradient.length + valueGradient.length];
  }

  /** Normalises observations by this from now on; null leaves them as they are. */
  void set(@Nullable ObservationNormalizer normalizer) {
    rows.set(normalizer);
  }

  /** Takes the rows {@code first} to {@code last − 1} of the minibatch. */
  void gather(int first, int last) {
    rows.gather(first, last);
  }

  @Override
  public int count() {
    return rows.count();
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    policyLossSum = 0;
    criticLossSum = 0;
    valueLossSum = 0;
    valueSum = 0;
    weightSum = 0;
    int count = rows.count();
    if (count == 0) {
      Arrays.fill(gradient, 0);
      return;
    }
    float scale = 1f / minibatchSize;
    float[] taken = rows.join(rows.features, rows.actions);
    target.get().forward(taken, count, criticValues);
    for (int row = 0; row < count; row++) {
      least[row] = criticLoss.leastValue(criticValues, row);
    }
    value.get().forward(rows.nextFeatures, count, nextValues);
    value.get().forward(rows.features, count, values);
    valueLossSum = loss.gradient(least, values, count, scale, valueGradients, weights);
    value.get().backward(valueGradients, valueGradient, null);

    for (int row = 0; row < count; row++) {
      targets[row] =
          rows.discounts[row] == 0
              ? rows.rewards[row]
              : rows.rewards[row] + rows.discounts[row] * nextValues[row];
      valueSum += values[row];
      weightSum += weights[row];
    }
    critics.get().forward(taken, count, criticValues);
    criticLossSum =
        criticLoss.gradient(
            criticValues, targets, rows.weights, count, scale, criticGradients, errors);
    critics.get().backward(criticGradients, criticsGradient, null);

    policy.get().forward(rows.features, count, outputs);
    policyLossSum =
        likelihood.gradient(outputs, rows.actions, weights, count, scale, outputGradients);
    policy.get().backward(outputGradients, policyGradient, null);

    System.arraycopy(policyGradient, 0, gradient, 0, policyGradient.length);
    System.arraycopy(criticsGradient, 0, gradient, policyGradient.length, criticsGradient.length);
    System.arraycopy(
        valueGradient, 0, gradient, gradient.length - valueGradient.length, valueGradient.length);
  }

  @Override
  public float[] gradient() {
    return gradient;
  }

  /** Sum of the policy's weighted losses. */
  double policyLossSum() {
    return policyLossSum;
  }

  /** Sum of the critics' losses. */
  double criticLossSum() {
    return criticLossSum;
  }

  /** Sum of the value's losses. */
  double valueLossSum() {
    return valueLossSum;
  }

  /** Sum of the values of the observations. */
  double valueSum() {
    return valueSum;
  }

  /** Sum of the weights in the policy's loss. */
  double weightSum() {
    return weightSum;
  }

  @Override
  public void close() {
    policy.close();
    critics.close();
    value.close();
    target.close();
  }
}
