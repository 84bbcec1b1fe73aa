package org.mobula.core.algorithm.imitation;

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
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.parameters.ParameterStore;

/** Draws recorded steps and makes the policy more likely to take them, one gradient a draw. */
final class ImitationLearner implements Learner {
  /** How fast the moving mean of squared advantages follows. */
  private static final double NORM_RATE = 0.01;

  /** What it starts with, as RLlib's does. */
  private static final double FIRST_NORM = 100;

  private final int minibatchSize;
  private final Schedule schedule;
  private final boolean weighs;
  private final ReplayDraws replay;
  private final GradientWorkers<ImitationGradient> workers;
  private final float[] parameters;
  private final float[] gradient;
  private double squaredAdvantage = FIRST_NORM;

  // Sums since the measurements were taken last.
  private double policyLossSum;
  private double valueLossSum;
  private double weightSum;
  private double normSum;
  private int measured;
  private double learningRate;

  ImitationLearner(
      LearnerSetup setup, int size, double discount, Schedule schedule, ImitationLoss loss) {
    minibatchSize = size;
    this.schedule = schedule;
    weighs = loss instanceof ImitationLoss.AdvantageWeighted;
    int longest = 1;
    for (RecordedEpisode episode : setup.requireRecordings().episodes()) {
      longest = weighs ? Math.max(longest, episode.steps()) : 1;
    }
    // A window as long as the longest episode ends with the episode always.
    replay =
        new ReplayDraws(
            ReplayConfig.defaults().withReturnSteps(longest), setup, discount, minibatchSize);
    workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            minibatchSize,
            capacity -> new ImitationGradient(loss, setup, replay.batch(), capacity));
    parameters = new float[setup.policy().network().layout().size()];
    gradient = new float[parameters.length];
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    learningRate = schedule.at(moment.progress());
    for (int i = 0; i < workers.count(); i++) {
      workers.part(i).set(moment.normalizer());
    }
    store.pull(parameters);
    for (int step = 0; step < experience.rows(); step++) {
      replay.draw(moment);
      float deviation = (float) Math.sqrt(squaredAdvantage);
      for (int i = 0; i < workers.count(); i++) {
        int first = workers.firstRow(i, minibatchSize);
        workers.part(i).gather(first, workers.firstRow(i + 1, minibatchSize), deviation);
      }
      workers.compute(parameters, gradient);
      double squares = 0;
      for (int i = 0; i < workers.count(); i++) {
        ImitationGradient part = workers.part(i);
        policyLossSum += part.policyLossSum();
        weightSum += part.weightSum();
        squares += part.valueLossSum();
      }
      valueLossSum += squares;
      squaredAdvantage += NORM_RATE * (squares / minibatchSize - squaredAdvantage);
      squaredAdvantage = Math.max(1e-12, squaredAdvantage);
      normSum += store.pushPull(gradient, learningRate, parameters);
      measured++;
    }
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    if (measured > 0) {
      double rows = (double) measured * minibatchSize;
      measurements.put(MetricNames.LOSS_POLICY, policyLossSum / rows);
      if (weighs) {
        measurements.put(MetricNames.LOSS_VALUE, valueLossSum / rows);
        measurements.put("policy/weight_mean", weightSum / rows);
      }
      measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, normSum / measured);
    }
    measurements.put("replay/transitions", (double) replay.size());
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    policyLossSum = 0;
    valueLossSum = 0;
    weightSum = 0;
    normSum = 0;
    measured = 0;
  }

  @Override
  public void writeState(DataOutput out) throws IOException {
    out.writeDouble(squaredAdvantage);
    replay.writeState(out);
  }

  @Override
  public void readState(DataInput in) throws IOException {
    squaredAdvantage = in.readDouble();
    replay.readState(in);
  }

  @Override
  public void close() {
    workers.close();
  }
}
