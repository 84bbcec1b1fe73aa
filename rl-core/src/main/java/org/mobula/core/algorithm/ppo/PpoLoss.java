package org.mobula.core.algorithm.ppo;

import org.mobula.core.distribution.ActionDistribution;

/**
 * The clipped surrogate objective (Schulman et al. 2017, equations 7 and 9) as its gradient at the
 * network's outputs.
 *
 * <p>For each sample, with ratio r = π(a|s) / π_old(a|s) and advantage A:
 *
 * <pre>
 *   policy loss  = −min(r·A, clip(r, 1 − ε, 1 + ε)·A)
 *   value loss   = (V − R)²
 *   loss         = policy loss − c_entropy · H + c_value · value loss
 * </pre>
 *
 * averaged over the minibatch. With value clipping the value loss is the larger of (V − R)² and
 * (V_old + clip(V − V_old, ±ε_v) − R)².
 */
final class PpoLoss {
  private final ActionDistribution distribution;
  private final int outputSize;
  private final float[] evaluation;

  private double policyLoss;
  private double valueLoss;
  private double entropy;
  private double divergence;
  private double clipped;
  private int samples;

  PpoLoss(ActionDistribution distribution) {
    this.distribution = distribution;
    this.outputSize = distribution.parameters() + 1;
    this.evaluation = new float[distribution.evaluationSize()];
  }

  /**
   * Writes the gradient of the minibatch's mean loss at the outputs.
   *
   * @param outputs {@code [count][distribution parameters, value]}, masked
   * @param minibatch what was recorded of the samples
   * @param scale one over the samples that the mean is taken over
   * @param coefficients of the loss at this point of the training
   * @param gradients receives {@code [count][distribution parameters, value]}
   * @return the minibatch's mean divergence from the policy that acted, as {@link #divergence}
   */
  double gradient(
      float[] outputs,
      PpoMinibatch minibatch,
      float scale,
      Coefficients coefficients,
      float[] gradients) {
    float epsilon = coefficients.clipRange;
    int count = minibatch.count();
    double divergenceBefore = divergence;
    java.util.Arrays.fill(gradients, 0, count * outputSize, 0);
    for (int i = 0; i < count; i++) {
      int output = i * outputSize;
      int action = i * distribution.actionSize();
      distribution.evaluate(outputs, output, minibatch.actions, action, evaluation, 0);
      float logRatio = evaluation[0] - minibatch.logProbabilities[i];
      float ratio = (float) Math.exp(logRatio);
      float advantage = minibatch.advantages[i];
      float clippedRatio = Math.max(1 - epsilon, Math.min(1 + epsilon, ratio));
      boolean usesClipped = clippedRatio * advantage < ratio * advantage;
      // d(r·A)/d log π = r·A; the clipped branch is flat.
      float policyGradient = usesClipped ? 0 : -ratio * advantage;
      distribution.addGradient(
          outputs,
          output,
          minibatch.actions,
          action,
          evaluation,
          0,
          scale * policyGradient,
          -scale * coefficients.entropy,
          gradients,
          output);
      int value = output + outputSize - 1;
      gradients[value] =
          scale * coefficients.value * valueGradient(outputs[value], minibatch, i, coefficients);

      policyLoss -= Math.min(ratio * advantage, clippedRatio * advantage);
      entropy += evaluation[1];
      divergence += (ratio - 1) - logRatio;
      clipped += Math.abs(ratio - 1) > epsilon ? 1 : 0;
    }
    samples += count;
    return (divergence - divergenceBefore) / count;
  }

  private float valueGradient(
      float value, PpoMinibatch minibatch, int i, Coefficients coefficients) {
    float error = value - minibatch.returns[i];
    float loss = error * error;
    float gradient = 2 * error;
    float range = coefficients.valueClipRange;
    if (range > 0) {
      float moved = value - minibatch.values[i];
      float clippedMove = Math.max(-range, Math.min(range, moved));
      float clippedError = minibatch.values[i] + clippedMove - minibatch.returns[i];
      if (clippedError * clippedError > loss) {
        loss = clippedError * clippedError;
        gradient = clippedMove == moved ? 2 * clippedError : 0;
      }
    }
    valueLoss += loss;
    return gradient;
  }

  /** Forgets what was measured. */
  void clearMeasurements() {
    policyLoss = 0;
    valueLoss = 0;
    entropy = 0;
    divergence = 0;
    clipped = 0;
    samples = 0;
  }

  /** Mean of the clipped surrogate loss since the measurements were cleared. */
  double policyLoss() {
    return policyLoss / samples;
  }

  /** Mean of the squared value errors. */
  double valueLoss() {
    return valueLoss / samples;
  }

  /** Mean entropy of the policy in nats. */
  double entropy() {
    return entropy / samples;
  }

  /**
   * Mean of (r − 1) − log r, an unbiased estimate of KL(π_old ‖ π) that is never negative (Schulman
   * 2020, estimator k3).
   */
  double divergence() {
    return divergence / samples;
  }

  /** Part of the samples whose ratio lay outside the clip range. */
  double clipFraction() {
    return clipped / samples;
  }

  /**
   * Weights and ranges of the loss at one point of the training; a value clip range of 0 is off.
   */
  record Coefficients(float clipRange, float valueClipRange, float entropy, float value) {}
}
