package org.mobula.core.algorithm.ppo;

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
 * Proximal policy optimisation (Schulman et al. 2017): advantages by GAE, then some epochs of
 * shuffled minibatches on the clipped surrogate loss.
 */
final class PpoLearner implements Learner {
  private final PpoConfig config;
  private final Pcg64 random;
  private final GradientWorkers<PpoGradient> workers;
  private final @Nullable RewardScaling rewardScaling;
  private final float[] rewards;
  private final GeneralizedAdvantage estimator;
  private final float[] lastValues;
  private final float[] advantages;
  private final float[] returns;
  private final int[] order;
  private final float[] parameters;
  private final float[] gradient;
  private final PpoLoss.Measurements minibatchMeasured = new PpoLoss.Measurements();
  private final PpoLoss.Measurements measured = new PpoLoss.Measurements();
  private double explainedVariance;
  private double learningRate;
  private double gradientNorm;
  private int updates;

  PpoLearner(PpoConfig config, LearnerSetup setup) {
    this.config = config;
    this.random = setup.random();
    int rows = config.steps() * setup.environments();
    this.workers =
        new GradientWorkers<>(
            setup.gradientWorkers(),
            Math.min(config.minibatchSize(), rows),
            capacity -> new PpoGradient(setup, capacity));
    this.rewardScaling = setup.rewardScaling();
    this.rewards = new float[rewardScaling == null ? 0 : rows];
    this.estimator =
        new GeneralizedAdvantage((float) config.discount(), (float) config.gaeLambda());
    this.lastValues = new float[setup.environments()];
    this.advantages = new float[rows];
    this.returns = new float[rows];
    this.order = new int[rows];
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
    explainedVariance = explainedVariance(values, returns);
    learningRate = config.learningRate().at(moment.progress());
    PpoLoss.Coefficients coefficients = config.coefficients(moment.progress());
    for (int worker = 0; worker < workers.count(); worker++) {
      workers.part(worker).set(coefficients);
    }

    gradientNorm = 0;
    updates = 0;
    boolean farEnough = false;
    measured.clear();
    store.pull(parameters);
    for (int epoch = 0; epoch < config.epochs() && !farEnough; epoch++) {
      random.permutation(order);
      for (int from = 0; from < order.length && !farEnough; from += config.minibatchSize()) {
        gather(experience, from, Math.min(from + config.minibatchSize(), order.length));
        workers.compute(parameters, gradient);
        addMeasurements();
        farEnough =
            config.targetKl() > 0 && minibatchMeasured.divergence() > 1.5 * config.targetKl();
        if (!farEnough) {
          gradientNorm += store.pushPull(gradient, learningRate, parameters);
          updates++;
        }
      }
    }
  }

  private float[] rewards(Experience experience) {
    if (rewardScaling == null) {
      return experience.rewards;
    }
    rewardScaling.scale(experience.rewards, rewards, rewards.length);
    return rewards;
  }

  private void addMeasurements() {
    minibatchMeasured.clear();
    for (int worker = 0; worker < workers.count(); worker++) {
      minibatchMeasured.add(workers.part(worker).measurements());
    }
    measured.add(minibatchMeasured);
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    measurements.put(MetricNames.LOSS_POLICY, measured.policyLoss());
    measurements.put(MetricNames.LOSS_VALUE, measured.valueLoss());
    measurements.put(MetricNames.POLICY_ENTROPY, measured.entropy());
    measurements.put(MetricNames.POLICY_KL, measured.divergence());
    measurements.put(MetricNames.POLICY_CLIP_FRACTION, measured.clipFraction());
    measurements.put(MetricNames.VALUE_EXPLAINED_VARIANCE, explainedVariance);
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, gradientNorm / Math.max(1, updates));
  }

  /** Shares the rows {@code order[from]} to {@code order[to − 1]} among the workers. */
  private void gather(Experience experience, int from, int to) {
    float mean = 0;
    float scale = 1;
    int rows = to - from;
    if (config.normalizeAdvantages() && rows > 1) {
      double sum = 0;
      for (int i = from; i < to; i++) {
        sum += advantages[order[i]];
      }
      double center = sum / rows;
      double squares = 0;
      for (int i = from; i < to; i++) {
        double distance = advantages[order[i]] - center;
        squares += distance * distance;
      }
      mean = (float) center;
      // The sample's deviation (n − 1), as PyTorch's std.
      scale = (float) (1 / (Math.sqrt(squares / (rows - 1)) + 1e-8));
    }
    for (int worker = 0; worker < workers.count(); worker++) {
      int first = from + workers.firstRow(worker, rows);
      int last = from + workers.firstRow(worker + 1, rows);
      PpoMinibatch part = workers.part(worker).rows();
      part.gather(experience, advantages, returns, order, first, last);
      part.normalizeAdvantages(mean, scale);
    }
  }

  /** 1 − Var(R − V) / Var(R): 1 is a perfect critic, 0 no better than the mean. */
  private static double explainedVariance(float[] values, float[] returns) {
    double meanReturn = 0;
    double meanError = 0;
    for (int i = 0; i < returns.length; i++) {
      meanReturn += returns[i];
      meanError += returns[i] - values[i];
    }
    meanReturn /= returns.length;
    meanError /= returns.length;
    double returnVariance = 0;
    double errorVariance = 0;
    for (int i = 0; i < returns.length; i++) {
      double error = returns[i] - values[i] - meanError;
      returnVariance += (returns[i] - meanReturn) * (returns[i] - meanReturn);
      errorVariance += error * error;
    }
    return returnVariance == 0 ? 0 : 1 - errorVariance / returnVariance;
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
