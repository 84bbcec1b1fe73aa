package org.mobula.core.algorithm.imitation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.algorithm.LikelihoodLoss;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

class ImitationLossTest {
  private static PolicySpec policy(Space actions) {
    return ActorCritic.policy(
        Box.unbounded(3), actions, NetworkConfig.defaults().withHidden(List.of(4)), 0);
  }

  /**
   * In numpy: x = [[1, 0, −1], [.5, .5, 2]]; p = exp(x) / exp(x).sum(1); −log p[0, 0] = .40760596,
   * −log p[1, 1] = 1.8689811 (rows' log-sum-exps 1.40760596 and 2.3689811); with weights 2 and ½
   * the sum is 1.7497025, and the gradient of the mean is w·(p − onehot)/2.
   */
  @Test
  void clonesChoicesByCrossEntropy() {
    LikelihoodLoss loss = new LikelihoodLoss(policy(new Discrete(3)));
    float[] outputs = {1, 0, -1, 9, 0.5f, 0.5f, 2, 9};
    float[] gradients = new float[8];
    double sum =
        loss.gradient(outputs, new float[] {0, 1}, new float[] {2, 0.5f}, 2, 0.5f, gradients);
    assertThat(sum).isCloseTo(2 * 0.40760596 + 0.5 * 1.8689811, within(1e-5));
    double[] first = {Math.exp(1), 1, Math.exp(-1)};
    double[] second = {Math.exp(0.5), Math.exp(0.5), Math.exp(2)};
    double firstSum = Arrays.stream(first).sum();
    double secondSum = Arrays.stream(second).sum();
    double[] expected = {
      first[0] / firstSum - 1,
      first[1] / firstSum,
      first[2] / firstSum,
      0,
      0.25 * (second[0] / secondSum),
      0.25 * (second[1] / secondSum - 1),
      0.25 * (second[2] / secondSum),
      0
    };
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) gradients[i]).as("output " + i).isCloseTo(expected[i], within(1e-6));
    }
  }

  /**
   * By hand: −log N(x; μ, σ) = ½((x − μ)/σ)² + log σ + ½ log 2π. With μ = .5, log σ = −1, x = 1:
   * ½·(.5·e)² − 1 + .9189385 = .8425704.
   */
  @Test
  void clonesMovesByLikelihood() {
    LikelihoodLoss loss = new LikelihoodLoss(policy(Box.of(-2, 2, 1)));
    float[] outputs = {0.5f, -1, 7};
    float[] gradients = new float[3];
    float[] one = {1};
    double sum = loss.gradient(outputs, one, one, 1, 1, gradients);
    assertThat(sum).isCloseTo(0.8425704, within(1e-6));
    assertThat(gradients[0]).isCloseTo((float) (-0.5 * Math.exp(2)), within(1e-5f));
    assertThat(gradients[1]).isCloseTo((float) (1 - 0.25 * Math.exp(2)), within(1e-5f));
    assertThat(gradients[2]).isZero();

    float[] many = FiniteDifferences.numbers(3 * 5, 1);
    float[] actions = FiniteDifferences.numbers(5, 2);
    float[] weights = {1, 2, 0, 0.5f, 3};
    float[] all = new float[15];
    loss.gradient(many, actions, weights, 5, 0.2f, all);
    FiniteDifferences.check(
        many, all, () -> loss.gradient(many, actions, weights, 5, 0.2f, new float[15]) / 5, 5e-2);
  }

  @Test
  void aWidthDoesNotShrinkWithoutEnd() {
    LikelihoodLoss loss = new LikelihoodLoss(policy(Box.of(-2, 2, 1)));
    float[] one = {1};
    float[] gradients = new float[3];
    loss.gradient(new float[] {1, -5, 0}, one, one, 1, 1, gradients);
    assertThat(gradients[1]).as("the mean is right").isZero();
    loss.gradient(new float[] {1.1f, -5, 0}, one, one, 1, 1, gradients);
    assertThat(gradients[1]).as("it is too narrow").isNegative();
  }

  /** By hand: tanh(.3) = .2913126; (.2913126 − 1)² / 2 + (tanh(−1) + .5)² / 2 = .2854187. */
  @Test
  void clonesMovesBySquaredError() {
    ImitationLoss.SquaredError loss = new ImitationLoss.SquaredError(2);
    float[] outputs = {0.3f, -1};
    float[] actions = {1, -0.5f};
    float[] gradients = new float[2];
    double sum = loss.gradient(outputs, actions, 1, 1, gradients);
    assertThat(sum)
        .isCloseTo((Math.pow(0.2913126 - 1, 2) + Math.pow(-0.7615942 + 0.5, 2)) / 2, within(1e-6));
    FiniteDifferences.check(
        outputs, gradients, () -> loss.gradient(outputs, actions, 1, 1, new float[2]), 1e-4);
  }

  /** exp(β·A/c): exp(1 · 3 / 6) = 1.6487213, and 20 where it would be more. */
  @Test
  void weighsByAdvantages() {
    ImitationLoss.AdvantageWeighted loss = new ImitationLoss.AdvantageWeighted(1, 20, 1);
    assertThat(loss.weight(3, 6)).isCloseTo(1.6487213f, within(1e-6f));
    assertThat(loss.weight(100, 1)).isEqualTo(20);
    assertThat(new ImitationLoss.AdvantageWeighted(0, 20, 1).weight(-7, 2)).isEqualTo(1);
  }
}
