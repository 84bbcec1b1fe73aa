package org.mobula.core.environment.minatar;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/**
 * Plays what {@code .ci/minatar_check.py} recorded of MinAtar, to the last cell. More files are
 * read from the folder in the system property {@code mobula.minatar}.
 */
class MinAtarFixtureTest {
  private static final List<String> GAMES =
      List.of("Breakout-v1", "Asterix-v1", "Freeway-v1", "Seaquest-v1", "SpaceInvaders-v1");

  static Stream<Arguments> runs() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Arguments> runs = new ArrayList<>();
    for (String game : GAMES) {
      try (InputStream in =
          Objects.requireNonNull(
              MinAtarFixtureTest.class.getResourceAsStream(game + ".json"), game)) {
        add(json.readTree(in), runs);
      }
    }
    String folder = System.getProperty("mobula.minatar");
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
    for (JsonNode run : recording.get("runs")) {
      runs.add(Arguments.of(name, run.get("seed").asLong(), run.get("ramping").asBoolean(), run));
    }
  }

  @ParameterizedTest(name = "{0}, seed {1}, ramping {2}")
  @MethodSource("runs")
  void playsTheSameGame(String name, long seed, boolean ramping, JsonNode run) {
    Map<String, Object> options = new HashMap<>(Map.of("minimal-actions", false));
    if (EnvironmentCatalogue.standard().describe(name).options().containsKey("ramping")) {
      options.put("ramping", ramping);
    }
    try (Environment game = EnvironmentCatalogue.standard().factory(name, options).create()) {
      Step step = new Step(game.observationSpace());
      game.reset(Reset.seeded(seed), step.observation);
      assertThat(code(step.observation)).isEqualTo(run.get("reset").asLong());
      int index = 0;
      for (JsonNode expected : run.get("steps")) {
        String where = "step " + ++index;
        step.clear();
        game.step(new float[] {expected.get(0).asInt()}, step);
        assertThat(step.reward).as(where).isEqualTo(expected.get(1).asInt());
        assertThat(step.terminated).as(where).isEqualTo(expected.get(2).asInt() == 1);
        assertThat(code(step.observation)).as(where).isEqualTo(expected.get(3).asLong());
        if (step.terminated) {
          game.reset(Reset.unseeded(), step.observation);
          assertThat(code(step.observation))
              .as("reset after " + where)
              .isEqualTo(expected.get(4).asLong());
        }
      }
    }
  }

  private static long code(float[] observation) {
    CRC32 code = new CRC32();
    for (float cell : observation) {
      code.update((int) cell);
    }
    return code.getValue();
  }
}
