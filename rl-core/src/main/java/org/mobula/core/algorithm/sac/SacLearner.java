package org.mobula.core.algorithm.sac;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.GradientWorkers;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.algorithm.ReplayDraws;
import org.mobula.core.algorithm.TargetNetwork;
import org.mobula.core.experience.Experience;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * Soft actor-critic (Haarnoja et al. 2018, algorithm 1): for each minibatch a gradient of the
 * critics, one of the policy through them, and one of the temperature.
 */
final class SacLearner implements Learner {
  private final SacConfig config;
  private final @Nullable ConservativeLoss conservative;
  private final ReplayDraws replay;
  private final TargetNetwork target;
  private final GradientWorkers<SacGradient> workers;
  private final double targetEntropy;

  private final float[] policy;
  private final float[] critics;
  private final float[] logTemperature = new float[1];
  private final float[] policyGradient;
  private final float[] criticsGradient;
  private final float[] temperatureGradient = new float[1];
  private final float[] noise;
  private final float[] sampleNoise;
  private final float[] logProbabilities;

  private boolean started;
  private long updates;

  /** Of the parameters that the workers' networks have; −1 for none. */
  private long version = -1;

  // Sums since the measurements were taken last.
  private double criticLossSum;
  private double conservativeLossSum;
  private double policyLossSum;
  private double valueSum;
  private double entropySum;
  private double criticsNormSum;
  private double policyNormSum;
  private int measured;
  private double learningRate;

  /**
   * A learner that has learnt nothing.
   *
   * @param conservative what CQL adds to the critics' losses; null for none
   */
  SacLearner(SacConfig config, @Nullable ConservativeLoss conservative, LearnerSetup setup) {
    this.config = config;
    this.conservative = conservative;
    int size = config.minibatchSize();
    Space actionSpace = setup.policy().actionSpace();
    int dimensions = actionSpace instanceof Discrete ? 0 : actionSpace.size();
    targetEntropy = config.targetEntropy(actionSpace);
    replay = new ReplayDraws(config.replay(), setup, config.discount(), size);
    workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            size,
            capacity -> new SacGradient(config, conservative, setup, replay.batch(), capacity));
    policy = new float[setup.policy().network().layout().size()];
    policyGradient = new float[policy.length];
    critics = new float[setup.network(SacConfig.CRITICS).layout().size()];
    criticsGradient = new float[critics.length];
    target = new TargetNetwork(critics.length, config.targetRate());
    noise = new float[Math.multiplyExact(2 * size, dimensions)];
    sampleNoise = new float[conservative == null ? 0 : size * conservative.samples() * dimensions];
    logProbabilities = new float[size];
    logTemperature[0] = (float) Math.log(config.temperature());
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    replay.add(experience);
    pull(store);
    learningRate = config.learningRate().at(moment.progress());
    if (moment.environmentSteps() <= config.warmUpSteps() || replay.size() == 0) {
      return;
    }
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).set(moment.normalizer());
    }
    int steps = config.gradientSteps() == -1 ? experience.rows() : config.gradientSteps();
    for (int step = 0; step < steps; step++) {
      draw(moment);
      update(store);
    }
  }

  private void pull(ParameterStore store) {
    long newest = store.pull(policy);
    if (newest == version) {
      return; // as this learner's own pushes left them
    }
    version = newest;
    store.pull(SacConfig.CRITICS, critics);
    if (config.automaticTemperature()) {
      store.pull(SacConfig.TEMPERATURE, logTemperature);
    }
    if (!started) {
      target.copy(critics);
      started = true;
    }
    for (int i = 0; i < workers.count(); i++) {
      SacGradient part = workers.part(i);
      part.policy.set(policy);
      part.critics.set(critics);
      part.target.set(target.parameters());
    }
  }

  private void draw(LearningMoment moment) {
    replay.draw(moment);
    Pcg64 random = replay.random();
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    if (conservative != null) {
      conservative.draw(random, sampleNoise);
    }
    int size = config.minibatchSize();
    for (int i = 0; i < workers.count(); i++) {
      SacGradient part = workers.part(i);
      part.gather(workers.firstRow(i, size), workers.firstRow(i + 1, size), noise);
      part.gatherSamples(sampleNoise);
    }
  }

  private void update(ParameterStore store) {
    float temperature = (float) Math.exp(logTemperature[0]);
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).turnToCritics(temperature);
    }
    workers.compute(critics, criticsGradient);
    criticsNormSum += push(store, SacConfig.CRITICS, criticsGradient, critics);

    for (int i = 0; i < workers.count(); i++) {
      SacGradient part = workers.part(i);
      part.copyErrors(replay.errors());
      criticLossSum += part.criticLossSum();
      conservativeLossSum += part.conservativeLossSum();
      valueSum += part.valueSum();
      part.critics.set(critics);
      part.turnToPolicy();
    }
    workers.compute(policy, policyGradient);
    policyNormSum += push(store, ParameterLayout.POLICY, policyGradient, policy);

    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).copyLogProbabilities(logProbabilities);
    }
    if (config.automaticTemperature()) {
      temperatureGradient[0] =
          (float)
              SacLoss.temperatureGradient(logProbabilities, config.minibatchSize(), targetEntropy);
      push(store, SacConfig.TEMPERATURE, temperatureGradient, logTemperature);
    }

    boolean follows = ++updates % config.targetInterval() == 0;
    if (follows) {
      target.update(critics);
    }
    for (int i = 0; i < workers.count(); i++) {
      SacGradient part = workers.part(i);
      policyLossSum += part.policyLossSum();
      part.policy.set(policy);
      if (follows) {
        part.target.set(target.parameters());
      }
    }
    for (float logProbability : logProbabilities) {
      entropySum -= logProbability;
    }
    replay.prioritize();
    measured++;
  }

  private double push(ParameterStore store, String network, float[] gradient, float[] into) {
    version++;
    return store.pushPull(network, gradient, learningRate, into);
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    if (measured > 0) {
      double rows = (double) measured * config.minibatchSize();
      measurements.put(MetricNames.LOSS_VALUE, criticLossSum / rows);
      if (conservative != null) {
        measurements.put("loss/conservative", conservativeLossSum / rows);
      }
      measurements.put(MetricNames.LOSS_POLICY, policyLossSum / rows);
      measurements.put(MetricNames.POLICY_ENTROPY, entropySum / rows);
      measurements.put("value/mean", valueSum / rows);
      measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, policyNormSum / measured);
      measurements.put("optimizer/critics_gradient_norm", criticsNormSum / measured);
    }
    measurements.put("exploration/temperature", Math.exp(logTemperature[0]));
    measurements.put("replay/transitions", (double) replay.size());
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    criticLossSum = 0;
    conservativeLossSum = 0;
    policyLossSum = 0;
    valueSum = 0;
    entropySum = 0;
    criticsNormSum = 0;
    policyNormSum = 0;
    measured = 0;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    out.writeBoolean(started);
    out.writeLong(updates);
    target.writeState(out);
    replay.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    started = in.readBoolean();
    updates = in.readLong();
    target.readState(in);
    replay.readState(in);
    version = -1;
  }

  @Override
  public void close() {
    workers.close();
  }
}
