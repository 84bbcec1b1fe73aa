package org.mobula.core.algorithm.td3;

import org.mobula.core.algorithm.CriticLoss;

/**
 * TD3 (Fujimoto, van Hoof and Meger 2018, algorithm 1). The actor's action is the tangent of its
 * outputs, in (−1, 1):
 *
 * <pre>
 *   a'         = clip(tanh(π'(s')) + clip(noise, ±c), ±1)
 *   target     = r + discount · min Q'(s', a')
 *   actor loss = −Q₁(s, tanh(π(s)))
 * </pre>
 *
 * <p>DDPG (Lillicrap et al. 2016) is the case of one critic without noise. TD3+BC (Fujimoto and Gu
 * 2021) weighs Q₁ and adds the squared distance to the action a that was recorded:
 *
 * <pre>
 *   actor loss = −λ · Q₁(s, tanh(π(s))) + (tanh(π(s)) − a)²     λ = α / mean |Q₁(s, a)|
 * </pre>
 *
 * @param critics the loss of the critics
 * @param noise standard deviation of the noise on target actions, in half widths of the bounds
 * @param noiseClip c: the noise lies within ± this
 */
record Td3Loss(CriticLoss critics, float noise, float noiseClip) {
  /** Where all values are nearly 0, none is made much of. */
  private static final double LEAST_VALUE = 1e-3;

  /** Turns the actor's outputs into actions, in place. */
  static void squash(float[] outputs, int numbers) {
    for (int i = 0; i < numbers; i++) {
      outputs[i] = (float) Math.tanh(outputs[i]);
    }
  }

  /**
   * Adds noise to the target actor's actions, so that the critics' narrow peaks are not learnt
   * from.
   *
   * @param numbers of all actions
   * @param drawn a standard normal number for each
   */
  void smooth(float[] actions, int numbers, float[] drawn) {
    for (int i = 0; i < numbers; i++) {
      float shift = noise * drawn[i];
      float held = Math.max(-noiseClip, Math.min(noiseClip, shift));
      actions[i] = Math.max(-1, Math.min(1, actions[i] + held));
    }
  }

  /**
   * Writes the targets of the critics.
   *
   * @param nextValues {@code [count][critics]} of the target network
   */
  void targets(float[] rewards, float[] discounts, float[] nextValues, float[] targets, int count) {
    for (int row = 0; row < count; row++) {
      targets[row] =
          discounts[row] == 0
              ? rewards[row]
              : rewards[row] + discounts[row] * critics.leastValue(nextValues, row);
    }
  }

  /**
   * Adds the gradient of the mean squared distance to the actions that were taken, over rows and
   * numbers (Fujimoto and Gu 2021, equation 3).
   *
   * @param actions {@code [count][dimensions]} of the policy
   * @param taken {@code [count][dimensions]}
   * @param scale one over the rows of the whole minibatch
   * @param gradients at the actions
   * @return the sum over the rows of the mean squared distances
   */
  static double addCloningGradient(
      float[] actions, float[] taken, int count, int dimensions, float scale, float[] gradients) {
    double sum = 0;
    for (int i = 0; i < count * dimensions; i++) {
      float distance = actions[i] - taken[i];
      gradients[i] += 2 * scale / dimensions * distance;
      sum += (double) distance * distance / dimensions;
    }
    return sum;
  }

  /**
   * What Q counts beside the cloning: λ = α over the mean size of Q, so that α means the same
   * whatever rewards are worth (equation 5 there).
   *
   * @param valueSizeSum of Q at the actions that were taken
   * @param rows of the minibatch
   */
  static float valueWeight(double alpha, double valueSizeSum, int rows) {
    double mean = valueSizeSum / rows;
    return (float) (alpha / Math.max(mean, LEAST_VALUE));
  }

  /**
   * Carries a gradient at actions back to the outputs that they are the tangents of.
   *
   * @param gradients at the actions; becomes that at the outputs
   */
  static void unsquash(float[] actions, float[] gradients, int numbers) {
    for (int i = 0; i < numbers; i++) {
      gradients[i] *= (1 - actions[i]) * (1 + actions[i]);
    }
  }
}
