package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.classic.Pendulum;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationEnvironmentConfig;
import org.mobula.core.training.config.TrainingConfig;

/** A policy is judged elsewhere than where it learns. */
class EvaluationEnvironmentTest {
  @TempDir private Path directory;

  private TrainingConfig config(String evaluation) throws IOException {
    Path file = directory.resolve("run.yaml");
    Files.writeString(
        file,
        """
        environment: {name: CartPole-v1, count: 4, options: {max-episode-steps: 30}}
        algorithm: {ppo: {steps: 16, minibatch-size: 64, epochs: 1}}
        network: {hidden: [8]}
        stop: {environment-steps: 64}
        evaluation: {episodes: 4, environment: %s}
        """
            .formatted(evaluation));
    return TrainingConfig.read(file);
  }

  private static int longest(Trainer.Builder trainer) {
    return trainer.build().train().evaluation().orElseThrow().lengths().stream()
        .mapToInt(Integer::intValue)
        .max()
        .orElseThrow();
  }

  @Test
  void optionsOfItsOwnLeaveTheNameToTraining() throws IOException {
    TrainingConfig config = config("{options: {max-episode-steps: 3}}");

    assertThat(config.evaluation().environment())
        .isEqualTo(
            EvaluationEnvironmentConfig.defaults().withOptions(Map.of("max-episode-steps", 3)));
    assertThat(longest(Trainer.builder(config))).isEqualTo(3);
    Path written = directory.resolve("written.yaml");
    Files.writeString(written, ConfigWriter.write(config, TrainingConfig.algorithms()));
    assertThat(TrainingConfig.read(written)).isEqualTo(config);
  }

  /** What is clipped or cut short to learn from is judged as it is. */
  @Test
  void wrappersAreThoseOfTrainingUnlessOthersAreSaid() throws IOException {
    TrainingConfig config =
        config("{options: {max-episode-steps: 5}}")
            .withEnvironment(
                EnvironmentConfig.defaults("CartPole-v1")
                    .withCount(4)
                    .withWrappers(List.of(Map.of("MaxAndSkip", Map.of("skip", 2)))));
    assertThat(longest(Trainer.builder(config))).isEqualTo(3); // of five steps, two at once
    TrainingConfig plain = config("{options: {max-episode-steps: 5}, wrappers: []}");
    assertThat(longest(Trainer.builder(plain.withEnvironment(config.environment())))).isEqualTo(5);
  }

  @Test
  void anotherOneIsNamedOrGiven() throws IOException {
    assertThat(
            longest(
                Trainer.builder(
                    config(
                        "{name: org.mobula.core.environment.classic.CartPole, options: {max-episode-steps: 4}}"))))
        .isEqualTo(4);
    assertThat(
            longest(
                Trainer.builder(config("{options: {max-episode-steps: 3}}"))
                    .evaluationEnvironment(() -> new TimeLimit(new CartPole(), 2))))
        .isEqualTo(2);
  }

  @Test
  void itsSpacesMustBeThoseOfTraining() throws IOException {
    Trainer.Builder given =
        Trainer.builder(config("null"))
            .evaluationEnvironment(() -> new TimeLimit(new Pendulum(), 9));

    assertThatThrownBy(given::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the evaluation environment has observations Box(3) and actions Box(1), but training"
                + " has observations Box(4) and actions Discrete(2); both must be equal, bounds"
                + " included");
    assertThatThrownBy(() -> Trainer.builder(config("{name: CartPol-v1}")).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("evaluation.environment: ")
        .hasMessageContaining("CartPol-v1")
        .hasMessageEndingWith("is given by Builder.evaluationEnvironment");
  }
}
