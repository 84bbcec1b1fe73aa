package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.ParametersConfig;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/** Settings that another module serves are refused where that module is not plugged in. */
class TrainerPlugsTest {
  private static final TrainingConfig CONFIG =
      TrainingConfig.defaults(
              EnvironmentConfig.defaults("CartPole-v1").withCount(4),
              PpoConfig.defaults().withSteps(16).withMinibatchSize(64))
          .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
          .withStop(StopConfig.defaults().withEnvironmentSteps(64));

  private record Elsewhere() implements ParametersConfig {}

  @Test
  void workersWithoutTheirModuleAreRefused() {
    TrainingConfig config = CONFIG.withWorkers(WorkersConfig.defaults().withCount(2));

    assertThatThrownBy(() -> Trainer.builder(config).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "workers.count is 2, but no workers are plugged into this trainer: add"
                + " .experience(RolloutWorkers.on(runtime)) of the module rollout-workers, or leave"
                + " workers.count at 0");
    assertThat(trained(Trainer.builder(config).experience(ExperienceSetup::inProcess)))
        .isEqualTo(64);
  }

  @Test
  void parametersWithoutTheirModuleAreRefused() {
    TrainingConfig config = CONFIG.withParameters(new Elsewhere());

    assertThatThrownBy(() -> Trainer.builder(config).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "parameters names a Elsewhere, but no store is plugged into this trainer: add"
                + " .store(ParameterServer.on(runtime, serverConfig, environment)) and"
                + " .learners(serverConfig.learners()) of the module param-server, or leave"
                + " parameters out");
    assertThat(trained(Trainer.builder(config).store(TrainerPlugsTest::local))).isEqualTo(64);
  }

  @Test
  void severalLearnersWithoutAStoreOfTheirsAreRefused() {
    assertThatThrownBy(() -> Trainer.builder(CONFIG).learners(3).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "learners is 3, but no store that they share is plugged into this trainer: add"
                + " .store(…), or leave learners at 1");
  }

  /** Another learner takes three times as many steps: they count as the store hears of them. */
  @Test
  void stepsOfOtherLearnersCountAsTheyWere() {
    TrainingConfig config = CONFIG.withStop(StopConfig.defaults().withEnvironmentSteps(512));
    TrainingProgress progress =
        Trainer.builder(config)
            .learners(2)
            .store((run, policy, initial) -> new Busier(local(run, policy, initial)))
            .build()
            .train()
            .progress();
    assertThat(progress.environmentSteps()).isEqualTo(512);
    assertThat(progress.iterations()).isEqualTo(2); // of 64 steps and 192 of the other's
  }

  private static final class Busier implements ParameterStore {
    private final LocalParameterStore store;
    private long steps;

    Busier(LocalParameterStore store) {
      this.store = store;
    }

    @Override
    public ParameterLayout layout() {
      return store.layout();
    }

    @Override
    public long pull(String network, float[] destination) {
      return store.pull(network, destination);
    }

    @Override
    public double push(String network, float[] gradient, double learningRate) {
      return store.push(network, gradient, learningRate);
    }

    @Override
    public void gather(Gathered part, RunningStatistics total) {
      steps += 4 * part.environmentSteps();
    }

    @Override
    public long environmentSteps() {
      return steps;
    }

    @Override
    public StoreState save() {
      return store.save();
    }

    @Override
    public void restore(StoreState state) {
      store.restore(state);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private static long trained(Trainer.Builder trainer) {
    return trainer.build().train().progress().environmentSteps();
  }

  private static LocalParameterStore local(
      TrainingConfig config, org.mobula.core.policy.PolicySpec policy, float[] initial) {
    return new LocalParameterStore(
        policy.network().layout(),
        initial,
        config.algorithm().optimizer(),
        config.algorithm().maxGradientNorm());
  }
}
