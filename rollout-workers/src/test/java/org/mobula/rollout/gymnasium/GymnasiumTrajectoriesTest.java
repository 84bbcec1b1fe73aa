package org.mobula.rollout.gymnasium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.EnvironmentChecker;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.random.Pcg64;
import org.mobula.core.training.config.EnvironmentConfig;

/**
 * The packages of Python themselves: what {@code .ci/bridge_check.py} has seen them do is seen over
 * the bridge too, bit for bit. Run with {@code -Dmobula.trajectories} and {@code -Dmobula.python}.
 */
class GymnasiumTrajectoriesTest {
  private static final String TRAJECTORIES = "mobula.trajectories";

  /** Without what was recorded, one that names what is not there. */
  static Stream<String> cases() throws IOException {
    String folder = System.getProperty(TRAJECTORIES);
    if (folder == null) {
      return Stream.of("none");
    }
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      List<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".json"))
              .sorted()
              .toList();
      assertThat(names).hasSizeGreaterThan(10);
      return names.stream();
    }
  }

  private static EnvironmentConfig python(String id) {
    String python = System.getProperty("mobula.python");
    assumeTrue(
        python != null && System.getProperty(TRAJECTORIES) != null,
        "no Python with Gymnasium, EnvPool, Box2D, MuJoCo and ale-py: .ci/run has one");
    return EnvironmentConfig.defaults(id)
        .withPython(python)
        .withPythonPath(List.of(System.getProperty(TRAJECTORIES)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isSeenAsInPython(String file) throws IOException {
    EnvironmentConfig config = python("gymnasium:none");
    JsonNode told =
        new ObjectMapper().readTree(Path.of(System.getProperty(TRAJECTORIES), file).toFile());
    config =
        told.has("envpool")
            ? config.withId("envpool:" + told.get("envpool").asText())
            : config.withId("gymnasium:" + told.get("gymnasium").asText());
    config = config.withOptions(map(told.path("options")));
    int count = told.get("count").asInt();
    try (VectorEnvironment batch =
        told.has("java")
            ? inJava(config, list(told.get("java")), count)
            : PythonEnvironments.of(config.withWrappers(list(told.path("wrappers"))))
                .create(count)) {
      int size = batch.observationSpace().size();
      int maskSize = batch.masksActions() ? batch.actionSpace().maskSize() : 0;
      VectorStep step = new VectorStep(count, batch.observationSpace(), maskSize);
      batch.reset(Reset.seeded(told.get("seed").asLong()), step.observations);
      assertThat(checksum(step.observations)).isEqualTo(told.get("first").asLong());
      assertThat(batch.masksActions()).isEqualTo(!told.get("masks").isEmpty());
      boolean[] masks = new boolean[count * maskSize];
      for (int t = 0; t < told.get("steps").asInt(); t++) {
        batch.step(floats(told.get("actions").get(t)), step);
        assertThat(checksum(step.observations))
            .as("observations of step %s", t)
            .isEqualTo(told.get("observations").get(t).asLong());
        assertThat(step.rewards).isEqualTo(floats(told.get("rewards").get(t)));
        assertThat(step.terminated).isEqualTo(flags(told.get("terminated").get(t)));
        assertThat(step.truncated).isEqualTo(flags(told.get("truncated").get(t)));
        for (int i = 0; i < count; i++) {
          JsonNode last = told.get("finals").get(t).get(i);
          if (!last.isNull()) {
            assertThat(
                    checksum(Arrays.copyOfRange(step.finalObservations, i * size, (i + 1) * size)))
                .as("final observation %s of step %s", i, t)
                .isEqualTo(last.asLong());
          }
        }
        if (maskSize > 0) {
          batch.actionMasks(masks);
          assertThat(masks).isEqualTo(flags(told.get("masks").get(t)));
        }
      }
    }
  }

  /** The environments of Python as they are, each in a process of its own, in Java's wrappers. */
  private static VectorEnvironment inJava(
      EnvironmentConfig config, List<Object> wrappers, int count) {
    EnvironmentFactory factory =
        EnvironmentCatalogue.empty()
            .with(
                new EnvironmentCatalogue.Entry(
                    "Raw",
                    "Of Python.",
                    0,
                    Map.of(),
                    options -> PythonEnvironments.of(config).create()))
            .factory("Raw", Map.of(), wrappers);
    return new SyncVectorEnvironment(factory, count, AutoresetMode.SAME_STEP);
  }

  /** Gymnasium's CartPole over the bridge and the built-in one. */
  @Test
  void cartPoleIsTheBuiltInOneBitForBit() {
    int count = 4;
    EnvironmentCatalogue catalogue = EnvironmentCatalogue.standard();
    try (VectorEnvironment theirs =
            PythonEnvironments.of(python("gymnasium:CartPole-v1")).create(count);
        VectorEnvironment ours =
            new SyncVectorEnvironment(
                catalogue.factory("CartPole-v1"), count, AutoresetMode.SAME_STEP)) {
      assertThat(theirs.actionSpace()).isEqualTo(ours.actionSpace());
      assertThat(theirs.observationSpace()).isEqualTo(ours.observationSpace());
      VectorStep theirStep = new VectorStep(count, theirs.observationSpace());
      VectorStep ourStep = new VectorStep(count, ours.observationSpace());
      float[] actions = new float[count];
      int ends = 0;
      for (long seed = 0; seed < 3; seed++) {
        Pcg64 random = new Pcg64(seed);
        theirs.reset(Reset.seeded(1000 * seed), theirStep.observations);
        ours.reset(Reset.seeded(1000 * seed), ourStep.observations);
        for (int t = 0; t < 400; t++) {
          assertThat(theirStep.observations).isEqualTo(ourStep.observations);
          for (int i = 0; i < count; i++) {
            actions[i] = random.nextInt(2);
          }
          theirs.step(actions, theirStep);
          ours.step(actions, ourStep);
          assertThat(theirStep.rewards).isEqualTo(ourStep.rewards);
          assertThat(theirStep.terminated).isEqualTo(ourStep.terminated);
          assertThat(theirStep.truncated).isEqualTo(ourStep.truncated);
          for (int i = 0; i < count; i++) {
            if (ourStep.terminated[i] || ourStep.truncated[i]) {
              ends++;
              assertThat(Arrays.copyOfRange(theirStep.finalObservations, 4 * i, 4 * i + 4))
                  .isEqualTo(Arrays.copyOfRange(ourStep.finalObservations, 4 * i, 4 * i + 4));
            }
          }
        }
      }
      assertThat(ends).isGreaterThan(100);
    }
  }

  @Test
  void keepsAllPromisesOfAnEnvironment() {
    EnvironmentChecker.Report report =
        EnvironmentChecker.inspect(PythonEnvironments.of(python("gymnasium:LunarLander-v3")));
    assertThat(report.errors()).isEmpty();
  }

  private static Map<String, Object> map(JsonNode node) {
    return node.isMissingNode()
        ? Map.of()
        : new ObjectMapper().convertValue(node, new TypeReference<>() {});
  }

  private static List<Object> list(JsonNode node) {
    return node.isMissingNode()
        ? List.of()
        : new ObjectMapper().convertValue(node, new TypeReference<>() {});
  }

  private static float[] floats(JsonNode numbers) {
    float[] floats = new float[numbers.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers.get(i).asDouble();
    }
    return floats;
  }

  private static boolean[] flags(JsonNode truths) {
    List<Boolean> list = new ArrayList<>();
    truths.forEach(truth -> list.add(truth.asBoolean()));
    boolean[] flags = new boolean[list.size()];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = list.get(i);
    }
    return flags;
  }

  private static long checksum(float[] numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers);
    CRC32 checksum = new CRC32();
    checksum.update(bytes.array());
    return checksum.getValue();
  }
}
