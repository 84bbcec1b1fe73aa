package org.mobula.core.training.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigWriter;

class TrainingConfigTest {
  @TempDir private Path directory;

  @Test
  void readsATrainingFileWithOverrides() throws IOException {
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1").withCount(8),
                PpoConfig.defaults().withSteps(32))
            .withSeed(42);
    Path file = directory.resolve("cartpole.yaml");
    Files.writeString(file, ConfigWriter.write(config, TrainingConfig.algorithms()));

    assertThat(TrainingConfig.read(file)).isEqualTo(config);
    assertThat(TrainingConfig.read(file, "seed=7", "environment.count=2"))
        .isEqualTo(config.withSeed(7).withEnvironment(config.environment().withCount(2)));
  }

  @Test
  void tellsWhereAMistakeIs() throws IOException {
    Path file = directory.resolve("wrong.yaml");
    Files.writeString(file, "environment: {name: CartPole-v1}\nalgorithm:\n  ppo: {stps: 3}\n");

    assertThatThrownBy(() -> TrainingConfig.read(file))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("wrong.yaml:3:9: unknown key stps")
        .hasMessageContaining("did you mean steps?");
    assertThatThrownBy(() -> TrainingConfig.read(directory.resolve("none.yaml")))
        .hasMessageContaining("no such file");
  }
}
