package org.mobula.core.algorithm.ppo;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.experience.Rollout;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.network.Network;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.returns.GeneralizedAdvantage;

/**
 * Proximal policy optimisation (Schulman et al. 2017): advantages by GAE, then some epochs of
 * shuffled minibatches on the clipped surrogate loss.
 */
final class PpoLearner implements Learner {
  private final PpoConfig config;
  private final Network network;
  private final ActionHead head;
  private final PpoLoss loss;
  private final Pcg64 random;
  private final PpoMinibatch minibatch;
  private final int maskSize;
  private final float[] advantages;
  private final float[] returns;
  private final int[] order;
  private final float[] parameters;
  private final float[] gradient;
  private final float[] outputs;
  private final float[] outputGradients;

  PpoLearner(
      PpoConfig config, PolicySpec policy, NetworkEngine engine, int environments, Pcg64 random) {
    this.config = config;
    this.random = random;
    this.network = engine.create(policy.network());
    this.head = policy.head();
    this.loss = new PpoLoss(head.distribution());
    int rows = config.steps() * environments;
    int capacity = Math.min(config.minibatchSize(), rows);
    this.maskSize = policy.actionSpace().maskSize();
    this.minibatch =
        new PpoMinibatch(
            capacity, policy.network().inputs(), policy.actionSpace().size(), maskSize);
    this.advantages = new float[rows];
    this.returns = new float[rows];
    this.order = new int[rows];
    this.parameters = new float[network.layout().size()];
    this.gradient = new float[network.layout().size()];
    this.outputs = new float[capacity * network.outputs()];
    this.outputGradients = new float[capacity * network.outputs()];
  }

  @Override
  public void learn(
      Rollout rollout, ParameterStore store, double progress, Map<String, Double> measurements) {
    GeneralizedAdvantage.compute(
        rollout.steps,
        rollout.environments,
        (float) config.discount(),
        (float) config.gaeLambda(),
        rollout.rewards,
        rollout.terminated,
        rollout.truncated,
        rollout.values,
        rollout.finalValues,
        rollout.lastValues,
        advantages,
        returns);
    double explainedVariance = explainedVariance(rollout.values, returns);
    double learningRate = config.learningRate().at(progress);
    PpoLoss.Coefficients coefficients = config.coefficients(progress);

    double gradientNorm = 0;
    int updates = 0;
    boolean farEnough = false;
    loss.clearMeasurements();
    for (int epoch = 0; epoch < config.epochs() && !farEnough; epoch++) {
      shuffle();
      for (int from = 0; from < order.length && !farEnough; from += config.minibatchSize()) {
        int to = Math.min(from + config.minibatchSize(), order.length);
        minibatch.gather(rollout, advantages, returns, order, from, to);
        if (config.normalizeAdvantages()) {
          minibatch.normalizeAdvantages();
        }
        store.pull(parameters);
        double divergence = gradient(coefficients);
        farEnough = config.targetKl() > 0 && divergence > 1.5 * config.targetKl();
        if (!farEnough) {
          gradientNorm += store.push(gradient, learningRate);
          updates++;
        }
      }
    }
    measurements.put(MetricNames.LOSS_POLICY, loss.policyLoss());
    measurements.put(MetricNames.LOSS_VALUE, loss.valueLoss());
    measurements.put(MetricNames.POLICY_ENTROPY, loss.entropy());
    measurements.put(MetricNames.POLICY_KL, loss.divergence());
    measurements.put(MetricNames.POLICY_CLIP_FRACTION, loss.clipFraction());
    measurements.put(MetricNames.VALUE_EXPLAINED_VARIANCE, explainedVariance);
    measurements.put(MetricNames.OPTIMIZER_LEARNING_RATE, learningRate);
    measurements.put(MetricNames.OPTIMIZER_GRADIENT_NORM, gradientNorm / Math.max(1, updates));
  }

  /**
   * Computes the gradient of the minibatch's loss at {@code parameters}.
   *
   * @return the divergence from the policy that acted
   */
  private double gradient(PpoLoss.Coefficients coefficients) {
    int count = minibatch.count();
    network.setParameters(parameters);
    network.forward(minibatch.features, count, outputs);
    if (minibatch.masked()) {
      for (int i = 0; i < count; i++) {
        head.mask(outputs, i * network.outputs(), minibatch.masks, i * maskSize);
      }
    }
    double divergence =
        loss.gradient(outputs, minibatch, 1f / count, coefficients, outputGradients);
    network.backward(outputGradients, gradient, null);
    return divergence;
  }

  private void shuffle() {
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    random.shuffle(order);
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
    for (long word : random.state()) {
      out.writeLong(word);
    }
  }

  @Override
  public void readState(DataInput in) throws IOException {
    long[] words = random.state();
    for (int i = 0; i < words.length; i++) {
      words[i] = in.readLong();
    }
    random.restore(words);
  }

  @Override
  public void close() {
    network.close();
  }
}
