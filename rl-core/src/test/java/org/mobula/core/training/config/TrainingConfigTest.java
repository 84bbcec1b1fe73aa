package org.mobula.core.training.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.config.JsonSchema;
import org.mobula.core.environment.ExternalEnvironment;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Tuple;

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
  void spacesOfOtherProcessesMayHaveParts() throws IOException {
    Path file = directory.resolve("external.yaml");
    Files.writeString(
        file,
        """
        environment:
          external:
            observations:
              dict:
                parts:
                  picture: {bytes: {shape: [1, 8, 8]}}
                  compass: {tuple: {parts: [{box: {shape: 2}}, {discrete: 3}]}}
            actions: {dict: {parts: {throttle: {box: {shape: 1, low: -1, high: 1}}, gear: {discrete: 4}}}}
        algorithm: ppo
        """);

    TrainingConfig config = TrainingConfig.read(file);
    ExternalEnvironment environment =
        Objects.requireNonNull(config.environment().external()).environment();
    assertThat(environment.observationSpace())
        .isEqualTo(
            Dict.of("picture", Box.bytes(1, 8, 8))
                .with("compass", new Tuple(List.of(Box.unbounded(2), new Discrete(3)))));
    assertThat(environment.actionSpace())
        .isEqualTo(Dict.of("throttle", Box.of(-1, 1, 1)).with("gear", new Discrete(4)));

    Path written = directory.resolve("written.yaml");
    Files.writeString(written, ConfigWriter.write(config, TrainingConfig.algorithms()));
    assertThat(TrainingConfig.read(written)).isEqualTo(config);
    assertThatThrownBy(
            () -> TrainingConfig.read(file, "environment.external.actions={tuple: {parts: []}}"))
        .hasMessageContaining("parts is [] but must not be empty");
  }

  @Test
  void theSchemaKnowsSpacesWithinSpaces() throws IOException {
    JsonNode schema =
        new ObjectMapper()
            .readTree(JsonSchema.of(TrainingConfig.class, TrainingConfig.algorithms()));
    JsonNode space = schema.path("$defs").path("SpaceConfig").path("properties");
    assertThat(space.fieldNames())
        .toIterable()
        .containsExactly(
            "box", "bytes", "dict", "discrete", "multi-binary", "multi-discrete", "tuple");
    assertThat(space.at("/dict/properties/parts/additionalProperties/$ref").asText())
        .isEqualTo("#/$defs/SpaceConfig");
    assertThat(space.at("/tuple/properties/parts/items/$ref").asText())
        .isEqualTo("#/$defs/SpaceConfig");
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
