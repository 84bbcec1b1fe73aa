package org.mobula.core.algorithm.imitation;

/** What a policy that imitates is held to. */
sealed interface ImitationLoss {
  /** −log π(a|s). */
  record Likelihood() implements ImitationLoss {}

  /**
   * The mean squared distance of tanh(outputs) to the recorded action, over rows and numbers.
   *
   * @param dimensions numbers of an action
   */
  record SquaredError(int dimensions) implements ImitationLoss {
    /**
     * Writes the gradient at the network's outputs.
     *
     * @param outputs {@code [count][dimensions]} before the tangent
     * @param actions {@code [count][dimensions]} in [−1, 1]
     * @param scale one over the rows of the whole minibatch
     * @return the sum over the rows of the mean squared distances
     */
    double gradient(float[] outputs, float[] actions, int count, float scale, float[] gradients) {
      double sum = 0;
      for (int i = 0; i < count * dimensions; i++) {
        double action = Math.tanh(outputs[i]);
        double distance = action - actions[i];
        sum += distance * distance / dimensions;
        gradients[i] = (float) (2.0 * scale / dimensions * distance * (1 - action) * (1 + action));
      }
      return sum;
    }
  }

  /**
   * Monotonic advantage re-weighted imitation (Wang et al. 2018, algorithm 1 and equation 4), with
   * R the return from the recorded step on and V the value that is learnt beside the policy:
   *
   * <pre>
   *   A      = R − V(s)
   *   weight = min(exp(β · A / c), greatest)     c² a moving mean of A²
   *   loss   = −weight · log π(a|s) + c_value · (V(s) − R)²
   * </pre>
   *
   * @param advantageScale β; 0 clones all alike
   * @param greatestWeight of a step
   * @param valueCoefficient c_value
   */
  record AdvantageWeighted(float advantageScale, float greatestWeight, float valueCoefficient)
      implements ImitationLoss {
    /**
     * The weight of a step.
     *
     * @param deviation c
     */
    float weight(float advantage, float deviation) {
      double weight = Math.exp((double) advantageScale * advantage / deviation);
      return (float) Math.min(greatestWeight, weight);
    }
  }
}
