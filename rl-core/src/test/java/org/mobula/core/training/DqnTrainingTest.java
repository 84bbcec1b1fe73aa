package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.network.Network;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Expected values; {@link CategoricalDqnTest} and {@link QuantileDqnTest} learn distributions. */
class DqnTrainingTest extends AlgorithmContract {
  /** All that there is: double, dueling, priorities, three steps, a memory that runs over. */
  @Override
  protected AlgorithmConfig busy() {
    return DqnConfig.defaults()
        .withTrainFrequency(4)
        .withWarmUpSteps(200)
        .withTargetInterval(100)
        .withTargetRate(0.5)
        .withExplorationSteps(1000)
        .withDoubleQ(true)
        .withDueling(true)
        .withReplay(
            ReplayConfig.defaults().withCapacity(600).withReturnSteps(3).withPriorityExponent(0.6));
  }

  @Override
  protected DqnConfig quick() {
    return DqnConfig.defaults()
        .withTrainFrequency(1)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(1e-2))
        .withTargetInterval(100)
        .withExplorationSteps(500)
        .withReplay(ReplayConfig.defaults().withCapacity(2000));
  }

  @Override
  protected List<Space> spaces() {
    return List.of(new Discrete(4), new Discrete(9));
  }

  /** Before a run begins, whatever the algorithm. */
  @Test
  void refusesAMemoryForWhichThereIsNoRoom() {
    ReplayConfig large = ReplayConfig.defaults().withCapacity(500_000_000);
    Map<String, AlgorithmConfig> algorithms =
        Map.of(
            "dqn", DqnConfig.defaults().withReplay(large),
            "sac", SacConfig.defaults().withReplay(large),
            "td3", Td3Config.defaults().withReplay(large));
    algorithms.forEach(
        (name, algorithm) ->
            assertThatIllegalArgumentException()
                .isThrownBy(
                    () ->
                        algorithm.policy(
                            Box.unbounded(4),
                            name.equals("dqn") ? new Discrete(2) : Box.of(-1, 1, 1),
                            NetworkConfig.defaults()))
                .withMessageStartingWith(
                    "replay.capacity is 500000000 but a replay memory of 500000000 rows takes "));
  }

  @Test
  void actsByTheGreatestValue() {
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1"), busy())
            .withStop(StopConfig.defaults().withEnvironmentSteps(1000));
    float[] observation = {0.1f, 0.2f, -0.1f, 0.3f};
    try (Policy policy = Trainer.builder(config).build().train().policy();
        Network network = NetworkEngine.AUTO.create(policy.spec().network())) {
      network.setParameters(policy.snapshot().parameters().values());
      float[] outputs = new float[network.outputs()];
      network.forward(observation, 1, outputs);
      assertThat(outputs).as("advantages and the state's worth").hasSize(3);
      assertThat(policy.act(observation)).containsExactly(outputs[0] >= outputs[1] ? 0 : 1);
    }
  }

  /** 1 / (1 − γ) = 50 for an episode without end; 7.4 if its eighth step were its end. */
  @Test
  void bootstrapsWhereAnEpisodeIsCutOff() {
    DqnConfig dqn =
        DqnConfig.defaults()
            .withTrainFrequency(2)
            .withDiscount(0.98)
            .withMaxGradientNorm(0)
            .withLearningRate(Schedule.linear(1e-2, 1e-4))
            .withTargetInterval(40)
            .withExplorationSteps(1000)
            .withReplay(ReplayConfig.defaults().withCapacity(2000).withReturnSteps(3));
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java"), dqn)
            .withSeed(1)
            .withStop(StopConfig.defaults().withEnvironmentSteps(5_000));
    TrainingResult result =
        Trainer.builder(config).environment(LoopEnvironment::new).build().train();
    try (Policy policy = result.policy();
        Network network = NetworkEngine.AUTO.create(policy.spec().network())) {
      network.setParameters(policy.snapshot().parameters().values());
      float[] outputs = new float[2];
      network.forward(new float[] {1, 0, 0, 0}, 1, outputs);
      assertThat(Math.max(outputs[0], outputs[1])).isBetween(48f, 52f);
    }
  }

  /** As many gradients as steps of all environments; the version counts gradients. */
  @ParameterizedTest
  @CsvSource({"1, 8, -1, 320", "4, 8, -1, 320", "4, 8, 3, 30", "2, 16, 1, 10"})
  void learnsAsOftenAsItIsTold(int environments, int frequency, int gradients, long version) {
    DqnConfig dqn =
        DqnConfig.defaults()
            .withTrainFrequency(frequency)
            .withGradientSteps(gradients)
            .withWarmUpSteps(0)
            .withMinibatchSize(4)
            .withReplay(ReplayConfig.defaults().withCapacity(400));
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1").withCount(environments), dqn)
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
            .withStop(StopConfig.defaults().withEnvironmentSteps(320));
    try (Policy policy = Trainer.builder(config).build().train().policy()) {
      assertThat(policy.snapshot().parameters().version()).isEqualTo(version);
    }
  }

  @Test
  void saysWhichActionsItIsFor() {
    Space box = Box.of(-1, 1, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DqnConfig.defaults().policy(box, box, NetworkConfig.defaults()))
        .withMessage(
            "algorithm.dqn learns the value of each action, so it needs a Discrete action space, but"
                + " actions are in "
                + box
                + "; use algorithm.ppo, algorithm.a2c, algorithm.sac or algorithm.td3");
  }

  @Test
  void saysWhatIsWrongWithASetting() {
    assertThatThrownBy(() -> DqnConfig.defaults().withGradientSteps(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("gradient-steps is 0 but must be -1, or 1 or more");
    assertThatThrownBy(() -> DqnConfig.defaults().withTargetRate(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("target-rate");
    assertThatThrownBy(() -> ReplayConfig.defaults().withPriorityEpsilon(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("priority-epsilon");
  }
}
