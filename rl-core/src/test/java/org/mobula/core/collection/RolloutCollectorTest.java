package org.mobula.core.collection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicyRunner;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

class RolloutCollectorTest {
  private static final PolicySpec SPEC =
      ActorCritic.policy(
          new CartPole().observationSpace(),
          new CartPole().actionSpace(),
          NetworkConfig.defaults(),
          0);

  private static PolicyRunner runner() {
    return new PolicyRunner(SPEC, NetworkEngine.AUTO.create(SPEC.network()));
  }

  @ParameterizedTest
  @EnumSource(names = "SAME_STEP", mode = EnumSource.Mode.EXCLUDE)
  void refusesEnvironmentsThatResetOtherwise(AutoresetMode mode) {
    try (SyncVectorEnvironment environments = new SyncVectorEnvironment(CartPole::new, 2, mode);
        PolicyRunner runner = runner()) {
      assertThatThrownBy(
              () -> new RolloutCollector(environments, runner, 8, false, 1, new Pcg64(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the environments' reset mode is "
                  + mode
                  + " but must be SAME_STEP to collect rollouts");
    }
  }

  @Test
  void closesItsEnvironmentsIfTheFirstResetFails() {
    List<Unsteady> made = new ArrayList<>();
    EnvironmentFactory factory =
        () -> {
          made.add(new Unsteady(made.size() == 1));
          return made.get(made.size() - 1);
        };
    SyncVectorEnvironment environments =
        new SyncVectorEnvironment(factory, 2, AutoresetMode.SAME_STEP);
    assertThatThrownBy(
            () -> new RolloutCollector(environments, runner(), 8, false, 1, new Pcg64(1)))
        .hasMessageContaining("no start");
    assertThat(made).hasSize(2).allMatch(environment -> environment.closed);
  }

  /** May refuse to start. */
  private static final class Unsteady extends EnvironmentWrapper {
    private final boolean refuses;
    private boolean closed;

    Unsteady(boolean refuses) {
      super(new CartPole());
      this.refuses = refuses;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      if (refuses) {
        throw new IllegalStateException("no start");
      }
      super.reset(reset, observation);
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
