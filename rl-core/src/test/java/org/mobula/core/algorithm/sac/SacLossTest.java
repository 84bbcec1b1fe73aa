package org.mobula.core.algorithm.sac;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.CriticLoss;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.network.djl.DjlAutograd;

class SacLossTest {
  private static final int ROWS = 8;
  private static final int DIMENSIONS = 2;
  private static final float TEMPERATURE = 0.3f;
  private static final CriticLoss CRITICS = new CriticLoss(2, 0.5f);

  // Two critics that are easily differentiated by hand: Q = Σ slope·a − bend·a².
  private static final float[] SLOPES = {1, -0.5f, -0.7f, 0.9f};
  private static final float[] BENDS = {0.3f, 0.2f, -0.4f, 0.6f};

  private static float[] values(float[] actions) {
    float[] values = new float[2 * ROWS];
    for (int i = 0; i < values.length; i++) {
      for (int k = 0; k < DIMENSIONS; k++) {
        float action = actions[i / 2 * DIMENSIONS + k];
        int at = i % 2 * DIMENSIONS + k;
        values[i] += SLOPES[at] * action - BENDS[at] * action * action;
      }
    }
    return values;
  }

  /** What a network's backward would give: the gradient at its inputs. */
  private static float[] atActions(float[] actions, float[] valueGradients) {
    float[] gradients = new float[actions.length];
    for (int i = 0; i < valueGradients.length; i++) {
      for (int k = 0; k < DIMENSIONS; k++) {
        int action = i / 2 * DIMENSIONS + k;
        int at = i % 2 * DIMENSIONS + k;
        gradients[action] += valueGradients[i] * (SLOPES[at] - 2 * BENDS[at] * actions[action]);
      }
    }
    return gradients;
  }

  /** Row 0 lies beyond the greatest deviation, and row 1 beyond the least. */
  private static float[] outputs() {
    float[] outputs = FiniteDifferences.numbers(2 * ROWS * DIMENSIONS, 1);
    outputs[2] = 2.5f;
    outputs[6] = -21;
    return outputs;
  }

  private static double loss(SacLoss loss, float[] outputs, float[] noise) {
    float[] actions = new float[ROWS * DIMENSIONS];
    float[] logs = new float[ROWS];
    loss.act(outputs.clone(), ROWS, noise, actions, logs);
    float[] values = values(actions);
    double sum = 0;
    for (int row = 0; row < ROWS; row++) {
      sum += (double) TEMPERATURE * logs[row] - CRITICS.leastValue(values, row);
    }
    return sum / ROWS;
  }

  @Test
  void actorGradientAgreesWithFiniteDifferencesAndPyTorch() {
    SacLoss loss = new SacLoss(DIMENSIONS, CRITICS);
    float[] noise = FiniteDifferences.numbers(ROWS * DIMENSIONS, 2);
    float[] outputs = outputs();
    float[] actions = new float[ROWS * DIMENSIONS];
    float[] held = outputs.clone();
    loss.act(held, ROWS, noise, actions, new float[ROWS]);
    assertThat(held[2]).isEqualTo(2);
    assertThat(held[6]).isEqualTo(-20);
    float[] valueGradients = new float[2 * ROWS];
    CRITICS.actorGradient(values(actions), ROWS, 1f / ROWS, false, valueGradients);
    float[] gradients = new float[outputs.length];
    loss.actorGradient(
        held, ROWS, noise, atActions(actions, valueGradients), TEMPERATURE, 1f / ROWS, gradients);
    FiniteDifferences.check(outputs, gradients, () -> loss(loss, outputs, noise), 2e-3);

    Shape shape = new Shape(ROWS, 2, DIMENSIONS);
    UnaryOperator<NDArray> function =
        array -> {
          NDManager manager = array.getManager();
          NDArray epsilon = manager.create(noise, new Shape(ROWS, DIMENSIONS));
          NDArray mean = array.get(":, 0");
          NDArray logDeviation = array.get(":, 1").clip(-20, 2);
          NDArray u = mean.add(logDeviation.exp().mul(epsilon));
          NDArray action = u.tanh();
          // log(1 − tanh²(u)) = 2·(log 2 − u − softplus(−2u)).
          NDArray slope = u.mul(-2).exp().add(1).log().add(u).sub(Math.log(2)).mul(-2);
          NDArray density =
              epsilon
                  .square()
                  .mul(-0.5)
                  .sub(logDeviation)
                  .sub(0.5 * Math.log(2 * Math.PI))
                  .sub(slope)
                  .sum(new int[] {1});
          NDArray first = value(manager, action, 0);
          NDArray second = value(manager, action, 1);
          return density.mul(TEMPERATURE).sub(NDArrays.minimum(first, second)).mean();
        };
    assertThat((double) DjlAutograd.value(outputs, shape, function))
        .isCloseTo(loss(loss, outputs, noise), within(1e-5));
    float[] expected = DjlAutograd.gradient(outputs, shape, function);
    for (int i = 0; i < outputs.length; i++) {
      assertThat(gradients[i]).as("output " + i).isCloseTo(expected[i], within(2e-6f));
    }
  }

  private static NDArray value(NDManager manager, NDArray action, int critic) {
    float[] slopes = {SLOPES[critic * DIMENSIONS], SLOPES[critic * DIMENSIONS + 1]};
    float[] bends = {BENDS[critic * DIMENSIONS], BENDS[critic * DIMENSIONS + 1]};
    return action
        .mul(manager.create(slopes))
        .sub(action.square().mul(manager.create(bends)))
        .sum(new int[] {1});
  }

  @Test
  void targetsAreSoftAndEndWithTheEpisode() {
    SacLoss loss = new SacLoss(1, CRITICS);
    float[] targets = new float[2];
    loss.targets(
        new float[] {1, 2},
        new float[] {0.9f, 0},
        new float[] {5, 4, Float.NaN, 7},
        new float[] {-1, Float.NaN},
        0.5f,
        targets,
        2);
    assertThat(targets[0]).isCloseTo(1 + 0.9f * (4 + 0.5f), within(1e-6f));
    assertThat(targets[1]).isEqualTo(2);
  }

  /** −log α·(log π + H) by log α is the mean distance of the entropy to its target. */
  @Test
  void theTemperatureGrowsWhereTheEntropyIsTooSmall() {
    float[] logs = {-1, 2};
    assertThat(SacLoss.temperatureGradient(logs, 2, -1)).isEqualTo(-(0.5 - 1));
    assertThat(SacLoss.temperatureGradient(logs, 2, 1)).as("too little").isNegative();
  }
}
