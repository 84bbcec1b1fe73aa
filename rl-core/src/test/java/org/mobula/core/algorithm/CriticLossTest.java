package org.mobula.core.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.network.djl.DjlAutograd;

class CriticLossTest {
  private static final int ROWS = 6;

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "2, 0.5"})
  void gradientAgreesWithFiniteDifferencesAndPyTorch(int critics, float factor) {
    CriticLoss loss = new CriticLoss(critics, factor);
    float[] values = FiniteDifferences.numbers(ROWS * critics, 1);
    float[] targets = FiniteDifferences.numbers(ROWS, 2);
    float[] weights = {1, 0.5f, 0.2f, 1, 0.7f, 0.1f};
    float[] gradients = new float[values.length];
    float[] errors = new float[ROWS];
    double sum = loss.gradient(values, targets, weights, ROWS, 1f / ROWS, gradients, errors);
    FiniteDifferences.check(
        values,
        gradients,
        () ->
            loss.gradient(values, targets, weights, ROWS, 1, new float[values.length], new float[6])
                / ROWS,
        1e-4);

    Shape shape = new Shape(ROWS, critics);
    UnaryOperator<NDArray> function =
        array ->
            array
                .sub(array.getManager().create(targets, new Shape(ROWS, 1)))
                .square()
                .mul(array.getManager().create(weights, new Shape(ROWS, 1)))
                .mul(factor)
                .sum()
                .div(ROWS);
    assertThat((double) DjlAutograd.value(values, shape, function))
        .isCloseTo(sum / ROWS, within(1e-6));
    float[] expected = DjlAutograd.gradient(values, shape, function);
    for (int i = 0; i < values.length; i++) {
      assertThat(gradients[i]).isCloseTo(expected[i], within(1e-6f));
    }
    for (int row = 0; row < ROWS; row++) {
      float mean = 0;
      for (int critic = 0; critic < critics; critic++) {
        mean += (values[row * critics + critic] - targets[row]) / critics;
      }
      assertThat(errors[row]).isCloseTo(mean, within(1e-6f));
    }
  }

  @Test
  void anActorFollowsTheCautiousCriticOrTheFirst() {
    CriticLoss loss = new CriticLoss(2, 1);
    float[] values = {1, 2, 5, 3, 4, 4};
    float[] gradients = new float[6];
    assertThat(loss.actorGradient(values, 3, 0.5f, false, gradients)).isEqualTo(1 + 3 + 4);
    assertThat(gradients).containsExactly(-0.5f, 0, 0, -0.5f, -0.5f, 0);
    assertThat(loss.actorGradient(values, 3, 0.5f, true, gradients)).isEqualTo(1 + 5 + 4);
    assertThat(gradients).containsExactly(-0.5f, 0, -0.5f, 0, -0.5f, 0);
    assertThat(loss.leastValue(values, 1)).isEqualTo(3);
  }

  @Test
  void thereIsACritic() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CriticLoss(0, 1))
        .withMessage("critics is 0 but must be >= 1");
  }
}
