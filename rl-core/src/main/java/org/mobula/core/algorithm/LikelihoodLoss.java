package org.mobula.core.algorithm;

import java.util.Arrays;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicySpec;

/**
 * The loss of a policy that is to act as somebody did: the mean of −w · log π(a|s) over actions
 * that were taken, with a weight for each. With weights of 1 it is the cross-entropy of behaviour
 * cloning, in a box the negative log-likelihood of a Gaussian.
 *
 * <p>Actions that are always the same in a state would have a Gaussian without width, whose
 * likelihood has no end: a log standard deviation below {@link #LEAST_LOG_DEVIATION} is not made
 * smaller.
 */
public final class LikelihoodLoss {
  /** 0.7 % of half the width of the bounds, where actions are scaled. */
  public static final float LEAST_LOG_DEVIATION = -5;

  private final ActionDistribution distribution;
  private final int outputSize;
  private final int actionSize;
  private final int firstDeviation;

  /** The loss of a policy whose head samples. */
  public LikelihoodLoss(PolicySpec policy) {
    distribution = policy.actionHead().distribution();
    outputSize = policy.network().outputs();
    actionSize = policy.actionSpace().size();
    firstDeviation = distribution.parameters() - ActionHead.gaussians(policy.actionSpace());
  }

  /**
   * Writes the gradient of the loss at the network's outputs; 0 at those that do not describe the
   * actions.
   *
   * @param outputs {@code [count][output]}
   * @param actions {@code [count][action]}, in the policy's units
   * @param weights one a row
   * @param scale one over the rows of the whole minibatch
   * @param gradients receives {@code [count][output]}
   * @return the sum of −w · log π(a|s) over the rows
   */
  public double gradient(
      float[] outputs,
      float[] actions,
      float[] weights,
      int count,
      float scale,
      float[] gradients) {
    Arrays.fill(gradients, 0, count * outputSize, 0);
    double sum = 0;
    for (int row = 0; row < count; row++) {
      int output = row * outputSize;
      int action = row * actionSize;
      sum -= (double) weights[row] * distribution.logProbability(outputs, output, actions, action);
      distribution.addLogProbabilityGradient(
          outputs, output, actions, action, -scale * weights[row], gradients, output);
      for (int i = output + firstDeviation; i < output + distribution.parameters(); i++) {
        if (outputs[i] <= LEAST_LOG_DEVIATION && gradients[i] > 0) {
          gradients[i] = 0;
        }
      }
    }
    return sum;
  }
}
