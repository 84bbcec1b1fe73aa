package org.mobula.core.algorithm.sac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.network.djl.DjlAutograd;

class DiscreteSacLossTest {
  private static final int ROWS = 7;
  private static final int ACTIONS = 3;
  private static final float TEMPERATURE = 0.4f;

  @Test
  void actorGradientAgreesWithFiniteDifferencesAndPyTorch() {
    DiscreteSacLoss loss = new DiscreteSacLoss(ACTIONS, 2);
    float[] logits = FiniteDifferences.numbers(ROWS * ACTIONS, 1);
    float[] values = FiniteDifferences.numbers(ROWS * 2 * ACTIONS, 2);
    float[] gradients = new float[logits.length];
    float[] entropies = new float[ROWS];
    double sum =
        loss.actorGradient(logits, values, ROWS, TEMPERATURE, 1f / ROWS, gradients, entropies);
    FiniteDifferences.check(
        logits,
        gradients,
        () ->
            loss.actorGradient(
                    logits, values, ROWS, TEMPERATURE, 1, new float[logits.length], new float[ROWS])
                / ROWS,
        1e-4);

    float[] least = new float[ROWS * ACTIONS];
    for (int i = 0; i < least.length; i++) {
      int at = i / ACTIONS * 2 * ACTIONS + i % ACTIONS;
      least[i] = Math.min(values[at], values[at + ACTIONS]);
    }
    Shape shape = new Shape(ROWS, ACTIONS);
    UnaryOperator<NDArray> function =
        array -> {
          NDArray logs = array.logSoftmax(1);
          NDArray worth = logs.mul(TEMPERATURE).sub(array.getManager().create(least, shape));
          return logs.exp().mul(worth).sum().div(ROWS);
        };
    assertThat((double) DjlAutograd.value(logits, shape, function))
        .isCloseTo(sum / ROWS, within(1e-6));
    float[] expected = DjlAutograd.gradient(logits, shape, function);
    for (int i = 0; i < logits.length; i++) {
      assertThat(gradients[i]).isCloseTo(expected[i], within(1e-6f));
    }
    float[] entropy =
        DjlAutograd.gradient(
            new float[ROWS],
            new Shape(ROWS),
            shift -> {
              NDArray logs = shift.getManager().create(logits, shape).logSoftmax(1);
              return logs.exp().mul(logs).sum(new int[] {1}).neg().mul(shift).sum();
            });
    for (int row = 0; row < ROWS; row++) {
      assertThat(entropies[row]).isCloseTo(entropy[row], within(1e-6f));
    }
  }

  /** Equal logits: the mean of the lesser values and α times the logarithm of their number. */
  @Test
  void targetsAreExpectations() {
    float[] values = {1, 5, 3, 2, 4, 9};
    float[] logits = new float[6];
    logits[5] = Float.NaN;
    float[] targets = new float[2];
    float[] both = new float[12];
    System.arraycopy(values, 0, both, 0, 6);
    new DiscreteSacLoss(ACTIONS, 2)
        .targets(new float[] {1, 2}, new float[] {0.5f, 0}, both, logits, TEMPERATURE, targets, 2);
    double expected = 1 + 0.5 * ((1 + 4 + 3) / 3.0 + TEMPERATURE * Math.log(3));
    assertThat((double) targets[0]).isCloseTo(expected, within(1e-6));
    assertThat(targets[1]).as("after a terminal state").isEqualTo(2);
  }

  @Test
  void whatIsNotAllowedHasNoPart() {
    float[] logits = {0, Float.NEGATIVE_INFINITY, 0};
    float[] values = {1, Float.NaN, 3, 1, Float.NaN, 3};
    float[] gradients = new float[3];
    float[] entropies = new float[1];
    double sum =
        new DiscreteSacLoss(ACTIONS, 2)
            .actorGradient(logits, values, 1, TEMPERATURE, 1, gradients, entropies);
    assertThat(sum).isCloseTo(-TEMPERATURE * Math.log(2) - 2, within(1e-6));
    assertThat(gradients[1]).isZero();
    assertThat(gradients[0]).isCloseTo(0.5f, within(1e-6f));
    assertThat(entropies[0]).isCloseTo((float) Math.log(2), within(1e-6f));
  }
}
