package org.mobula.core.algorithm.iql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.TransitionBatches;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

class IqlLossTest {
  private static final int ROWS = 6;
  private static final int FEATURES = 3;

  /**
   * In numpy: A = [2, 1] − [1, 3] = [1, −2]; side = where(A &lt; 0, .3, .7); (side·A²).sum() = .7 +
   * 1.2 = 1.9; the gradient of the mean −2·side·A/2 = [−.7, .6]; exp(3·A) = [20.085537,
   * .0024787522].
   */
  @Test
  void valuesLieNearTheBestOfWhatWasDone() {
    IqlLoss loss = new IqlLoss(0.7f, 3, 100);
    float[] targets = {2, 1};
    float[] values = {1, 3};
    float[] gradients = new float[2];
    float[] weights = new float[2];
    double sum = loss.gradient(targets, values, 2, 0.5f, gradients, weights);
    assertThat(sum).isCloseTo(1.9, within(1e-6));
    assertThat(gradients[0]).isCloseTo(-0.7f, within(1e-6f));
    assertThat(gradients[1]).isCloseTo(0.6f, within(1e-6f));
    assertThat(weights[0]).isCloseTo(20.085537f, within(1e-5f));
    assertThat((double) weights[1]).isCloseTo(0.0024787522, within(1e-8));
    FiniteDifferences.check(
        values,
        gradients,
        () -> loss.gradient(targets, values, 2, 0.5f, new float[2], new float[2]) / 2,
        1e-3);
    loss.gradient(new float[] {9, 9}, values, 2, 0.5f, gradients, weights);
    assertThat(weights).as("at most").containsExactly(100, 100);
  }

  /** Each loss is differentiated by its own network's parameters alone. */
  @Test
  void agreesWithFiniteDifferences() {
    IqlConfig config = IqlConfig.defaults().withAdvantageScale(0.5);
    NetworkConfig network = NetworkConfig.defaults().withHidden(List.of(5));
    Box actions = Box.of(-1, 1, 2);
    PolicySpec spec = config.policy(Box.unbounded(FEATURES), actions, network);
    LearnerSetup setup =
        new LearnerSetup(
            spec, config.networks(spec, network), NetworkEngine.AUTO, 1, 1, 0, null, new Pcg64(1));
    float[] policy = FiniteDifferences.numbers(spec.network().layout().size(), 2);
    float[] critics =
        FiniteDifferences.numbers(setup.network(IqlConfig.CRITICS).layout().size(), 3);
    float[] value = FiniteDifferences.numbers(setup.network(IqlConfig.VALUE).layout().size(), 4);
    try (IqlGradient part =
        new IqlGradient(config, setup, TransitionBatches.random(ROWS, FEATURES, actions), ROWS)) {
      part.target.set(FiniteDifferences.numbers(critics.length, 5));
      part.gather(0, ROWS);
      Supplier<float[]> computed =
          () -> {
            part.policy.set(policy);
            part.critics.set(critics);
            part.value.set(value);
            part.compute(policy, ROWS);
            return part.gradient();
          };
      float[] all = computed.get().clone();
      assertThat(all).hasSize(policy.length + critics.length + value.length);
      check(policy, all, 0, computed, part::policyLossSum);
      check(critics, all, policy.length, computed, part::criticLossSum);
      check(value, all, policy.length + critics.length, computed, part::valueLossSum);
    }
  }

  private static void check(
      float[] parameters,
      float[] all,
      int from,
      Supplier<float[]> computed,
      DoubleSupplier lossSum) {
    FiniteDifferences.check(
        parameters,
        Arrays.copyOfRange(all, from, from + parameters.length),
        () -> {
          assertThat(computed.get()).isNotEmpty();
          return lossSum.getAsDouble() / ROWS;
        },
        2e-2);
  }
}
