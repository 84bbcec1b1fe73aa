package org.mobula.core.algorithm.a2c;

import java.io.DataInput;
import java.io.DataOutput;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.GradientWorkers;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.returns.GeneralizedAdvantage;
import org.mobula.core.returns.Trace;

/**
 * Advantage actor-critic (Mnih et al. 2016, algorithm S3, with environments in step): one gradient
 * from a few steps of many environments.
 */
final class A2cLearner implements Learner {
  private final A2cConfig config;
  private final GradientWorkers<A2cGradient> workers;
  private final @Nullable RewardScaling rewardScaling;
  private final float[] rewards;
  private final GeneralizedAdvantage estimator;
  private final float[] lastValues;
  private final float[] advantages;
  private final float[] returns;
  private final float[] parameters;
  private final float[] gradient;

  // Sums since the measurements were taken last.
  private double policyLoss;
  private double valueLoss;
  private double entropy;
  private double gradientNorm;
  private long rowsLearnt;
  private int updates;
  private double learningRate;

  A2cLearner(A2cConfig config, LearnerSetup setup) {
    this.config = config;
    int rows = config.steps() * setup.environments();
    this.workers =
        new GradientWorkers<>(
            setup.gradientWorkers(), rows, capacity -> new A2cGradient(config, setup, capacity));
    this.rewardScaling = setup.rewardScaling();
    this.rewards = new float[rewardScaling == null ? 0 : rows];
    this.estimator =
        new GeneralizedAdvantage((float) config.discount(), (float) config.gaeLambda());
    this.lastValues = new float[setup.environments()];
    this.advantages = new float[rows];
    this.returns = new float[rows];
    int size = setup.policy().network().layout().size();
    this.parameters = new float[size];
    this.gradient = new float[size];
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    float[] values = experience.column(SamplingActor.VALUE);
    System.arraycopy(values, experience.rows(), lastValues, 0, lastValues.length);
    Trace trace =
        new Trace(
            experience.steps,
            experience.environments,
            rewards(experience),
            experience.terminated,
            experience.truncated,
            values,
            experience.column(SamplingActor.FINAL_VALUE),
            lastValues);
    estimator.compute(trace, advantages, returns);
    int rows = experience.rows();
    if (config.normalizeAdvantages() && rows > 1) {
      normalizeAdvantages(rows);
    }
    for (int i = 0; i < workers.count(); i++) {
      workers
          .part(i)
          .gather(
              experience,
              advantages,
              returns,
              workers.firstRow(i, rows),
              workers.firstRow(i + 1, rows));
    }
    learningRate = config.learningRate().at(moment.progress());
    store.pull(parameters);
    workers.compute(parameters, gradient);
    for (int i = 0; i < workers.count(); i++) {
      A2cLoss loss = workers.part(i).loss();
      policyLoss += loss.policyLoss();
      valueLoss += loss.valueLoss();
      entropy += loss.entropy();
    }
    gradientNorm += store.push(gradient, learningRate);
    rowsLearnt += rows;
    updates++;
  }

  private float[] rewards(Experience experience) {
    if (rewardScaling == null) {
      return experience.rewards;
    }
    rewardScaling.scale(experience.rewards, rewards, rewards.length);
    return rewards;
  }

  /** To mean 0 and the sample's deviation (n − 1) 1, as PyTorch's std. */
  private void normalizeAdvantages(int rows) {
    double sum = 0;
    for (int i = 0; i < rows; i++) {
      sum += advantages[i];
    }
    double mean = sum / rows;
    double squares = 0;
    for (int i = 0; i < rows; i++) {
      squares += (advantages[i] - mean) * (advantages[i] - mean);
    }
    double deviation = Math.sqrt(squares / (rows - 1)) + 1e-8;
    for (int i = 0; i < rows; i++) {
      advantages[i] = (float) ((advantages[i] - mean) / deviation);
    }
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    if (updates > 0) {
      measurements.put(MetricNames.LOSS_POLICY, policyLoss / rowsLearnt);
      measurements.put(MetricNames.LOSS_VALUE, valueLoss / rowsLearnt);
      measurements.put(MetricNames.POLICY_ENTROPY, entropy / rowsLearnt);
      measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, gradientNorm / updates);
    }
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    policyLoss = 0;
    valueLoss = 0;
    entropy = 0;
    gradientNorm = 0;
    rowsLearnt = 0;
    updates = 0;
  }

  /** Nothing: what it knows is in the store. */
  @Override
  public void writeState(DataOutput out) {}

  @Override
  public void readState(DataInput in) {}

  @Override
  public void close() {
    workers.close();
  }
}
