package org.mobula.core.algorithm.ppo;

import java.util.Arrays;
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

  PpoLoss(ActionDistribution distribution) {
    this.distribution = distribution;
    this.outputSize = distribution.parameters() + 1;
    this.evaluation = new float[distribution.evaluationSize()];
  }

  /**
   * Writes the gradient of the mean loss at the outputs.
   *
   * @param outputs {@code [count][distribution parameters, value]}, masked
   * @param rows what was recorded of the samples
   * @param scale one over the samples that the mean is taken over
   * @param coefficients of the loss at this point of the training
   * @param gradients receives {@code [count][distribution parameters, value]}
   * @param measured receives the sums over these rows (overwritten)
   */
  void gradient(
      float[] outputs,
      PpoMinibatch rows,
      float scale,
      Coefficients coefficients,
      float[] gradients,
      Measurements measured) {
    float epsilon = coefficients.clipRange;
    int count = rows.count();
    Arrays.fill(gradients, 0, count * outputSize, 0);
    measured.clear();
    measured.samples = count;
    for (int i = 0; i < count; i++) {
      int output = i * outputSize;
      int action = i * distribution.actionSize();
      distribution.evaluate(outputs, output, rows.actions, action, evaluation, 0);
      float logRatio = evaluation[0] - rows.logProbabilities[i];
      float ratio = (float) Math.exp(logRatio);
      float advantage = rows.advantages[i];
      float clippedRatio = Math.max(1 - epsilon, Math.min(1 + epsilon, ratio));
      boolean usesClipped = clippedRatio * advantage < ratio * advantage;
      // d(r·A)/d log π = r·A; the clipped branch is flat.
      float policyGradient = usesClipped ? 0 : -ratio * advantage;
      distribution.addGradient(
          outputs,
          output,
          rows.actions,
          action,
          evaluation,
          0,
          scale * policyGradient,
          -scale * coefficients.entropy,
          gradients,
          output);
      int value = output + outputSize - 1;
      gradients[value] =
          scale
              * coefficients.value
              * valueGradient(outputs[value], rows, i, coefficients, measured);

      measured.policyLoss -= Math.min(ratio * advantage, clippedRatio * advantage);
      measured.entropy += evaluation[1];
      measured.divergence += (ratio - 1) - logRatio;
      measured.clipped += Math.abs(ratio - 1) > epsilon ? 1 : 0;
    }
  }

  private static float valueGradient(
      float value, PpoMinibatch rows, int i, Coefficients coefficients, Measurements measured) {
    float error = value - rows.returns[i];
    float loss = error * error;
    float gradient = 2 * error;
    float range = coefficients.valueClipRange;
    if (range > 0) {
      float moved = value - rows.values[i];
      float clippedMove = Math.max(-range, Math.min(range, moved));
      float clippedError = rows.values[i] + clippedMove - rows.returns[i];
      if (clippedError * clippedError > loss) {
        loss = clippedError * clippedError;
        gradient = clippedMove == moved ? 2 * clippedError : 0;
      }
    }
    measured.valueLoss += loss;
    return gradient;
  }

  /**
   * Weights and ranges of the loss at one point of the training; a value clip range of 0 is off.
   */
  record Coefficients(float clipRange, float valueClipRange, float entropy, float value) {}

  /** Sums over samples of what the loss is made of, and their means. */
  static final class Measurements {
    private double policyLoss;
    private double valueLoss;
    private double entropy;
    private double divergence;
    private double clipped;
    private int samples;

    void clear() {
      policyLoss = 0;
      valueLoss = 0;
      entropy = 0;
      divergence = 0;
      clipped = 0;
      samples = 0;
    }

    void add(Measurements other) {
      policyLoss += other.policyLoss;
      valueLoss += other.valueLoss;
      entropy += other.entropy;
      divergence += other.divergence;
      clipped += other.clipped;
      samples += other.samples;
    }

    /** Mean of the clipped surrogate loss. */
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
     * Mean of (r − 1) − log r, an unbiased estimate of KL(π_old ‖ π) that is never negative
     * (Schulman 2020, estimator k3).
     */
    double divergence() {
      return divergence / samples;
    }

    /** Part of the samples whose ratio lay outside the clip range. */
    double clipFraction() {
      return clipped / samples;
    }
  }
}
