package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.pqn.PqnConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ActionValues.QuantileReturns;
import org.mobula.core.policy.Policy;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/**
 * Acting halves travel to workers, and what they bring back is learnt from as often as it is due.
 */
class AlgorithmsInWorkersTest {
  private static AlgorithmConfig algorithm(String name) {
    return switch (name) {
      case "a2c" -> A2cConfig.defaults();
      case "dqn" ->
          DqnConfig.defaults()
              .withTrainFrequency(8)
              .withGradientSteps(-1)
              .withWarmUpSteps(128)
              .withExplorationSteps(500)
              .withValues(new QuantileReturns(5))
              .withReplay(ReplayConfig.defaults().withCapacity(2000).withReturnSteps(3));
      case "sac" ->
          SacConfig.defaults()
              .withTrainFrequency(8)
              .withGradientSteps(-1)
              .withWarmUpSteps(128)
              .withMinibatchSize(32)
              .withNoise(ActionNoise.Pink.defaults())
              .withReplay(ReplayConfig.defaults().withCapacity(2000));
      case "td3" ->
          Td3Config.defaults()
              .withTrainFrequency(8)
              .withGradientSteps(-1)
              .withWarmUpSteps(128)
              .withMinibatchSize(32)
              .withNoise(ActionNoise.OrnsteinUhlenbeck.defaults())
              .withReplay(ReplayConfig.defaults().withCapacity(2000).withPriorityExponent(0.6));
      default -> PqnConfig.defaults().withSteps(32).withExplorationSteps(500);
    };
  }

  /**
   * The version counts gradients: of A2C 512 / 20 times, of DQN one a step after the warm-up, of
   * SAC one a step for each of its three networks, of TD3 one a step and for the policy every
   * other.
   */
  @ParameterizedTest
  @CsvSource({
    "a2c, 1, 26",
    "a2c, 2, 26",
    "dqn, 1, 384",
    "dqn, 2, 384",
    "pqn, 1, 16",
    "pqn, 2, 16",
    "sac, 1, 1152",
    "sac, 2, 1152",
    "td3, 1, 576",
    "td3, 2, 576"
  })
  void theSameSeedGivesTheSameBits(String name, int workers, long version) {
    boolean box = name.equals("sac") || name.equals("td3");
    String environment = box ? "Pendulum-v1" : "CartPole-v1";
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults(environment).withCount(4), algorithm(name))
            .withSeed(5)
            .withWorkers(WorkersConfig.defaults().withCount(workers).withCpus(0.25))
            .withStop(StopConfig.defaults().withEnvironmentSteps(512))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    ParameterSnapshot first = train(config);
    assertThat(first.version()).isEqualTo(version);
    assertThat(train(config).values()).isEqualTo(first.values());
    if (workers == 1) { // has all environments and random numbers of the trainer's own collector
      TrainingConfig alone = config.withWorkers(WorkersConfig.defaults());
      try (Policy policy = Trainer.builder(alone).build().train().policy()) {
        assertThat(policy.snapshot().parameters().values()).isEqualTo(first.values());
      }
    }
  }

  private static ParameterSnapshot train(TrainingConfig config) {
    try (TaskRuntime runtime = LocalTaskRuntime.builder().build();
        Policy policy =
            Trainer.builder(config)
                .experience(RolloutWorkers.on(runtime))
                .build()
                .train()
                .policy()) {
      return policy.snapshot().parameters();
    }
  }
}
