package org.mobula.core.algorithm.iql;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.mobula.core.algorithm.GradientWorkers;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.ReplayDraws;
import org.mobula.core.algorithm.TargetNetwork;
import org.mobula.core.experience.Experience;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterStore;

/**
 * Implicit Q-learning (Kostrikov et al. 2021, algorithm 1): for each minibatch a gradient of the
 * value, of the critics and of the policy, after which the target critics follow.
 */
final class IqlLearner implements Learner {
  private final IqlConfig config;
  private final ReplayDraws replay;
  private final TargetNetwork target;
  private final GradientWorkers<IqlGradient> workers;
  private final float[] policy;
  private final float[] critics;
  private final float[] value;
  private final float[] gradient;
  private final float[] policyGradient;
  private final float[] criticsGradient;
  private final float[] valueGradient;

  private boolean started;

  /** Of the parameters that the workers' networks have; −1 for none. */
  private long version = -1;

  // Sums since the measurements were taken last.
  private double policyLossSum;
  private double criticLossSum;
  private double valueLossSum;
  private double valueSum;
  private double weightSum;
  private double policyNormSum;
  private double criticsNormSum;
  private int measured;
  private double learningRate;

  IqlLearner(IqlConfig config, LearnerSetup setup) {
    this.config = config;
    setup.requireRecordings();
    replay =
        new ReplayDraws(ReplayConfig.defaults(), setup, config.discount(), config.minibatchSize());
    workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            config.minibatchSize(),
            capacity -> new IqlGradient(config, setup, replay.batch(), capacity));
    policy = new float[setup.policy().network().layout().size()];
    critics = new float[setup.network(IqlConfig.CRITICS).layout().size()];
    value = new float[setup.network(IqlConfig.VALUE).layout().size()];
    policyGradient = new float[policy.length];
    criticsGradient = new float[critics.length];
    valueGradient = new float[value.length];
    gradient = new float[policy.length + critics.length + value.length];
    target = new TargetNetwork(critics.length, config.targetRate());
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    pull(store);
    learningRate = config.learningRate().at(moment.progress());
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).set(moment.normalizer());
    }
    int size = config.minibatchSize();
    for (int step = 0; step < experience.rows(); step++) {
      replay.draw(moment);
      for (int i = 0; i < workers.count(); i++) {
        workers.part(i).gather(workers.firstRow(i, size), workers.firstRow(i + 1, size));
      }
      update(store);
    }
  }

  private void pull(ParameterStore store) {
    long newest = store.pull(policy);
    if (newest == version) {
      return; // as this learner's own pushes left them
    }
    version = newest;
    store.pull(IqlConfig.CRITICS, critics);
    store.pull(IqlConfig.VALUE, value);
    if (!started) {
      target.copy(critics);
      started = true;
    }
    hand();
  }

  private void hand() {
    for (int i = 0; i < workers.count(); i++) {
      IqlGradient part = workers.part(i);
      part.policy.set(policy);
      part.critics.set(critics);
      part.value.set(value);
      part.target.set(target.parameters());
    }
  }

  private void update(ParameterStore store) {
    workers.compute(policy, gradient);
    System.arraycopy(gradient, 0, policyGradient, 0, policy.length);
    System.arraycopy(gradient, policy.length, criticsGradient, 0, critics.length);
    System.arraycopy(gradient, policy.length + critics.length, valueGradient, 0, value.length);
    push(store, IqlConfig.VALUE, valueGradient, value);
    criticsNormSum += push(store, IqlConfig.CRITICS, criticsGradient, critics);
    policyNormSum += push(store, ParameterLayout.POLICY, policyGradient, policy);
    target.update(critics);
    for (int i = 0; i < workers.count(); i++) {
      IqlGradient part = workers.part(i);
      policyLossSum += part.policyLossSum();
      criticLossSum += part.criticLossSum();
      valueLossSum += part.valueLossSum();
      valueSum += part.valueSum();
      weightSum += part.weightSum();
    }
    hand();
    measured++;
  }

  private double push(ParameterStore store, String network, float[] from, float[] into) {
    version++;
    return store.pushPull(network, from, learningRate, into);
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    if (measured > 0) {
      double rows = (double) measured * config.minibatchSize();
      measurements.put(MetricNames.LOSS_POLICY, policyLossSum / rows);
      measurements.put(MetricNames.LOSS_VALUE, criticLossSum / rows);
      measurements.put("loss/expectile", valueLossSum / rows);
      measurements.put("value/mean", valueSum / rows);
      measurements.put("policy/weight_mean", weightSum / rows);
      measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, policyNormSum / measured);
      measurements.put("optimizer/critics_gradient_norm", criticsNormSum / measured);
    }
    measurements.put("replay/transitions", (double) replay.size());
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    policyLossSum = 0;
    criticLossSum = 0;
    valueLossSum = 0;
    valueSum = 0;
    weightSum = 0;
    policyNormSum = 0;
    criticsNormSum = 0;
    measured = 0;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    out.writeBoolean(started);
    target.writeState(out);
    replay.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    started = in.readBoolean();
    target.readState(in);
    replay.readState(in);
    version = -1;
  }

  @Override
  public void close() {
    workers.close();
  }
}
