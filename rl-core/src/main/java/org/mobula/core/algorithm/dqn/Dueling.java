package org.mobula.core.algorithm.dqn;

/**
 * Values from the worth of a state and the advantages of the actions in it (Wang et al. 2016,
 * equation 9):
 *
 * <pre>  Q(s, a) = V(s) + A(s, a) − mean over b of A(s, b)</pre>
 *
 * <p>for each of the numbers that describe a value. A row of the network holds A and then V, {@code
 * [actions + 1][width]}, so the greatest of its first numbers is that of the best action.
 *
 * @param actions how many there are
 * @param width numbers that describe one value
 */
record Dueling(int actions, int width) {
  /** Outputs of the network. */
  int outputs() {
    return (1 + actions) * width;
  }

  /**
   * Puts the values together.
   *
   * @param outputs {@code [rows][actions + 1][width]}
   * @param values receives {@code [rows][actions][width]}
   */
  void combine(float[] outputs, int rows, float[] values) {
    for (int row = 0; row < rows; row++) {
      int advantages = row * outputs();
      int state = advantages + actions * width;
      for (int i = 0; i < width; i++) {
        float base = outputs[state + i] - mean(outputs, advantages + i);
        for (int action = 0; action < actions; action++) {
          values[(row * actions + action) * width + i] =
              base + outputs[advantages + action * width + i];
        }
      }
    }
  }

  /**
   * Carries a gradient at the values back to the outputs.
   *
   * @param valueGradients {@code [rows][actions][width]}
   * @param gradients receives {@code [rows][actions + 1][width]}
   */
  void spread(float[] valueGradients, int rows, float[] gradients) {
    for (int row = 0; row < rows; row++) {
      int advantages = row * outputs();
      int state = advantages + actions * width;
      int values = row * actions * width;
      for (int i = 0; i < width; i++) {
        float mean = mean(valueGradients, values + i);
        gradients[state + i] = mean * actions;
        for (int action = 0; action < actions; action++) {
          gradients[advantages + action * width + i] =
              valueGradients[values + action * width + i] - mean;
        }
      }
    }
  }

  private float mean(float[] numbers, int offset) {
    float sum = 0;
    for (int action = 0; action < actions; action++) {
      sum += numbers[offset + action * width];
    }
    return sum / actions;
  }
}
