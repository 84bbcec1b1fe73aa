package org.mobula.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import example.reinforce.ReinforceConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;

class TrainingObjectiveTest {
  private static final TrainingConfig TINY =
      ConfigReader.read(
          """
          environment: {name: CartPole-v1}
          network: {hidden: [8]}
          algorithm: {ppo: {steps: 64, epochs: 2}}
          stop: {environment-steps: 256}
          evaluation: {episodes: 2}
          """,
          "tiny.yaml",
          TrainingConfig.class,
          List.of(),
          TrainingConfig.algorithms());

  @TempDir private Path folder;

  private Trial trial(Map<String, Object> values) {
    TrialStart start = new TrialStart(0, 7, values, folder.resolve("run").toString(), -1);
    return new Trial(start, event -> Decision.CONTINUE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        MetricNames.EVALUATION_EPISODE_RETURN_MEAN,
        MetricNames.ROLLOUT_EPISODE_RETURN_MEAN
      })
  void aTrialThatHadComeToItsEndIsWorthTheSameWhenItGoesOn(String metric) throws IOException {
    TrainingObjective objective = TrainingObjective.of(TINY).withMetric(metric);
    double value = objective.evaluate(trial(Map.of()));
    assertThat(value).isPositive();
    assertThat(objective.evaluate(trial(Map.of()))).isEqualTo(value);
  }

  @Test
  void aMetricThatNeverAppearsEndsTheStudy() {
    TrainingObjective objective = TrainingObjective.of(TINY).withMetric("rollout/return");
    assertThatThrownBy(() -> objective.evaluate(trial(Map.of())))
        .isInstanceOf(StudyException.class)
        .hasMessageStartingWith("there is no metric rollout/return in this training");
  }

  @Test
  void parametersAreSettingsOfTheTrainingFile() {
    TrainingObjective objective = TrainingObjective.of(TINY);
    assertThat(objective.config(Map.of("network.hidden", "[4, 4]")).network().hidden())
        .containsExactly(4, 4);
    assertThatThrownBy(() -> objective.config(Map.of("network.hiden", "[4]")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("did you mean hidden?");
  }

  @Test
  void trialsTrainInOnePlace() {
    assertThatThrownBy(() -> TrainingObjective.of(TINY).config(Map.of("workers.count", 1L)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the training has workers, but each trial trains in one place: leave it out, or give a"
                + " TrialTraining");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CartPole-v1|a2c: {}|algorithm.a2c.entropy-coefficient",
        "CartPole-v1|dqn: {warm-up-steps: 32}|algorithm.dqn.replay.priority-epsilon",
        "CartPole-v1|ppo: {steps: 32}|algorithm.ppo.learning-rate",
        "CartPole-v1|pqn: {}|algorithm.pqn.learning-rate",
        "CartPole-v1|sac: {minibatch-size: 8}|algorithm.sac.temperature",
        "Pendulum-v1|sac: {minibatch-size: 8, noise: pink}|algorithm.sac.noise.pink.deviation",
        "Pendulum-v1|td3: {minibatch-size: 8}|algorithm.td3.target-rate",
        "CartPole-v1|reinforce: {}|algorithm.reinforce.learning-rate",
      })
  void tunesEveryAlgorithm(String environment, String algorithm, String key) {
    Alternatives algorithms =
        TrainingConfig.algorithms().with(AlgorithmConfig.class, "reinforce", ReinforceConfig.class);
    TrainingConfig base =
        ConfigReader.read(
            """
            environment: {name: %s, count: 2}
            network: {hidden: [8]}
            algorithm: {%s}
            stop: {environment-steps: 128}
            evaluation: {episodes: 2}
            """
                .formatted(environment, algorithm),
            "base.yaml",
            TrainingConfig.class,
            List.of(),
            algorithms);
    FloatParameter searched = FloatParameter.log(key, 1e-4, 1e-2);
    StudyResult result =
        Study.builder(SearchSpace.of(searched))
            .maximize()
            .trials(3)
            .build()
            .optimize(TrainingObjective.of(base, algorithms, null));
    assertThat(result.study().trials())
        .hasSize(3)
        .allSatisfy(trial -> assertThat(trial.values()).hasSize(1));
  }
}
