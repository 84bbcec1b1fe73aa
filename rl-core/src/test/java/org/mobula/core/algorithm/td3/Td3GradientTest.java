package org.mobula.core.algorithm.td3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.FiniteDifferences;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.TransitionBatches;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;

/** The whole way from a minibatch to the gradients at the parameters of each network. */
class Td3GradientTest {
  private static final int ROWS = 6;
  private static final int FEATURES = 3;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void agreesWithFiniteDifferences(boolean clones) {
    Td3Config config = Td3Config.defaults();
    NetworkConfig network = NetworkConfig.defaults().withHidden(List.of(5));
    Box actions = Box.of(-1, 1, 2);
    PolicySpec spec = config.policy(Box.unbounded(FEATURES), actions, network);
    LearnerSetup setup =
        new LearnerSetup(
            spec, config.networks(spec, network), NetworkEngine.AUTO, 1, 1, 0, null, new Pcg64(1));
    float[] policy = FiniteDifferences.numbers(spec.network().layout().size(), 2);
    float[] critics =
        FiniteDifferences.numbers(setup.network(Td3Config.CRITICS).layout().size(), 3);
    try (Td3Gradient part =
        new Td3Gradient(
            config, clones, setup, TransitionBatches.random(ROWS, FEATURES, actions), ROWS)) {
      part.targetPolicy.set(FiniteDifferences.numbers(policy.length, 4));
      part.targetCritics.set(FiniteDifferences.numbers(critics.length, 5));
      part.gather(0, ROWS, FiniteDifferences.numbers(2 * ROWS, 6));
      DoubleSupplier criticLoss =
          () -> {
            part.critics.set(critics);
            part.turnToCritics();
            part.compute(critics, ROWS);
            return part.criticLossSum() / ROWS;
          };
      assertThat(criticLoss.getAsDouble()).isFinite();
      FiniteDifferences.check(critics, part.gradient().clone(), criticLoss, 2e-3);
      assertThat(part.valueSum()).isFinite();
      DoubleSupplier policyLoss =
          () -> {
            part.policy.set(policy);
            part.turnToPolicy(clones ? 0.7f : 1);
            part.compute(policy, ROWS);
            return part.policyLossSum() / ROWS;
          };
      assertThat(policyLoss.getAsDouble()).isFinite();
      FiniteDifferences.check(policy, part.gradient().clone(), policyLoss, 2e-3);
    }
  }
}
