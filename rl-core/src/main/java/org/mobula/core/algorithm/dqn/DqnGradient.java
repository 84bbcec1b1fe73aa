package org.mobula.core.algorithm.dqn;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.TargetNetwork;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.network.Network;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySpec;

/**
 * Computes the gradient of a minibatch's loss, or of a part of it: one for each gradient worker.
 * Allocates nothing once it is made.
 */
final class DqnGradient implements GradientPart {
  private final ActionValues values;
  private final ValueLoss loss;
  private final ValueRows rows;
  private final ObservationEncoder encoder;
  private final Network online;
  private final Network target;
  private final boolean doubleQ;
  private final @Nullable Dueling dueling;
  private final int maskSize;
  private final float[] features;
  private final float[] nextFeatures;
  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] nextValues;
  private final float[] gradient;
  private double lossSum;
  private double valueSum;

  DqnGradient(DqnConfig config, LearnerSetup setup, ReplayBatch batch, int capacity) {
    PolicySpec policy = setup.policy();
    int actions = policy.actionSpace().maskSize();
    values = config.values();
    loss = ValueLoss.of(values);
    rows = new ValueRows(batch, capacity, actions, values.width());
    encoder = new ObservationEncoder(policy.observationSpace());
    online = setup.engine().create(policy.network());
    target = setup.engine().create(policy.network());
    doubleQ = config.doubleQ();
    dueling = config.dueling() ? new Dueling(actions, values.width()) : null;
    int featureSize = policy.observationSpace().flatSize();
    maskSize = policy.masksActions() ? actions : 0;
    features = new float[capacity * featureSize];
    nextFeatures = new float[capacity * featureSize];
    outputs = new float[capacity * online.outputs()];
    outputGradients = new float[outputs.length];
    nextValues = new float[capacity * actions];
    gradient = new float[online.layout().size()];
  }

  /** Normalises observations by this from now on; null leaves them as they are. */
  void set(@Nullable ObservationNormalizer normalizer) {
    encoder.set(normalizer);
  }

  /** Takes the target network's parameters as they are now. */
  void set(TargetNetwork parameters) {
    target.setParameters(parameters.parameters());
  }

  /** Takes the rows {@code first} to {@code last − 1} of the minibatch. */
  void gather(int first, int last) {
    rows.first = first;
    rows.count = last - first;
    for (int i = 0; i < rows.count; i++) {
      encoder.flattenRow(rows.batch.observations, first + i, features, i);
      encoder.flattenRow(rows.batch.nextObservations, first + i, nextFeatures, i);
    }
    encoder.normalize(features, rows.count);
    encoder.normalize(nextFeatures, rows.count);
  }

  @Override
  public int count() {
    return rows.count;
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    lossSum = 0;
    valueSum = 0;
    if (rows.count == 0) {
      Arrays.fill(gradient, 0);
      return;
    }
    online.setParameters(parameters);
    forward(target, nextFeatures, rows.nextValues);
    if (doubleQ) {
      forward(online, nextFeatures, rows.values);
      choose(rows.values);
    } else {
      choose(rows.nextValues);
    }
    forward(online, features, rows.values);
    lossSum = loss.gradient(rows, 1f / minibatchSize);
    for (int row = 0; row < rows.count; row++) {
      int taken = row * rows.actions + rows.action(row);
      valueSum += values.expected(rows.values, taken * values.width());
    }
    if (dueling == null) {
      online.backward(rows.gradients, gradient, null);
    } else {
      dueling.spread(rows.gradients, rows.count, outputGradients);
      online.backward(outputGradients, gradient, null);
    }
  }

  private void forward(Network network, float[] observed, float[] to) {
    if (dueling == null) {
      network.forward(observed, rows.count, to);
    } else {
      network.forward(observed, rows.count, outputs);
      dueling.combine(outputs, rows.count, to);
    }
  }

  private void choose(float[] selector) {
    for (int i = 0; i < rows.count * rows.actions; i++) {
      nextValues[i] = values.expected(selector, i * values.width());
    }
    for (int row = 0; row < rows.count; row++) {
      rows.nextActions[row] =
          ValueLoss.best(
              nextValues,
              row * rows.actions,
              rows.actions,
              rows.batch.nextMasks,
              (rows.first + row) * maskSize);
    }
  }

  @Override
  public float[] gradient() {
    return gradient;
  }

  /** Copies the errors of the part's rows to their place in the minibatch. */
  void copyErrors(float[] errors) {
    System.arraycopy(rows.errors, 0, errors, rows.first, rows.count);
  }

  /** Sum of the weighted losses of the last {@link #compute}. */
  double lossSum() {
    return lossSum;
  }

  /** Sum of the values of the actions taken. */
  double valueSum() {
    return valueSum;
  }

  @Override
  public void close() {
    online.close();
    target.close();
  }
}
