package org.mobula.core.algorithm.sac;

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
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * Computes the gradients of a minibatch, or of a part of it: one for each gradient worker. First
 * that of the critics, then that of the policy through the critics after their step. Allocates
 * nothing once it is made.
 */
final class SacGradient implements GradientPart {
  private final CriticLoss criticLoss;
  private final SacLoss loss;

  /** Null in a box. */
  private final @Nullable DiscreteSacLoss discrete;

  /** Of CQL; null where values are not held down. */
  private final @Nullable ConservativeLoss conservative;

  private final TransitionRows rows;
  final WorkerNetwork policy;
  final WorkerNetwork critics;
  final WorkerNetwork target;

  /** Numbers of an action in a box; else 0. */
  private final int dimensions;

  /** Of a Discrete action space; else 0. */
  private final int choices;

  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] noise;
  private final float[] nextNoise;
  private final float[] actions;
  private final float[] nextActions;
  private final float[] logProbabilities;
  private final float[] nextLogProbabilities;
  private final float[] values;
  private final float[] nextValues;
  private final float[] valueGradients;

  // Of the choices that were made, [row][critic].
  private final float[] chosenValues;
  private final float[] chosenGradients;

  private final float[] inputGradients;
  private final float[] actionGradients;
  private final float[] targets;
  private final float[] errors;

  // Of actions that CQL holds the values down at, [row][sample]; empty where it does not.
  private final float[] sampleNoise;
  private final float[] sampleActions;
  private final float[] sampleLogProbabilities;
  private final float[] sampleInputs;
  private final float[] sampleValues;
  private final float[] sampleGradients;
  private final float[] sampleCriticsGradient;

  private final float[] criticsGradient;
  private final float[] policyGradient;

  /** Whether the policy's gradient is computed next, else the critics'. */
  private boolean ofPolicy;

  private float temperature;
  private double criticLossSum;
  private double policyLossSum;
  private double valueSum;
  private double conservativeLossSum;

  SacGradient(
      SacConfig config,
      @Nullable ConservativeLoss conservative,
      LearnerSetup setup,
      ReplayBatch batch,
      int capacity) {
    this.conservative = conservative;
    NetworkSpec policyForm = setup.policy().network();
    NetworkSpec criticsForm = setup.network(SacConfig.CRITICS);
    Space actionSpace = setup.policy().actionSpace();
    choices = actionSpace instanceof Discrete space ? space.n() : 0;
    dimensions = choices > 0 ? 0 : actionSpace.size();
    criticLoss = new CriticLoss(config.critics(), 0.5f);
    loss = new SacLoss(actionSpace.size(), criticLoss);
    discrete = choices > 0 ? new DiscreteSacLoss(choices, config.critics()) : null;
    rows = new TransitionRows(setup.policy(), batch, capacity);
    policy = new WorkerNetwork(setup.engine().create(policyForm));
    critics = new WorkerNetwork(setup.engine().create(criticsForm));
    target = new WorkerNetwork(setup.engine().create(criticsForm));
    outputs = new float[capacity * policyForm.outputs()];
    outputGradients = new float[outputs.length];
    noise = new float[capacity * dimensions];
    nextNoise = new float[noise.length];
    actions = new float[noise.length];
    nextActions = new float[noise.length];
    actionGradients = new float[noise.length];
    logProbabilities = new float[capacity];
    nextLogProbabilities = new float[capacity];
    values = new float[capacity * criticsForm.outputs()];
    nextValues = new float[values.length];
    valueGradients = new float[values.length];
    chosenValues = new float[capacity * config.critics()];
    chosenGradients = new float[chosenValues.length];
    inputGradients = new float[capacity * criticsForm.inputs()];
    targets = new float[capacity];
    errors = new float[capacity];
    int samples = conservative == null ? 0 : capacity * conservative.samples();
    sampleNoise = new float[Math.multiplyExact(samples, dimensions)];
    sampleActions = new float[sampleNoise.length];
    sampleLogProbabilities = new float[samples];
    sampleInputs = new float[Math.multiplyExact(samples, criticsForm.inputs())];
    sampleValues = new float[samples * criticsForm.outputs()];
    sampleGradients = new float[sampleValues.length];
    criticsGradient = new float[criticsForm.layout().size()];
    sampleCriticsGradient = new float[conservative == null ? 0 : criticsGradient.length];
    policyGradient = new float[policyForm.layout().size()];
  }

  /** Normalises observations by this from now on; null leaves them as they are. */
  void set(@Nullable ObservationNormalizer normalizer) {
    rows.set(normalizer);
  }

  /** The critics' gradient is the next. */
  void turnToCritics(float presentTemperature) {
    temperature = presentTemperature;
    ofPolicy = false;
  }

  /** The policy's gradient is the next. */
  void turnToPolicy() {
    ofPolicy = true;
  }

  /**
   * Takes the rows {@code first} to {@code last − 1} of the minibatch.
   *
   * @param drawn standard normal numbers for the minibatch's actions, and then for its next ones
   */
  void gather(int first, int last, float[] drawn) {
    rows.gather(first, last);
    int count = (last - first) * dimensions;
    System.arraycopy(drawn, first * dimensions, noise, 0, count);
    System.arraycopy(drawn, drawn.length / 2 + first * dimensions, nextNoise, 0, count);
  }

  /**
   * Takes the numbers of the actions that values are held down at, after {@link #gather}.
   *
   * @param drawn as {@link ConservativeLoss#draw} left them, of the whole minibatch
   */
  void gatherSamples(float[] drawn) {
    if (conservative != null) {
      int width = conservative.samples() * dimensions;
      System.arraycopy(drawn, rows.first() * width, sampleNoise, 0, rows.count() * width);
    }
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
      conservativeLossSum = 0;
    } else if (discrete != null && ofPolicy) {
      policyGradient(discrete, rows.count(), scale);
    } else if (discrete != null) {
      criticsGradient(discrete, rows.count(), scale);
    } else if (ofPolicy) {
      policyGradient(rows.count(), scale);
    } else {
      criticsGradient(rows.count(), scale);
    }
  }

  private void criticsGradient(int count, float scale) {
    policy.get().forward(rows.nextFeatures, count, outputs);
    loss.act(outputs, count, nextNoise, nextActions, nextLogProbabilities);
    target.get().forward(rows.join(rows.nextFeatures, nextActions), count, nextValues);
    loss.targets(
        rows.rewards,
        rows.discounts,
        nextValues,
        nextLogProbabilities,
        temperature,
        targets,
        count);

    if (conservative != null) {
      sample(conservative, count);
    }
    float[] inputs = rows.join(rows.features, rows.actions);
    critics.get().forward(inputs, count, values);
    criticLossSum =
        criticLoss.gradient(values, targets, rows.weights, count, scale, valueGradients, errors);
    if (conservative != null) {
      critics.get().forward(sampleInputs, count * conservative.samples(), sampleValues);
      conservativeLossSum =
          conservative.gradient(
              values,
              sampleValues,
              sampleLogProbabilities,
              count,
              scale,
              valueGradients,
              sampleGradients);
      critics.get().backward(sampleGradients, sampleCriticsGradient, null);
      critics.get().forward(inputs, count, values); // the fewer rows of the two
    }
    critics.get().backward(valueGradients, criticsGradient, null);
    if (conservative != null) {
      for (int i = 0; i < criticsGradient.length; i++) {
        criticsGradient[i] += sampleCriticsGradient[i];
      }
    }
    valueSum = 0;
    for (int row = 0; row < count; row++) {
      valueSum += criticLoss.leastValue(values, row);
    }

    // For the temperature now, and for the policy when the critics have taken their step.
    policy.get().forward(rows.features, count, outputs);
    loss.act(outputs, count, noise, actions, logProbabilities);
  }

  /**
   * Other actions at the observations: any, the policy's there, and the policy's at the next
   * observations, whose outputs are still at hand.
   */
  private void sample(ConservativeLoss ofSamples, int count) {
    ofSamples.act(
        ConservativeLoss.Kind.NEXT,
        outputs,
        count,
        sampleNoise,
        sampleActions,
        sampleLogProbabilities);
    policy.get().forward(rows.features, count, outputs);
    loss.holdDeviations(outputs, count);
    ofSamples.act(
        ConservativeLoss.Kind.HERE,
        outputs,
        count,
        sampleNoise,
        sampleActions,
        sampleLogProbabilities);
    ofSamples.act(
        ConservativeLoss.Kind.UNIFORM,
        outputs,
        count,
        sampleNoise,
        sampleActions,
        sampleLogProbabilities);
    int features = rows.features.length / rows.rewards.length;
    int width = features + dimensions;
    int samples = ofSamples.samples();
    for (int i = 0; i < count * samples; i++) {
      System.arraycopy(rows.features, i / samples * features, sampleInputs, i * width, features);
      System.arraycopy(
          sampleActions, i * dimensions, sampleInputs, i * width + features, dimensions);
    }
  }

  private void policyGradient(int count, float scale) {
    critics.get().forward(rows.join(rows.features, actions), count, values);
    policyLossSum = -criticLoss.actorGradient(values, count, scale, false, valueGradients);
    for (int row = 0; row < count; row++) {
      policyLossSum += (double) temperature * logProbabilities[row];
    }
    critics.get().backward(valueGradients, null, inputGradients);
    rows.actionGradients(inputGradients, actionGradients);
    loss.actorGradient(outputs, count, noise, actionGradients, temperature, scale, outputGradients);
    policy.get().backward(outputGradients, policyGradient, null);
  }

  private void criticsGradient(DiscreteSacLoss ofChoices, int count, float scale) {
    policy.get().forward(rows.nextFeatures, count, outputs);
    target.get().forward(rows.nextFeatures, count, nextValues);
    ofChoices.targets(
        rows.rewards, rows.discounts, nextValues, outputs, temperature, targets, count);

    critics.get().forward(rows.features, count, values);
    int each = criticLoss.critics();
    for (int i = 0; i < count * each; i++) {
      chosenValues[i] = values[i * choices + (int) rows.actions[i / each]];
    }
    criticLossSum =
        criticLoss.gradient(
            chosenValues, targets, rows.weights, count, scale, chosenGradients, errors);
    Arrays.fill(valueGradients, 0, count * each * choices, 0);
    for (int i = 0; i < count * each; i++) {
      valueGradients[i * choices + (int) rows.actions[i / each]] = chosenGradients[i];
    }
    critics.get().backward(valueGradients, criticsGradient, null);
    valueSum = 0;
    for (int row = 0; row < count; row++) {
      valueSum += criticLoss.leastValue(chosenValues, row);
    }
    policy.get().forward(rows.features, count, outputs);
  }

  private void policyGradient(DiscreteSacLoss ofChoices, int count, float scale) {
    critics.get().forward(rows.features, count, values);
    policyLossSum =
        ofChoices.actorGradient(
            outputs, values, count, temperature, scale, outputGradients, logProbabilities);
    for (int row = 0; row < count; row++) {
      logProbabilities[row] = -logProbabilities[row]; // was the entropy, their mean's opposite
    }
    policy.get().backward(outputGradients, policyGradient, null);
  }

  @Override
  public float[] gradient() {
    return ofPolicy ? policyGradient : criticsGradient;
  }

  /** Copies the errors of the part's rows to their place in the minibatch. */
  void copyErrors(float[] all) {
    System.arraycopy(errors, 0, all, rows.first(), rows.count());
  }

  /** Copies the log-probabilities of the policy's actions to their place in the minibatch. */
  void copyLogProbabilities(float[] all) {
    System.arraycopy(logProbabilities, 0, all, rows.first(), rows.count());
  }

  /** Sum of the critics' weighted losses. */
  double criticLossSum() {
    return criticLossSum;
  }

  /** Sum of what CQL adds to the critics' losses. */
  double conservativeLossSum() {
    return conservativeLossSum;
  }

  /** Sum of the policy's losses. */
  double policyLossSum() {
    return policyLossSum;
  }

  /** Sum of the least values of the actions taken. */
  double valueSum() {
    return valueSum;
  }

  @Override
  public void close() {
    policy.close();
    critics.close();
    target.close();
  }
}
