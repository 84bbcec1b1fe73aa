package org.mobula.core.algorithm.td3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.CriticLoss;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.network.djl.DjlAutograd;
import org.mobula.core.random.Pcg64;

class Td3LossTest {
  private static final CriticLoss TWINS = new CriticLoss(2, 1);

  /** −Q₁(tanh(x)) with Q₁ = Σ w·a − ½a², through the gradient at the actions. */
  @Test
  void actorGradientAgreesWithFiniteDifferencesAndPyTorch() {
    int rows = 5;
    float[] outputs = FiniteDifferences.numbers(2 * rows, 1);
    float[] actions = outputs.clone();
    Td3Loss.squash(actions, actions.length);
    float[] valueGradients = new float[2 * rows];
    TWINS.actorGradient(new float[2 * rows], rows, 1f / rows, true, valueGradients);
    float[] slopes = {0.8f, -1.1f};
    float[] gradients = new float[outputs.length];
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] = valueGradients[i / 2 * 2] * (slopes[i % 2] - actions[i]);
    }
    Td3Loss.unsquash(actions, gradients, gradients.length);

    FiniteDifferences.check(
        outputs,
        gradients,
        () -> {
          double sum = 0;
          for (int i = 0; i < outputs.length; i++) {
            double action = Math.tanh(outputs[i]);
            sum -= slopes[i % 2] * action - 0.5 * action * action;
          }
          return sum / rows;
        },
        1e-4);
    float[] expected =
        DjlAutograd.gradient(
            outputs,
            new Shape(rows, 2),
            array -> {
              var action = array.tanh();
              return action
                  .mul(array.getManager().create(slopes))
                  .sub(action.square().mul(0.5))
                  .sum()
                  .div(-rows);
            });
    for (int i = 0; i < outputs.length; i++) {
      assertThat(gradients[i]).isCloseTo(expected[i], within(1e-6f));
    }
  }

  @Test
  void noiseOnTargetActionsIsHeldTwice() {
    Td3Loss loss = new Td3Loss(TWINS, 0.2f, 0.5f);
    int numbers = 20_000;
    float[] actions = new float[numbers];
    loss.smooth(actions, numbers, normal(numbers));
    double squares = 0;
    float greatest = 0;
    for (float action : actions) {
      squares += action * action;
      greatest = Math.max(greatest, Math.abs(action));
    }
    // Cut off at 2.5 deviations, little of the variance is lost.
    assertThat(Math.sqrt(squares / numbers)).isCloseTo(0.2, within(0.01));
    assertThat(greatest).isEqualTo(0.5f);

    float[] edge = new float[1000];
    Arrays.fill(edge, 0.9f);
    loss.smooth(edge, edge.length, normal(edge.length));
    for (float action : edge) {
      assertThat(action).isBetween(0.39999f, 1f);
    }
    float[] same = {0.3f};
    new Td3Loss(new CriticLoss(1, 1), 0, 0).smooth(same, 1, normal(1));
    assertThat(same).as("DDPG").containsExactly(0.3f);
  }

  private static float[] normal(int count) {
    Pcg64 random = new Pcg64(1);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  @Test
  void targetsTakeTheLesserValueAndEndWithTheEpisode() {
    float[] targets = new float[2];
    new Td3Loss(TWINS, 0, 0)
        .targets(
            new float[] {1, 2},
            new float[] {0.9f, 0},
            new float[] {5, 4, Float.NaN, 7},
            targets,
            2);
    assertThat(targets).containsExactly(1 + 0.9f * 4, 2);
  }

  /**
   * By hand, of TD3+BC's equations 3 and 5: ((.5 − 1)² + (−.5 − 0)² + (0 − .2)² + (1 − 1)²) / 2 =
   * .27 over two rows of two numbers, whose gradients are (a − taken) times 2 / (2 · 2); λ = 2.5 /
   * (30 / 4) = ⅓.
   */
  @Test
  void cloningHoldsThePolicyToWhatWasDone() {
    float[] gradients = {1, 1, 1, 1};
    double sum =
        Td3Loss.addCloningGradient(
            new float[] {0.5f, -0.5f, 0, 1}, new float[] {1, 0, 0.2f, 1}, 2, 2, 0.5f, gradients);
    assertThat(sum).isCloseTo(0.27, within(1e-6));
    float[] expected = {0.75f, 0.75f, 0.9f, 1};
    for (int i = 0; i < 4; i++) {
      assertThat(gradients[i]).isCloseTo(expected[i], within(1e-6f));
    }
    assertThat(Td3Loss.valueWeight(2.5, 30, 4)).isCloseTo(1 / 3f, within(1e-6f));
    assertThat(Td3Loss.valueWeight(2.5, 0, 4)).as("nothing is known").isFinite();
  }
}
