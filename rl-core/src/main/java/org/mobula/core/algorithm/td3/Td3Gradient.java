package org.mobula.core.algorithm.td3;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.CriticLoss;
import org.mobula.core.algorithm.GradientPart;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.TransitionRows;
import org.mobula.core.algorithm.WorkerNetwork;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.policy.ObservationNormalizer;

/**
 * Computes the gradients of a minibatch, or of a part of it: one for each gradient worker. First
 * that of the critics, then that of the policy through the critics after their step. Allocates
 * nothing once it is made.
 */
final class Td3Gradient implements GradientPart {
  private final CriticLoss criticLoss;
  private final Td3Loss loss;
  private final TransitionRows rows;
  final WorkerNetwork policy;
  final WorkerNetwork critics;
  final WorkerNetwork targetPolicy;
  final WorkerNetwork targetCritics;
  private final int dimensions;

  private final float[] noise;
  private final float[] actions;
  private final float[] values;
  private final float[] nextValues;
  private final float[] valueGradients;
  private final float[] inputGradients;
  private final float[] actionGradients;
  private final float[] targets;
  private final float[] errors;
  private final float[] criticsGradient;
  private final float[] policyGradient;

  /** Whether the policy's gradient is computed next, else the critics'. */
  private boolean ofPolicy;

  /** What Q counts in the policy's loss. */
  private float valueWeight = 1;

  private final boolean clones;

  private double criticLossSum;
  private double policyLossSum;
  private double valueSum;
  private double valueSizeSum;

  /**
   * Of so many rows at most.
   *
   * @param clones whether the policy is held to the actions that were taken, as TD3+BC's is
   */
  Td3Gradient(
      Td3Config config, boolean clones, LearnerSetup setup, ReplayBatch batch, int capacity) {
    this.clones = clones;
    NetworkSpec policyForm = setup.policy().network();
    NetworkSpec criticsForm = setup.network(Td3Config.CRITICS);
    dimensions = setup.policy().actionSpace().size();
    criticLoss = new CriticLoss(config.critics(), 1);
    loss = new Td3Loss(criticLoss, (float) config.targetNoise(), (float) config.targetNoiseClip());
    rows = new TransitionRows(setup.policy(), batch, capacity);
    policy = new WorkerNetwork(setup.engine().create(policyForm));
    critics = new WorkerNetwork(setup.engine().create(criticsForm));
    targetPolicy = new WorkerNetwork(setup.engine().create(policyForm));
    targetCritics = new WorkerNetwork(setup.engine().create(criticsForm));
    noise = new float[capacity * dimensions];
    actions = new float[noise.length];
    actionGradients = new float[noise.length];
    values = new float[capacity * criticsForm.outputs()];
    nextValues = new float[values.length];
    valueGradients = new float[values.length];
    inputGradients = new float[capacity * criticsForm.inputs()];
    targets = new float[capacity];
    errors = new float[capacity];
    criticsGradient = new float[criticsForm.layout().size()];
    policyGradient = new float[policyForm.layout().size()];
  }

  /** Normalises observations by this from now on; null leaves them as they are. */
  void set(@Nullable ObservationNormalizer normalizer) {
    rows.set(normalizer);
  }

  /** The critics' gradient is the next. */
  void turnToCritics() {
    ofPolicy = false;
  }

  /**
   * The policy's gradient is the next.
   *
   * @param weight of Q in its loss
   */
  void turnToPolicy(float weight) {
    valueWeight = weight;
    ofPolicy = true;
  }

  /**
   * Takes the rows {@code first} to {@code last − 1} of the minibatch.
   *
   * @param drawn standard normal numbers for the minibatch's next actions
   */
  void gather(int first, int last, float[] drawn) {
    rows.gather(first, last);
    int count = (last - first) * dimensions;
    System.arraycopy(drawn, first * dimensions, noise, 0, count);
  }

  @Override
  public int count() {
    return rows.count();
  }

  @Override
  public void compute(float[] parameters, int minibatchSize) {
    float scale = 1f / minibatchSize;
    if (rows.count() == 0) {
      Arrays.fill(gradient(), 0);
      criticLossSum = 0;
      policyLossSum = 0;
      valueSum = 0;
      valueSizeSum = 0;
    } else if (ofPolicy) {
      policyGradient(rows.count(), scale);
    } else {
      criticsGradient(rows.count(), scale);
    }
  }

  private void criticsGradient(int count, float scale) {
    targetPolicy.get().forward(rows.nextFeatures, count, actions);
    Td3Loss.squash(actions, count * dimensions);
    loss.smooth(actions, count * dimensions, noise);
    targetCritics.get().forward(rows.join(rows.nextFeatures, actions), count, nextValues);
    loss.targets(rows.rewards, rows.discounts, nextValues, targets, count);

    critics.get().forward(rows.join(rows.features, rows.actions), count, values);
    criticLossSum =
        criticLoss.gradient(values, targets, rows.weights, count, scale, valueGradients, errors);
    critics.get().backward(valueGradients, criticsGradient, null);
    valueSum = 0;
    valueSizeSum = 0;
    for (int row = 0; row < count; row++) {
      valueSum += criticLoss.leastValue(values, row);
      valueSizeSum += Math.abs(values[row * criticLoss.critics()]);
    }
  }

  private void policyGradient(int count, float scale) {
    policy.get().forward(rows.features, count, actions);
    Td3Loss.squash(actions, count * dimensions);
    critics.get().forward(rows.join(rows.features, actions), count, values);
    policyLossSum =
        -valueWeight
            * criticLoss.actorGradient(values, count, valueWeight * scale, true, valueGradients);
    critics.get().backward(valueGradients, null, inputGradients);
    rows.actionGradients(inputGradients, actionGradients);
    if (clones) {
      policyLossSum +=
          Td3Loss.addCloningGradient(
              actions, rows.actions, count, dimensions, scale, actionGradients);
    }
    Td3Loss.unsquash(actions, actionGradients, count * dimensions);
    policy.get().backward(actionGradients, policyGradient, null);
  }

  @Override
  public float[] gradient() {
    return ofPolicy ? policyGradient : criticsGradient;
  }

  /** Copies the errors of the part's rows to their place in the minibatch. */
  void copyErrors(float[] all) {
    System.arraycopy(errors, 0, all, rows.first(), rows.count());
  }

  /** Sum of the critics' weighted losses. */
  double criticLossSum() {
    return criticLossSum;
  }

  /** Sum of the policy's losses. */
  double policyLossSum() {
    return policyLossSum;
  }

  /** Sum of the first critic's values' sizes, of the actions taken. */
  double valueSizeSum() {
    return valueSizeSum;
  }

  /** Sum of the least values of the actions taken. */
  double valueSum() {
    return valueSum;
  }

  @Override
  public void close() {
    policy.close();
    critics.close();
    targetPolicy.close();
    targetCritics.close();
  }
}
