package org.mobula.core.algorithm.sac;

import java.util.Arrays;
import org.mobula.core.algorithm.CriticLoss;
import org.mobula.core.distribution.SquashedGaussian;
import org.mobula.core.policy.PolicyHead;

/**
 * Soft actor-critic in a box (Haarnoja et al. 2018, "Soft actor-critic algorithms and
 * applications", equations 5, 9 and 18). With temperature α, twin critics Q and the policy's
 * outputs (means and log standard deviations, the latter held to [−20, 2]):
 *
 * <pre>
 *   target           = r + discount · (min Q'(s', a') − α · log π(a'|s'))
 *   actor loss       = α · log π(a|s) − min Q(s, a)          a = tanh(μ + σ·ε)
 *   temperature loss = −log α · (log π(a|s) + H)             H the target entropy
 * </pre>
 */
final class SacLoss {
  private static final float LEAST_LOG_DEVIATION = PolicyHead.Squashed.LEAST_LOG_DEVIATION;
  private static final float GREATEST_LOG_DEVIATION = PolicyHead.Squashed.GREATEST_LOG_DEVIATION;

  private final SquashedGaussian distribution;
  private final CriticLoss critics;
  private final int dimensions;

  SacLoss(int dimensions, CriticLoss critics) {
    this.distribution = new SquashedGaussian(dimensions);
    this.critics = critics;
    this.dimensions = dimensions;
  }

  /**
   * Draws actions.
   *
   * @param outputs {@code [count][means, log standard deviations]}; the latter are held in range
   * @param noise {@code [count][dimensions]} standard normal numbers
   * @param actions receives {@code [count][dimensions]} in (−1, 1)
   * @param logProbabilities receives one a row
   */
  void act(float[] outputs, int count, float[] noise, float[] actions, float[] logProbabilities) {
    holdDeviations(outputs, count);
    for (int row = 0; row < count; row++) {
      int output = 2 * row * dimensions;
      int action = row * dimensions;
      logProbabilities[row] =
          distribution.fromNoise(outputs, output, noise, action, actions, action);
    }
  }

  /** Holds the log standard deviations among the policy's outputs in range. */
  void holdDeviations(float[] outputs, int count) {
    for (int row = 0; row < count; row++) {
      int output = 2 * row * dimensions;
      for (int i = output + dimensions; i < output + 2 * dimensions; i++) {
        outputs[i] = Math.max(LEAST_LOG_DEVIATION, Math.min(GREATEST_LOG_DEVIATION, outputs[i]));
      }
    }
  }

  /**
   * Writes the targets of the critics.
   *
   * @param nextValues {@code [count][critics]} of the target network
   * @param nextLogProbabilities of the next actions
   */
  void targets(
      float[] rewards,
      float[] discounts,
      float[] nextValues,
      float[] nextLogProbabilities,
      float temperature,
      float[] targets,
      int count) {
    for (int row = 0; row < count; row++) {
      float value = critics.leastValue(nextValues, row) - temperature * nextLogProbabilities[row];
      targets[row] = discounts[row] == 0 ? rewards[row] : rewards[row] + discounts[row] * value;
    }
  }

  /**
   * Writes the gradient of the actor's mean loss at its outputs.
   *
   * @param outputs as {@link #act} left them
   * @param noise as it was there
   * @param actionGradients {@code [count][dimensions]}: what came back through the critics of
   *     {@link CriticLoss#actorGradient}
   * @param scale one over the rows of the whole minibatch
   * @param gradients receives {@code [count][means, log standard deviations]}
   */
  void actorGradient(
      float[] outputs,
      int count,
      float[] noise,
      float[] actionGradients,
      float temperature,
      float scale,
      float[] gradients) {
    Arrays.fill(gradients, 0, 2 * count * dimensions, 0);
    for (int row = 0; row < count; row++) {
      int output = 2 * row * dimensions;
      int action = row * dimensions;
      distribution.addNoiseGradient(
          outputs,
          output,
          noise,
          action,
          actionGradients,
          action,
          scale * temperature,
          gradients,
          output);
      for (int i = output + dimensions; i < output + 2 * dimensions; i++) {
        if (outputs[i] <= LEAST_LOG_DEVIATION || outputs[i] >= GREATEST_LOG_DEVIATION) {
          gradients[i] = 0;
        }
      }
    }
  }

  /** The mean temperature loss differentiated by log α. */
  static double temperatureGradient(float[] logProbabilities, int count, double targetEntropy) {
    double sum = 0;
    for (int row = 0; row < count; row++) {
      sum += logProbabilities[row] + targetEntropy;
    }
    return -sum / count;
  }
}
