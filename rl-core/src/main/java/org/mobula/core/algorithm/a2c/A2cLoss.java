package org.mobula.core.algorithm.a2c;

import java.util.Arrays;
import org.mobula.core.distribution.ActionDistribution;

/**
 * The policy gradient with a critic (Mnih et al. 2016, §4), as its gradient at the outputs of an
 * actor-critic network. With advantage A and return R:
 *
 * <pre>  loss = −A · log π(a|s) − c_entropy · H + c_value · (V − R)²</pre>
 *
 * averaged over the rows. One thread at a time.
 */
final class A2cLoss {
  private final ActionDistribution distribution;
  private final float entropyCoefficient;
  private final float valueCoefficient;
  private final int outputSize;
  private final float[] evaluation;

  // Sums over the rows of the last gradient.
  private double policyLoss;
  private double valueLoss;
  private double entropy;

  A2cLoss(ActionDistribution distribution, float entropyCoefficient, float valueCoefficient) {
    this.distribution = distribution;
    this.entropyCoefficient = entropyCoefficient;
    this.valueCoefficient = valueCoefficient;
    outputSize = distribution.parameters() + 1;
    evaluation = new float[distribution.evaluationSize()];
  }

  /**
   * Writes the gradient of the mean loss.
   *
   * @param outputs {@code [count][distribution parameters, value]}, masked
   * @param actions {@code [count][action]}
   * @param scale one over the rows that the mean is taken over
   * @param gradients receives {@code [count][distribution parameters, value]}
   */
  void gradient(
      float[] outputs,
      float[] actions,
      float[] advantages,
      float[] returns,
      int count,
      float scale,
      float[] gradients) {
    Arrays.fill(gradients, 0, count * outputSize, 0);
    clear();
    for (int row = 0; row < count; row++) {
      int output = row * outputSize;
      int action = row * distribution.actionSize();
      distribution.evaluate(outputs, output, actions, action, evaluation, 0);
      distribution.addGradient(
          outputs,
          output,
          actions,
          action,
          evaluation,
          0,
          -scale * advantages[row],
          -scale * entropyCoefficient,
          gradients,
          output);
      int value = output + outputSize - 1;
      float error = outputs[value] - returns[row];
      gradients[value] = scale * valueCoefficient * 2 * error;
      policyLoss -= (double) advantages[row] * evaluation[0];
      valueLoss += (double) error * error;
      entropy += evaluation[1];
    }
  }

  /** Forgets the sums of the last gradient. */
  void clear() {
    policyLoss = 0;
    valueLoss = 0;
    entropy = 0;
  }

  /** Sum of −A · log π over the rows of the last gradient. */
  double policyLoss() {
    return policyLoss;
  }

  /** Sum of the squared errors of the values. */
  double valueLoss() {
    return valueLoss;
  }

  /** Sum of the entropies in nats. */
  double entropy() {
    return entropy;
  }
}
