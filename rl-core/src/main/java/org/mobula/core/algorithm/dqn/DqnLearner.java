package org.mobula.core.algorithm.dqn;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.GradientWorkers;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.algorithm.TargetNetwork;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ReplayBatch;
import org.mobula.core.experience.ReplayMemory;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.random.Pcg64;

/**
 * Deep Q-networks (Mnih et al. 2015): what happened is kept, and some of it drawn for each gradient
 * towards the reward and what a target network thinks of the next state.
 */
final class DqnLearner implements Learner {
  private final DqnConfig config;
  private final Pcg64 random;
  private final @Nullable RewardScaling rewardScaling;
  private final ReplayMemory memory;
  private final ReplayBatch batch;
  private final TargetNetwork target;
  private final GradientWorkers<DqnGradient> workers;
  private final float[] errors;
  private final float[] parameters;
  private final float[] gradient;

  private boolean started;
  private long targetUpdates;

  // Sums since the measurements were taken last.
  private double lossSum;
  private double valueSum;
  private double gradientNormSum;
  private int updates;
  private double learningRate;
  private double exploration;

  DqnLearner(DqnConfig config, LearnerSetup setup) {
    this.config = config;
    this.random = setup.random();
    this.rewardScaling = setup.rewardScaling();
    this.memory = config.replay().memory(setup.policy(), setup.environments(), config.discount());
    this.batch = new ReplayBatch(memory.shape(), config.minibatchSize());
    int size = setup.policy().network().layout().size();
    this.target = new TargetNetwork(size, config.targetRate());
    this.errors = new float[config.minibatchSize()];
    this.parameters = new float[size];
    this.gradient = new float[size];
    this.workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            config.minibatchSize(),
            capacity -> new DqnGradient(config, setup, batch, capacity));
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    memory.add(experience);
    store.pull(parameters);
    updateTarget(moment.environmentSteps());
    exploration = config.exploration(moment.environmentSteps());
    learningRate = config.learningRate().at(moment.progress());
    if (moment.environmentSteps() <= config.warmUpSteps() || memory.size() == 0) {
      return;
    }
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).set(moment.normalizer());
    }
    int steps = config.gradientSteps() == -1 ? experience.rows() : config.gradientSteps();
    double importance = config.replay().importanceExponent().at(moment.progress());
    for (int step = 0; step < steps; step++) {
      draw(importance);
      workers.compute(parameters, gradient);
      for (int i = 0; i < workers.count(); i++) {
        DqnGradient part = workers.part(i);
        part.copyErrors(errors);
        lossSum += part.lossSum();
        valueSum += part.valueSum();
      }
      gradientNormSum += store.pushPull(gradient, learningRate, parameters);
      memory.prioritize(batch, errors);
      updates++;
    }
  }

  /** Follows the network as often as the steps so far demand; at the start it is a copy. */
  private void updateTarget(long environmentSteps) {
    long due = environmentSteps / config.targetInterval();
    if (!started) {
      target.copy(parameters);
      started = true;
    } else if (due > targetUpdates) {
      target.update(parameters, due - targetUpdates);
    } else {
      return;
    }
    targetUpdates = due;
    setTarget();
  }

  private void setTarget() {
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).set(target);
    }
  }

  private void draw(double importance) {
    int size = config.minibatchSize();
    memory.sample(size, importance, random, batch);
    if (rewardScaling != null) {
      rewardScaling.scale(batch.rewards, batch.rewards, size);
    }
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).gather(workers.firstRow(i, size), workers.firstRow(i + 1, size));
    }
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    if (updates > 0) {
      double rows = (double) updates * config.minibatchSize();
      measurements.put(MetricNames.LOSS_VALUE, lossSum / rows);
      measurements.put("value/mean", valueSum / rows);
      measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, gradientNormSum / updates);
    }
    measurements.put("exploration/share", exploration);
    measurements.put("replay/transitions", (double) memory.size());
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    lossSum = 0;
    valueSum = 0;
    gradientNormSum = 0;
    updates = 0;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    random.writeState(out);
    out.writeBoolean(started);
    out.writeLong(targetUpdates);
    target.writeState(out);
    memory.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    random.readState(in);
    started = in.readBoolean();
    targetUpdates = in.readLong();
    target.readState(in);
    memory.readState(in);
    setTarget();
  }

  @Override
  public void close() {
    workers.close();
  }
}
