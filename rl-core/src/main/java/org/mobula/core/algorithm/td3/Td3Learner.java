package org.mobula.core.algorithm.td3;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
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

/**
 * TD3 (Fujimoto et al. 2018, algorithm 1): a gradient of the critics for each minibatch, and with
 * some of them one of the policy through the first critic, after which the target networks follow.
 */
final class Td3Learner implements Learner {
  private final Td3Config config;
  private final ReplayDraws replay;
  private final TargetNetwork targetPolicy;
  private final TargetNetwork targetCritics;
  private final GradientWorkers<Td3Gradient> workers;

  private final float[] policy;
  private final float[] critics;
  private final float[] policyGradient;
  private final float[] criticsGradient;
  private final float[] noise;

  /** α of TD3+BC; 0 where nothing is cloned. */
  private final double cloningScale;

  private boolean started;
  private long updates;

  /** Of the parameters that the workers' networks have; −1 for none. */
  private long version = -1;

  // Sums since the measurements were taken last.
  private double criticLossSum;
  private double policyLossSum;
  private double valueSum;
  private double criticsNormSum;
  private double policyNormSum;
  private int measured;
  private int policyMeasured;
  private double learningRate;

  /**
   * A learner that has learnt nothing.
   *
   * @param cloningScale α of TD3+BC, what Q counts beside the actions that were recorded; 0 where
   *     nothing is cloned
   */
  Td3Learner(Td3Config config, double cloningScale, LearnerSetup setup) {
    this.config = config;
    this.cloningScale = cloningScale;
    int size = config.minibatchSize();
    int dimensions = setup.policy().actionSpace().size();
    replay = new ReplayDraws(config.replay(), setup, config.discount(), size);
    workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            size,
            capacity -> new Td3Gradient(config, cloningScale > 0, setup, replay.batch(), capacity));
    policy = new float[setup.policy().network().layout().size()];
    policyGradient = new float[policy.length];
    critics = new float[setup.network(Td3Config.CRITICS).layout().size()];
    criticsGradient = new float[critics.length];
    targetPolicy = new TargetNetwork(policy.length, config.targetRate());
    targetCritics = new TargetNetwork(critics.length, config.targetRate());
    noise = new float[Math.multiplyExact(size, dimensions)];
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
    store.pull(Td3Config.CRITICS, critics);
    if (!started) {
      targetPolicy.copy(policy);
      targetCritics.copy(critics);
      started = true;
    }
    for (int i = 0; i < workers.count(); i++) {
      Td3Gradient part = workers.part(i);
      part.policy.set(policy);
      part.critics.set(critics);
      part.targetPolicy.set(targetPolicy.parameters());
      part.targetCritics.set(targetCritics.parameters());
    }
  }

  private void draw(LearningMoment moment) {
    replay.draw(moment);
    Pcg64 random = replay.random();
    for (int i = 0; i < noise.length && config.targetNoise() > 0; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    int size = config.minibatchSize();
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).gather(workers.firstRow(i, size), workers.firstRow(i + 1, size), noise);
    }
  }

  private void update(ParameterStore store) {
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).turnToCritics();
    }
    workers.compute(critics, criticsGradient);
    criticsNormSum += push(store, Td3Config.CRITICS, criticsGradient, critics);
    for (int i = 0; i < workers.count(); i++) {
      Td3Gradient part = workers.part(i);
      part.copyErrors(replay.errors());
      criticLossSum += part.criticLossSum();
      valueSum += part.valueSum();
      part.critics.set(critics);
    }
    replay.prioritize();
    measured++;
    if (++updates % config.policyDelay() == 0) {
      updatePolicy(store);
    }
  }

  private void updatePolicy(ParameterStore store) {
    float valueWeight = 1;
    if (cloningScale > 0) {
      double sizes = 0;
      for (int i = 0; i < workers.count(); i++) {
        sizes += workers.part(i).valueSizeSum();
      }
      valueWeight = Td3Loss.valueWeight(cloningScale, sizes, config.minibatchSize());
    }
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).turnToPolicy(valueWeight);
    }
    workers.compute(policy, policyGradient);
    policyNormSum += push(store, ParameterLayout.POLICY, policyGradient, policy);
    targetPolicy.update(policy);
    targetCritics.update(critics);
    for (int i = 0; i < workers.count(); i++) {
      Td3Gradient part = workers.part(i);
      policyLossSum += part.policyLossSum();
      part.policy.set(policy);
      part.targetPolicy.set(targetPolicy.parameters());
      part.targetCritics.set(targetCritics.parameters());
    }
    policyMeasured++;
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
      measurements.put("value/mean", valueSum / rows);
      measurements.put("optimizer/critics_gradient_norm", criticsNormSum / measured);
    }
    if (policyMeasured > 0) {
      double rows = (double) policyMeasured * config.minibatchSize();
      measurements.put(MetricNames.LOSS_POLICY, policyLossSum / rows);
      measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, policyNormSum / policyMeasured);
    }
    measurements.put("replay/transitions", (double) replay.size());
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    criticLossSum = 0;
    policyLossSum = 0;
    valueSum = 0;
    criticsNormSum = 0;
    policyNormSum = 0;
    measured = 0;
    policyMeasured = 0;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    out.writeBoolean(started);
    out.writeLong(updates);
    targetPolicy.writeState(out);
    targetCritics.writeState(out);
    replay.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    started = in.readBoolean();
    updates = in.readLong();
    targetPolicy.readState(in);
    targetCritics.readState(in);
    replay.readState(in);
    version = -1;
  }

  @Override
  public void close() {
    workers.close();
  }
}
