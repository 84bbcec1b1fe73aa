package org.mobula.core.offline;

import java.util.Arrays;
import java.util.List;
import org.mobula.core.algorithm.TargetNetwork;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.policy.ActionEvaluation;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Values that {@link FittedQEvaluation} has learnt. One thread at a time. */
public final class FittedValues implements ValueModel, AutoCloseable {
  private final Policy policy;
  private final Space observationSpace;
  private final Space actionSpace;
  private final Network network;
  private final Pcg64 random;
  private final double[] mean;
  private final double[] deviation;

  /** What a unit of the network's output is worth. */
  private final float unit;

  /** Actions that stand for all of the policy's in a state. */
  private final int choices;

  private final int features;
  private final int width;

  private FittedValues(
      FittedQEvaluation settings, Policy policy, RecordedEpisodes recordings, MlpSpec form) {
    this.policy = policy;
    observationSpace = recordings.observationSpace();
    actionSpace = recordings.actionSpace();
    features = observationSpace.flatSize();
    width = form.inputs();
    choices =
        actionSpace instanceof Discrete discrete
            ? discrete.n()
            : policy.spec().head() instanceof PolicyHead.Deterministic ? 1 : settings.samples();
    network = NetworkEngine.AUTO.create(form);
    random = new Pcg64(SeedSequence.of(settings.seed()).stream("actions"));
    mean = new double[features];
    deviation = new double[features];
    unit = unit(recordings, settings.discount());
  }

  /** The greatest discounted return of the recordings, so that targets are of the size of 1. */
  private static float unit(RecordedEpisodes recordings, double discount) {
    double greatest = 1e-8;
    for (RecordedEpisode episode : recordings.episodes()) {
      double sum = 0;
      for (int step = episode.steps() - 1; step >= 0; step--) {
        sum = episode.rewards()[step] + discount * sum;
        greatest = Math.max(greatest, Math.abs(sum));
      }
    }
    return (float) greatest;
  }

  static FittedValues fit(FittedQEvaluation settings, Policy policy, RecordedEpisodes recordings) {
    Space observations = policy.spec().observationSpace();
    if (recordings.observationSpace().size() != observations.size()
        || !recordings.actionSpace().equals(policy.spec().actionSpace())) {
      throw new IllegalArgumentException(
          "the recordings have observations %s and actions %s, but the policy was trained on %s and %s"
              .formatted(
                  recordings.observationSpace(),
                  recordings.actionSpace(),
                  observations,
                  policy.spec().actionSpace()));
    }
    MlpSpec form =
        new MlpSpec(
            recordings.observationSpace().flatSize() + recordings.actionSpace().flatSize(),
            List.of(),
            List.of(new MlpSpec.Head("q", settings.hidden(), 1, 1)),
            Activation.RELU,
            Initialization.fanInUniform());
    FittedValues values = new FittedValues(settings, policy, recordings, form);
    try {
      values.learn(settings, recordings, form);
    } catch (RuntimeException e) {
      values.close();
      throw e;
    }
    return values;
  }

  private void learn(FittedQEvaluation settings, RecordedEpisodes recordings, MlpSpec form) {
    int steps = Math.toIntExact(recordings.steps());
    float[] inputs = new float[Math.multiplyExact(steps, width)];
    float[] next = new float[Math.multiplyExact(Math.multiplyExact(steps, choices), width)];
    float[] shares = new float[steps * choices];
    float[] rewards = new float[steps];
    float[] discounts = new float[steps];
    measure(recordings);
    int row = 0;
    for (RecordedEpisode episode : recordings.episodes()) {
      for (int step = 0; step < episode.steps(); step++, row++) {
        write(observation(episode, step), action(episode, step), inputs, row);
        rewards[row] = episode.rewards()[step] / unit;
        boolean ends = step == episode.steps() - 1 && episode.terminated();
        discounts[row] = ends ? 0 : (float) settings.discount();
        // Nothing follows from a terminal observation, which may be no number.
        act(observation(episode, ends ? step : step + 1), next, shares, row);
      }
    }
    SeedSequence root = SeedSequence.of(settings.seed());
    Pcg64 drawing = new Pcg64(root.stream("minibatches"));
    float[] parameters = form.initialParameters(new Pcg64(root.stream("parameters")));
    TargetNetwork slow = new TargetNetwork(parameters.length, settings.targetRate());
    slow.copy(parameters);
    int size = settings.minibatchSize();
    float[] batch = new float[size * width];
    float[] nextBatch = new float[size * choices * width];
    float[] outputs = new float[size];
    float[] nextOutputs = new float[size * choices];
    float[] outputGradients = new float[size];
    float[] gradient = new float[parameters.length];
    int[] drawn = new int[size];
    try (LocalParameterStore store =
            new LocalParameterStore(form.layout(), parameters, OptimizerConfig.Adam.defaults(), 0);
        Network target = NetworkEngine.AUTO.create(form)) {
      for (int i = 0; i < settings.gradients(); i++) {
        for (int k = 0; k < size; k++) {
          drawn[k] = drawing.nextInt(steps);
          System.arraycopy(inputs, drawn[k] * width, batch, k * width, width);
          System.arraycopy(
              next, drawn[k] * choices * width, nextBatch, k * choices * width, choices * width);
        }
        target.setParameters(slow.parameters());
        target.forward(nextBatch, size * choices, nextOutputs);
        network.setParameters(parameters);
        network.forward(batch, size, outputs);
        for (int k = 0; k < size; k++) {
          float value = expected(nextOutputs, k, shares, drawn[k]);
          float error = outputs[k] - rewards[drawn[k]] - discounts[drawn[k]] * value;
          outputGradients[k] = 2 * error / size;
        }
        network.backward(outputGradients, gradient, null);
        store.pushPull(ParameterLayout.POLICY, gradient, settings.learningRate(), parameters);
        slow.update(parameters);
      }
    }
    network.setParameters(parameters);
  }

