package org.mobula.core.algorithm.a2c;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.distribution.Categorical;
import org.mobula.core.distribution.DiagonalGaussian;
import org.mobula.core.distribution.MultiCategorical;
import org.mobula.core.network.djl.DjlAutograd;
import org.mobula.core.random.Pcg64;

class A2cLossTest {
  private static final int ROWS = 10;
  private static final float ENTROPY = 0.02f;
  private static final float VALUE = 0.6f;

  static List<ActionDistribution> distributions() {
    return List.of(
        new Categorical(3), new DiagonalGaussian(2), new MultiCategorical(new int[] {2, 3}));
  }

  @ParameterizedTest
  @MethodSource("distributions")
  void gradientAgreesWithFiniteDifferences(ActionDistribution distribution) {
    A2cLoss loss = new A2cLoss(distribution, ENTROPY, VALUE);
    float[] outputs = FiniteDifferences.numbers(ROWS * (distribution.parameters() + 1), 1);
    float[] actions = actions(distribution, outputs);
    float[] advantages = FiniteDifferences.numbers(ROWS, 3);
    float[] returns = FiniteDifferences.numbers(ROWS, 4);
    float[] gradients = new float[outputs.length];
    loss.gradient(outputs, actions, advantages, returns, ROWS, 1f / ROWS, gradients);
    FiniteDifferences.check(
        outputs,
        gradients,
        () -> {
          float[] unused = new float[outputs.length];
          loss.gradient(outputs, actions, advantages, returns, ROWS, 1, unused);
          return (loss.policyLoss() - ENTROPY * loss.entropy() + VALUE * loss.valueLoss()) / ROWS;
        },
        2e-3);
  }

  private static float[] actions(ActionDistribution distribution, float[] outputs) {
    float[] actions = new float[ROWS * distribution.actionSize()];
    Pcg64 random = new Pcg64(2);
    for (int row = 0; row < ROWS; row++) {
      int output = row * (distribution.parameters() + 1);
      distribution.sample(outputs, output, random, actions, row * distribution.actionSize());
    }
    return actions;
  }

  @Test
  void agreesWithTheGradientOfPyTorch() {
    int choices = 3;
    Categorical categorical = new Categorical(choices);
    A2cLoss loss = new A2cLoss(categorical, ENTROPY, VALUE);
    float[] outputs = FiniteDifferences.numbers(ROWS * (choices + 1), 1);
    float[] actions = actions(categorical, outputs);
    float[] advantages = FiniteDifferences.numbers(ROWS, 3);
    float[] returns = FiniteDifferences.numbers(ROWS, 4);
    float[] gradients = new float[outputs.length];
    loss.gradient(outputs, actions, advantages, returns, ROWS, 1f / ROWS, gradients);
    float[] taken = new float[ROWS * choices];
    for (int row = 0; row < ROWS; row++) {
      taken[row * choices + (int) actions[row]] = 1;
    }
    Shape shape = new Shape(ROWS, choices + 1);
    UnaryOperator<NDArray> function =
        array -> {
          NDManager manager = array.getManager();
          NDArray logs = array.get(":, 0:" + choices).logSoftmax(1);
          NDArray log =
              logs.mul(manager.create(taken, new Shape(ROWS, choices))).sum(new int[] {1});
          NDArray entropy = logs.exp().mul(logs).sum(new int[] {1}).neg();
          NDArray error = array.get(":, " + choices).sub(manager.create(returns));
          return log.mul(manager.create(advantages))
              .neg()
              .sub(entropy.mul(ENTROPY))
              .add(error.square().mul(VALUE))
              .mean();
        };
    float[] expected = DjlAutograd.gradient(outputs, shape, function);
    for (int i = 0; i < outputs.length; i++) {
      assertThat(gradients[i]).as("output " + i).isCloseTo(expected[i], within(1e-6f));
    }
    assertThat((loss.policyLoss() - ENTROPY * loss.entropy() + VALUE * loss.valueLoss()) / ROWS)
        .isCloseTo(DjlAutograd.value(outputs, shape, function), within(1e-5));
  }
}
