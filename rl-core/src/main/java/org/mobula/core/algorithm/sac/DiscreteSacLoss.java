package org.mobula.core.algorithm.sac;

/**
 * Soft actor-critic for discrete actions (Christodoulou 2019, equations 10 to 12): what is drawn in
 * a box is an expectation here. Values are {@code [row][critic][action]}, logits {@code
 * [row][action]}; a choice that is not allowed has the logit −∞ (or the least float) and the
 * probability 0. One thread at a time.
 */
final class DiscreteSacLoss {
  private final int actions;
  private final int critics;
  private final double[] probabilities;
  private final double[] logs;

  DiscreteSacLoss(int actions, int critics) {
    this.actions = actions;
    this.critics = critics;
    probabilities = new double[actions];
    logs = new double[actions];
  }

  /**
   * Writes the targets of the critics: {@code r + discount · Σ π(a'|s')·(min Q'(s', a') − α·log
   * π(a'|s'))}.
   */
  void targets(
      float[] rewards,
      float[] discounts,
      float[] nextValues,
      float[] nextLogits,
      float temperature,
      float[] targets,
      int count) {
    for (int row = 0; row < count; row++) {
      targets[row] = rewards[row];
      if (discounts[row] != 0) {
        softmax(nextLogits, row * actions);
        double value = 0;
        for (int action = 0; action < actions; action++) {
          if (probabilities[action] > 0) {
            value +=
                probabilities[action]
                    * (leastValue(nextValues, row, action) - temperature * logs[action]);
          }
        }
        targets[row] += (float) (discounts[row] * value);
      }
    }
  }

  private float leastValue(float[] values, int row, int action) {
    float least = values[row * critics * actions + action];
    for (int critic = 1; critic < critics; critic++) {
      least = Math.min(least, values[(row * critics + critic) * actions + action]);
    }
    return least;
  }

  /**
   * Writes the gradient of the actor's mean loss {@code Σ π(a|s)·(α·log π(a|s) − min Q(s, a))} at
   * the logits, and the entropies of the rows.
   *
   * @param scale one over the rows of the whole minibatch
   * @param gradients receives {@code [count][actions]}
   * @param entropies receives one a row, in nats
   * @return the sum of the losses
   */
  double actorGradient(
      float[] logits,
      float[] values,
      int count,
      float temperature,
      float scale,
      float[] gradients,
      float[] entropies) {
    double sum = 0;
    for (int row = 0; row < count; row++) {
      softmax(logits, row * actions);
      double loss = 0;
      double entropy = 0;
      for (int action = 0; action < actions; action++) {
        if (probabilities[action] > 0) {
          loss +=
              probabilities[action]
                  * (temperature * logs[action] - leastValue(values, row, action));
          entropy -= probabilities[action] * logs[action];
        }
      }
      for (int action = 0; action < actions; action++) {
        // The derivative of log π inside drops out: Σ π·∂ log π = 0.
        double worth =
            probabilities[action] > 0
                ? temperature * logs[action] - leastValue(values, row, action) - loss
                : 0;
        gradients[row * actions + action] = (float) (scale * probabilities[action] * worth);
      }
      entropies[row] = (float) entropy;
      sum += loss;
    }
    return sum;
  }

  private void softmax(float[] logits, int offset) {
    double max = Double.NEGATIVE_INFINITY;
    for (int action = 0; action < actions; action++) {
      max = Math.max(max, logits[offset + action]);
    }
    double sum = 0;
    for (int action = 0; action < actions; action++) {
      probabilities[action] = Math.exp(logits[offset + action] - max);
      sum += probabilities[action];
    }
    double logSum = Math.log(sum);
    for (int action = 0; action < actions; action++) {
      probabilities[action] /= sum;
      logs[action] = logits[offset + action] - max - logSum;
    }
  }
}
