package org.mobula.core.environment.box2d;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;

/**
 * Compares with what {@code .ci/box2d_check.py} recorded of Gymnasium. More files are read from the
 * folder in the system property {@code mobula.box2d}.
 */
class Box2dFixtureTest {
  private static final List<String> FILES =
      List.of(
          "LunarLander-v3",
          "LunarLander-v3-wind",
          "LunarLanderContinuous-v3",
          "BipedalWalker-v3",
          "BipedalWalkerHardcore-v3");

  private static List<JsonNode> recordings() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> recordings = new ArrayList<>();
    for (String file : FILES) {
      try (InputStream in =
          Objects.requireNonNull(
              Box2dFixtureTest.class.getResourceAsStream(file + ".json.gz"), file)) {
        recordings.add(json.readTree(new GZIPInputStream(in)));
      }
    }
    String folder = System.getProperty("mobula.box2d");
    if (folder != null) {
      try (Stream<Path> files = Files.list(Path.of(folder))) {
        for (Path file : files.sorted().toList()) {
          recordings.add(json.readTree(file.toFile()));
        }
      }
    }
    return recordings;
  }

  private static Environment environment(JsonNode recording) {
    Map<String, Object> options = new TreeMap<>();
    recording
        .get("options")
        .properties()
        .forEach(
            option ->
                options.put(
                    option.getKey(),
                    option.getValue().isBoolean()
                        ? (Object) option.getValue().asBoolean()
                        : option.getValue().asDouble()));
    return EnvironmentCatalogue.standard()
        .factory(recording.get("environment").asText(), options)
        .create();
  }

  static Stream<Arguments> trajectories() throws IOException {
    List<Arguments> trajectories = new ArrayList<>();
    for (JsonNode recording : recordings()) {
      for (JsonNode run : recording.get("runs")) {
        String name = recording.get("environment").asText() + recording.get("options");
        trajectories.add(Arguments.of(name, run.get("seed").asLong(), recording, run));
      }
    }
    return trajectories.stream();
  }

  /**
   * A lander as long as nothing touches the ground, which magnifies rounding; a walker, which
   * stands from the first step on, for a few steps.
   */
  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("trajectories")
  void movesAsGymnasium(String name, long seed, JsonNode recording, JsonNode run) {
    boolean lands = name.startsWith("LunarLander");
    try (Environment environment = environment(recording)) {
      Step step = new Step(environment.observationSpace());
      environment.reset(Reset.seeded(seed), step.observation);
      assertThat(step.observation)
          .containsExactly(floats(run.get("reset")), within(lands ? 1e-5f : 0.02f));
      int index = 0;
      for (JsonNode expected : run.get("steps")) {
        String where = "step " + ++index;
        float[] observation = floats(expected.get(1));
        step.clear();
        environment.step(floats(expected.get(0)), step);
        if (lands ? touches(observation) || touches(step.observation) : index == 10) {
          break;
        }
        if (lands && step.done() && expected.get(3).asBoolean()) {
          break; // it crashed
        }
        // Where a joint comes to its limit a step earlier or later, the motion of the legs jumps.
        int seen = lands ? 6 : 4;
        assertThat(Arrays.copyOf(step.observation, seen))
            .as(where)
            .containsExactly(Arrays.copyOf(observation, seen), within(0.05f));
        assertThat(step.reward).as(where).isCloseTo(expected.get(2).asDouble(), within(1.0));
        assertThat(step.terminated).as(where).isEqualTo(expected.get(3).asBoolean());
      }
      assertThat(index).isGreaterThanOrEqualTo(10);
    }
  }

  private static boolean touches(float[] observation) {
    return observation[6] + observation[7] > 0;
  }

  static Stream<Arguments> policies() throws IOException {
    List<Arguments> policies = new ArrayList<>();
    for (JsonNode recording : recordings()) {
      recording
          .get("policies")
          .properties()
          .forEach(
              policy -> {
                String name = recording.get("environment").asText() + recording.get("options");
                policies.add(Arguments.of(name, policy.getKey(), recording, policy.getValue()));
              });
    }
    return policies.stream();
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("policies")
  void fixedPoliciesGetReturnsOfTheSameDistribution(
      String name, String kind, JsonNode recording, JsonNode recorded) {
    double[] returns = doubles(recorded.get("returns"));
    double[] lengths = doubles(recorded.get("lengths"));
    double[] ourReturns = new double[returns.length];
    double[] ourLengths = new double[returns.length];
    try (Environment environment = environment(recording)) {
      float[] constant = floats(recording.get("constant"));
      for (int i = 0; i < returns.length; i++) {
        long seed = 1_000_000L + i;
        FixedPolicy policy =
            FixedPolicy.of(
                kind,
                recording.get("environment").asText(),
                environment.actionSpace(),
                constant,
                seed);
        FixedPolicy.Outcome outcome = policy.play(environment, seed);
        ourReturns[i] = outcome.sum();
        ourLengths[i] = outcome.length();
      }
    }
    double pReturns = kolmogorovSmirnov(returns, ourReturns);
    double pLengths = kolmogorovSmirnov(lengths, ourLengths);
    String what =
        "mean return %.1f and %.1f, p %.3f; mean length %.1f and %.1f, p %.3f"
            .formatted(
                mean(returns),
                mean(ourReturns),
                pReturns,
                mean(lengths),
                mean(ourLengths),
                pLengths);
    if (System.getProperty("mobula.box2d.print") != null) {
      System.out.println(name + " " + kind + ": " + what);
    }
    assertThat(pReturns).as(what).isGreaterThan(1e-3);
    assertThat(pLengths).as(what).isGreaterThan(1e-3);
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }

  /** The probability of two samples so far apart from one distribution (the asymptotic one). */
  private static double kolmogorovSmirnov(double[] first, double[] second) {
    double[] a = first.clone();
    double[] b = second.clone();
    Arrays.sort(a);
    Arrays.sort(b);
    double distance = 0;
    int i = 0;
    int j = 0;
    while (i < a.length && j < b.length) {
      double at = Math.min(a[i], b[j]);
      while (i < a.length && a[i] == at) {
        i++;
      }
      while (j < b.length && b[j] == at) {
        j++;
      }
      distance = Math.max(distance, Math.abs((double) i / a.length - (double) j / b.length));
    }
    double size = Math.sqrt((double) a.length * b.length / (a.length + b.length));
    double scaled = (size + 0.12 + 0.11 / size) * distance;
    double p = 0;
    for (int k = 1; k <= 100; k++) {
      p += (k % 2 == 1 ? 2 : -2) * Math.exp(-2 * scaled * scaled * k * k);
    }
    return distance == 0 ? 1 : Math.max(0, Math.min(1, p));
  }

  private static double[] doubles(JsonNode numbers) {
    double[] values = new double[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = numbers.get(i).asDouble();
    }
    return values;
  }

  private static float[] floats(JsonNode numbers) {
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) numbers.get(i).asDouble();
    }
    return values;
  }
}
