package org.mobula.core.algorithm.pqn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.network.djl.DjlAutograd;

class PqnLossTest {
  private static final int ROWS = 5;
  private static final int ACTIONS = 3;
  private static final int[] TAKEN = {0, 2, 1, 2, 0};

  private final float[] values = FiniteDifferences.numbers(ROWS * ACTIONS, 1);
  private final float[] targets = FiniteDifferences.numbers(ROWS, 2);

  private double mean(float[] gradients) {
    return PqnGradient.loss(values, TAKEN, targets, ROWS, 1f / ROWS, gradients) / ROWS;
  }

  @Test
  void gradientAgreesWithFiniteDifferences() {
    float[] gradients = new float[values.length];
    mean(gradients);
    FiniteDifferences.check(values, gradients, () -> mean(new float[values.length]), 1e-3);
  }

  @Test
  void agreesWithTheGradientOfPyTorch() {
    float[] taken = new float[values.length];
    for (int row = 0; row < ROWS; row++) {
      taken[row * ACTIONS + TAKEN[row]] = 1;
    }
    UnaryOperator<NDArray> meanSquaredError =
        array -> {
          NDArray mask = array.getManager().create(taken, new Shape(ROWS, ACTIONS));
          NDArray error =
              array.mul(mask).sum(new int[] {1}).sub(array.getManager().create(targets));
          return error.square().mean();
        };
    Shape shape = new Shape(ROWS, ACTIONS);
    float[] gradients = new float[values.length];
    double loss = mean(gradients);
    assertThat((double) DjlAutograd.value(values, shape, meanSquaredError))
        .isCloseTo(loss, within(1e-5));
    float[] expected = DjlAutograd.gradient(values, shape, meanSquaredError);
    for (int i = 0; i < values.length; i++) {
      assertThat(gradients[i]).as("value " + i).isCloseTo(expected[i], within(1e-6f));
    }
  }
}
