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
import java.util.TreeMap;
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
  private static final List<String> FILES =
      List.of(
          "classic/CartPole-v1",
          "classic/Acrobot-v1",
          "classic/MountainCar-v0",
          "classic/MountainCarContinuous-v0",
          "classic/Pendulum-v1",
          "text/FrozenLake-v1",
          "text/FrozenLake-v1-random",
          "text/CliffWalking-v0",
          "text/CliffWalking-v1",
          "text/Blackjack-v1",
          "text/Blackjack-v1-natural",
          "text/Taxi-v3",
          "text/Taxi-v3-masks",
          "text/Taxi-v4");

  static Stream<Arguments> runs() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Arguments> runs = new ArrayList<>();
    for (String file : FILES) {
      String name = "/org/mobula/core/environment/" + file + ".json";
      try (InputStream in =
          Objects.requireNonNull(GymnasiumFixtureTest.class.getResourceAsStream(name), name)) {
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
    Map<String, Object> options = options(recording.get("kwargs"));
    for (JsonNode run : recording.get("runs")) {
      if (run.get("steps").get(0).has("action_mask")) {
        options.put("action-mask", true);
      }
      runs.add(Arguments.of(name, options, version, run.get("seed").asLong(), run));
    }
  }

  /** Gymnasium's arguments by the names that the options have here. */
  private static Map<String, Object> options(JsonNode arguments) {
    Map<String, Object> options = new TreeMap<>();
    for (JsonNode argument : arguments) {
      String name = argument.get(0).asText().replace('_', '-');
      JsonNode value = argument.get(1);
      if (name.equals("reward-schedule")) {
        options.put("goal-reward", value.get(0).asDouble());
        options.put("hole-reward", value.get(1).asDouble());
        options.put("frozen-reward", value.get(2).asDouble());
      } else if (name.equals("p")) {
        options.put("frozen-probability", value.asDouble());
      } else if (value.isTextual()) {
        options.put(name, value.asText());
      } else if (value.isBoolean()) {
        options.put(name, value.asBoolean());
      } else {
        options.put(name, value.isInt() ? (Object) value.asLong() : value.asDouble());
      }
    }
    if (options.containsKey("map-seed")) {
      options.put("map-name", "random");
    }
    return options;
  }

  @ParameterizedTest(name = "{0}{1} of Gymnasium {2}, seed {3}")
  @MethodSource("runs")
  void repeatsTheRecording(
      String name, Map<String, Object> options, String version, long seed, JsonNode run) {
    try (Environment environment =
        EnvironmentCatalogue.standard().factory(name, options).create()) {
      Step step = new Step(environment.observationSpace());
      float[] observation = new float[environment.observationSpace().size()];
      environment.reset(Reset.seeded(seed), observation);
      assertThat(observation).isEqualTo(floats(run.get("reset_observation")));
      int index = 0;
      for (JsonNode expected : run.get("steps")) {
        String where = "step " + ++index;
        step.clear();
        environment.step(floats(expected.get("action")), step);
        assertThat(step.observation)
            .as(where)
            .containsExactly(floats(expected.get("observation")), within((float) TOLERANCE));
        assertThat(step.reward)
            .as(where)
            .isCloseTo(expected.get("reward").asDouble(), within(TOLERANCE));
        assertThat(step.terminated).as(where).isEqualTo(expected.get("terminated").asBoolean());
        assertThat(step.truncated).as(where).isEqualTo(expected.get("truncated").asBoolean());
        if (expected.has("action_mask")) {
          boolean[] mask = new boolean[environment.actionSpace().maskSize()];
          environment.actionMask(mask);
          assertThat(mask).as(where).isEqualTo(flags(expected.get("action_mask")));
        }
        if (expected.has("reset_observation")) {
          environment.reset(Reset.unseeded(), observation);
          assertThat(observation)
              .as("reset after " + where)
              .isEqualTo(floats(expected.get("reset_observation")));
        }
      }
    }
  }

  private static boolean[] flags(JsonNode numbers) {
    boolean[] flags = new boolean[numbers.size()];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = numbers.get(i).asInt() == 1;
    }
    return flags;
  }

  /** A list of numbers, or one number alone. */
  private static float[] floats(JsonNode numbers) {
    if (numbers.isNumber()) {
      return new float[] {(float) numbers.asDouble()};
    }
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) numbers.get(i).asDouble();
    }
    return values;
  }
}
