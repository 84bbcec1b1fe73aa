package org.mobula.core.algorithm.pqn;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
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
import org.mobula.core.random.Pcg64;
import org.mobula.core.returns.GeneralizedAdvantage;
import org.mobula.core.returns.Trace;

/**
 * Parallelised Q-network (Gallici et al. 2024, algorithm 2): values learn towards the λ-returns of
 * what has just been collected, with neither a replay memory nor a target network.
 *
 * <pre>  G(t) = r(t) + γ · [λ · G(t+1) + (1 − λ) · max over a of Q(s(t+1), a)]</pre>
 */
final class PqnLearner implements Learner {
  private final PqnConfig config;
  private final Pcg64 random;
  private final @Nullable RewardScaling rewardScaling;
  private final GradientWorkers<PqnGradient> workers;
  private final float[] rewards;
  private final GeneralizedAdvantage estimator;
  private final float[] lastValues;
  private final float[] differences;
  private final float[] returns;
  private final int[] order;
  private final float[] parameters;
  private final float[] gradient;

  // Of the last experience.
  private double lossSum;
  private double gradientNormSum;
  private int updates;
  private double learningRate;
  private double exploration;

  PqnLearner(PqnConfig config, LearnerSetup setup) {
    int rows = config.steps() * setup.environments();
    this.config = config;
    this.random = setup.random();
    this.rewardScaling = setup.rewardScaling();
    this.workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            Math.min(config.minibatchSize(), rows),
            capacity -> new PqnGradient(setup, capacity));
    this.rewards = new float[rows];
    this.estimator =
        new GeneralizedAdvantage((float) config.discount(), (float) config.traceDecay());
    this.lastValues = new float[setup.environments()];
    this.differences = new float[rows];
    this.returns = new float[rows];
    this.order = new int[rows];
    this.parameters = new float[setup.policy().network().layout().size()];
    this.gradient = new float[parameters.length];
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    // With max Q as the value of a state, the returns of GAE are these λ-returns.
    float[] values = experience.column(SamplingActor.VALUE);
    System.arraycopy(values, experience.rows(), lastValues, 0, lastValues.length);
    Trace trace =
        new Trace(
            experience.steps,
            experience.environments,
            scaledRewards(experience),
            experience.terminated,
            experience.truncated,
            values,
            experience.column(SamplingActor.FINAL_VALUE),
            lastValues);
    estimator.compute(trace, differences, returns);
    learningRate = config.learningRate().at(moment.progress());
    exploration = config.exploration(moment.environmentSteps());
    lossSum = 0;
    gradientNormSum = 0;
    updates = 0;
    store.pull(parameters);
    for (int epoch = 0; epoch < config.epochs(); epoch++) {
      random.permutation(order);
      for (int from = 0; from < order.length; from += config.minibatchSize()) {
        int rows = Math.min(config.minibatchSize(), order.length - from);
        for (int i = 0; i < workers.count(); i++) {
          int first = from + workers.firstRow(i, rows);
          int last = from + workers.firstRow(i + 1, rows);
          workers.part(i).gather(experience, returns, order, first, last);
        }
        workers.compute(parameters, gradient);
        for (int i = 0; i < workers.count(); i++) {
          lossSum += workers.part(i).lossSum();
        }
        gradientNormSum += store.pushPull(gradient, learningRate, parameters);
        updates++;
      }
    }
  }

  private float[] scaledRewards(Experience experience) {
    if (rewardScaling == null) {
      return experience.rewards;
    }
    rewardScaling.scale(experience.rewards, rewards, rewards.length);
    return rewards;
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    measurements.put(MetricNames.LOSS_VALUE, lossSum / config.epochs() / order.length);
    measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, gradientNormSum / updates);
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    measurements.put("exploration/share", exploration);
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    random.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    random.readState(in);
  }

  @Override
  public void close() {
    workers.close();
  }
}