  /** Mean and deviation of the features, by which they are scaled. */
  private void measure(RecordedEpisodes recordings) {
    float[] row = new float[features];
    double[] squares = new double[features];
    for (RecordedEpisode episode : recordings.episodes()) {
      for (int step = 0; step < episode.steps(); step++) {
        observationSpace.flatten(episode.observations(), step * observationSpace.size(), row, 0);
        for (int i = 0; i < features; i++) {
          mean[i] += row[i] / (double) recordings.steps();
          squares[i] += (double) row[i] * row[i] / recordings.steps();
        }
      }
    }
    for (int i = 0; i < features; i++) {
      deviation[i] = Math.sqrt(Math.max(1e-8, squares[i] - mean[i] * mean[i]));
    }
  }

  private float[] observation(RecordedEpisode episode, int step) {
    int size = observationSpace.size();
    return Arrays.copyOfRange(episode.observations(), step * size, (step + 1) * size);
  }

  private float[] action(RecordedEpisode episode, int step) {
    int size = actionSpace.size();
    return Arrays.copyOfRange(episode.actions(), step * size, (step + 1) * size);
  }

  private void write(float[] observation, float[] action, float[] inputs, int row) {
    int at = row * width;
    observationSpace.flatten(observation, 0, inputs, at);
    for (int i = 0; i < features; i++) {
      inputs[at + i] = (float) ((inputs[at + i] - mean[i]) / deviation[i]);
    }
    actionSpace.flatten(action, 0, inputs, at + features);
  }

  /** Writes the policy's actions in a state, side by side, and how often it takes each. */
  private void act(float[] observation, float[] inputs, float[] shares, int row) {
    if (actionSpace instanceof Discrete) {
      float[] probabilities = policy.evaluate(observation).distribution();
      for (int choice = 0; choice < choices; choice++) {
        write(observation, new float[] {choice}, inputs, row * choices + choice);
        shares[row * choices + choice] = probabilities[choice];
      }
      return;
    }
    for (int choice = 0; choice < choices; choice++) {
      ActionEvaluation drawn = policy.evaluate(observation, null, random);
      write(observation, drawn.action(), inputs, row * choices + choice);
      shares[row * choices + choice] = 1f / choices;
    }
  }

  private float expected(float[] outputs, int row, float[] shares, int shareRow) {
    float sum = 0;
    for (int choice = 0; choice < choices; choice++) {
      sum += shares[shareRow * choices + choice] * outputs[row * choices + choice];
    }
    return sum;
  }

  @Override
  public double actionValue(float[] observation, float[] action) {
    float[] input = new float[width];
    write(observation, action, input, 0);
    float[] output = new float[1];
    network.forward(input, 1, output);
    return (double) unit * output[0];
  }

  @Override
  public double stateValue(float[] observation) {
    float[] inputs = new float[choices * width];
    float[] shares = new float[choices];
    act(observation, inputs, shares, 0);
    float[] outputs = new float[choices];
    network.forward(inputs, choices, outputs);
    return (double) unit * expected(outputs, 0, shares, 0);
  }

  @Override
  public void close() {
    network.close();
  }
}
