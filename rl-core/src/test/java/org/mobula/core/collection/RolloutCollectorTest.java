package org.mobula.core.collection;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

class RolloutCollectorTest {
  @ParameterizedTest
  @EnumSource(names = "SAME_STEP", mode = EnumSource.Mode.EXCLUDE)
  void refusesEnvironmentsThatResetOtherwise(AutoresetMode mode) {
    CartPole cartPole = new CartPole();
    NetworkConfig network = NetworkConfig.defaults();
    PolicySpec spec =
        ActorCritic.policy(cartPole.observationSpace(), cartPole.actionSpace(), network, 0);
    try (SyncVectorEnvironment environments = new SyncVectorEnvironment(CartPole::new, 2, mode);
        PolicyRunner runner = new PolicyRunner(spec, network.engine().create(spec.network()))) {
      assertThatThrownBy(
              () -> new RolloutCollector(environments, runner, 8, false, 1, new Pcg64(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the environments' reset mode is "
                  + mode
                  + " but must be SAME_STEP to collect rollouts");
    }
  }
}
