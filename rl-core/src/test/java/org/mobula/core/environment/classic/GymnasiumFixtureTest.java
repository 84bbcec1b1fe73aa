package org.mobula.core.environment.classic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/**
 * Plays what Gymnasium recorded; each file says which version did. More files, recorded by {@code
 * .ci/gymnasium_check.py}, are read from the folder in the system property {@code mobula.fixtures}.
 *
 * <p>Pendulum is chaotic enough to tell NumPy 1 from NumPy 2, which multiplies the torque in single
 * precision: its recording, like the environment, is of the former.
 */
class GymnasiumFixtureTest {
  private static final double TOLERANCE = 1e-5;
  private static final List<String> NAMES =
      List.of(
          "CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1");

  static Stream<Arguments> runs() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Arguments> runs = new ArrayList<>();
    for (String name : NAMES) {
      try (InputStream in =
          Objects.requireNonNull(
              GymnasiumFixtureTest.class.getResourceAsStream(name + ".json"), name)) {
        add(json.readTree(in), runs);
      }
    }
    String folder = System.getProperty("mobula.fixtures");
    if (folder != null) {
      try (Stream<Path> files = Files.list(Path.of(folder))) {
        for (Path file : files.sorted().toList()) {
          add(json.readTree(file.toFile()), runs);
        }
      }
    }
    return runs.stream();
  }

  private static void add(JsonNode recording, List<Arguments> runs) {
    String name = recording.get("environment").asText();
    String version = recording.get("gymnasium").asText();
    for (JsonNode run : recording.get("runs")) {
      runs.add(Arguments.of(name, version, run.get("seed").asLong(), run));
    }
  }

  @ParameterizedTest(name = "{0} of Gymnasium {1}, seed {2}")
  @MethodSource("runs")
  void repeatsTheRecording(String name, String version, long seed, JsonNode run) {
    try (Environment environment =
        EnvironmentCatalogue.standard().factory(name, Map.of()).create()) {
      Step step = new Step(environment.observationSpace());
      float[] observation = new float[environment.observationSpace().size()];
      environment.reset(Reset.seeded(seed), observation);
      assertThat(observation).isEqualTo(floats(run.get("reset_observation")));
      int index = 0;
      for (JsonNode expected : run.get("steps")) {
        String where = "step " + ++index;
        JsonNode action = expected.get("action");
        step.clear();
        environment.step(
            action.isArray() ? floats(action) : new float[] {(float) action.asDouble()}, step);
        assertThat(step.observation)
            .as(where)
            .containsExactly(floats(expected.get("observation")), within((float) TOLERANCE));
        assertThat(step.reward)
            .as(where)
            .isCloseTo(expected.get("reward").asDouble(), within(TOLERANCE));
        assertThat(step.terminated).as(where).isEqualTo(expected.get("terminated").asBoolean());
        assertThat(step.truncated).as(where).isEqualTo(expected.get("truncated").asBoolean());
        if (expected.has("reset_observation")) {
          environment.reset(Reset.unseeded(), observation);
          assertThat(observation)
              .as("reset after " + where)
              .isEqualTo(floats(expected.get("reset_observation")));
        }
      }
    }
  }

  private static float[] floats(JsonNode numbers) {
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) numbers.get(i).asDouble();
    }
    return values;
  }
}
