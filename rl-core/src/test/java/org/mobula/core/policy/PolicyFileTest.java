package org.mobula.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.SafetensorsFile;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

class PolicyFileTest {
  private static final String KEY = "mobula.policy";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;

  PolicyFileTest(@TempDir Path folder) {
    file = folder.resolve("policy.safetensors");
  }

  /** Every kind of space, a normaliser and two columns of the network. */
  private static PolicyFile.Contents policy() {
    Space observations =
        Dict.of("place", Box.of(new float[] {-1, 0}, new float[] {1, Float.POSITIVE_INFINITY}))
            .with(
                "rest",
                new Tuple(
                    List.of(
                        new Discrete(3, -1),
                        new MultiDiscrete(new int[] {2, 4}),
                        new MultiBinary(2))));
    MlpSpec network =
        new MlpSpec(
            observations.flatSize(),
            List.of(4),
            List.of(
                new MlpSpec.Head("mean", List.of(3), 2, 0.01f),
                new MlpSpec.Constant("log-std", 2, 0),
                new MlpSpec.Head("value", List.of(), 1, 1)),
            Activation.TANH,
            Initialization.orthogonal());
    List<Double> ones = new ArrayList<>();
    for (int i = 0; i < observations.flatSize(); i++) {
      ones.add(1.0);
    }
    return new PolicyFile.Contents(
        new PolicySpec(observations, Box.of(-1, 1, 2), network),
        new PolicySnapshot(
            new ParameterSnapshot(7, network.initialParameters(new Pcg64(1))),
            new ObservationNormalizer(10, ones, ones, 5)));
  }

  @Test
  void readsWhatItWrote() throws IOException {
    PolicyFile.Contents policy = policy();
    PolicyFile.write(file, policy.spec(), policy.snapshot());
    PolicyFile.Contents read = PolicyFile.read(file);
    assertThat(read.spec()).isEqualTo(policy.spec());
    assertThat(read.snapshot().normalizer()).isEqualTo(policy.snapshot().normalizer());
    assertThat(read.snapshot().parameters().version()).isEqualTo(7);
    assertThat(read.snapshot().parameters().values())
        .isEqualTo(policy.snapshot().parameters().values());
  }

  @Test
  void refusesParametersThatAreNotFinite() throws IOException {
    PolicyFile.Contents policy = policy();
    for (float number : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] values = policy.snapshot().parameters().values().clone();
      var last = policy.spec().network().layout().entryAt(values.length - 1);
      values[values.length - 1] = number;
      PolicyFile.write(
          file,
          policy.spec(),
          new PolicySnapshot(new ParameterSnapshot(7, values), policy.snapshot().normalizer()));
      String message =
          "%s: the parameter %s is %s at number %d, so learning had diverged; take another checkpoint"
              .formatted(file, last.name(), number, last.size() - 1);
      assertThatIOException().isThrownBy(() -> PolicyFile.read(file)).withMessage(message);
      assertThatIOException().isThrownBy(() -> Policy.load(file)).withMessage(message);
    }
  }

  @Test
  void scaledActionsAreInTheEnvironmentsUnitsAndOldFilesHaveNone() throws IOException {
    PolicyFile.Contents policy = policy();
    Box wide = Box.of(new float[] {-1000, 0}, new float[] {1000, 0.01f}, 2);
    PolicySpec old =
        new PolicySpec(policy.spec().observationSpace(), wide, policy.spec().network());
    PolicyFile.write(file, old, policy.snapshot());
    PolicyFile.Contents plain = PolicyFile.read(file);
    assertThat(plain.spec().scaledActions()).isFalse();
    PolicyFile.write(file, old.withScaledActions(true), policy.snapshot());
    PolicyFile.Contents scaled = PolicyFile.read(file);
    assertThat(scaled.spec()).isEqualTo(old.withScaledActions(true));
    float[] observation = new float[old.observationSpace().size()];
    try (Policy before = new Policy(policy.spec(), plain.snapshot(), NetworkEngine.AUTO);
        Policy after = new Policy(scaled.spec(), scaled.snapshot(), NetworkEngine.AUTO)) {
      float[] unit = before.act(observation); // in [-1, 1]
      assertThat(after.act(observation))
          .containsExactly(new float[] {1000 * unit[0], 0.005f + 0.005f * unit[1]}, within(1e-4f));
    }
  }

  /**
   * Files of former versions say nothing of residual sections and of what pixels are divided by.
   */
  @Test
  void convolutionsOfOldTakeTheirInputsAsTheyAre() throws IOException {
    ConvolutionSpec network =
        new ConvolutionSpec(
            1,
            4,
            4,
            List.of(new ConvolutionSpec.Convolution(2, 2, 1)),
            List.of(),
            List.of(new MlpSpec.Head("policy", List.of(), 2, 1)),
            Activation.RELU,
            Initialization.orthogonal());
    PolicySpec spec = new PolicySpec(Box.of(0, 255, 1, 4, 4), new Discrete(2), network);
    PolicySnapshot snapshot =
        new PolicySnapshot(new ParameterSnapshot(0, network.initialParameters(new Pcg64(1))), null);
    PolicySpec divided = spec.withNetwork(network.withDivisor(255));
    PolicyFile.write(file, divided, snapshot);
    assertThat(PolicyFile.read(file).spec()).isEqualTo(divided);

    SafetensorsFile written = SafetensorsFile.read(file);
    ObjectNode header = (ObjectNode) JSON.readTree(written.metadata().get(KEY));
    ((ObjectNode) header.get("network")).remove(List.of("residual", "divisor"));
    new SafetensorsFile(written.tensors(), Map.of(KEY, JSON.writeValueAsString(header)))
        .write(file);
    assertThat(PolicyFile.read(file).spec()).isEqualTo(spec);
  }

  /** Each value of the description in turn becomes another: the file is refused or still acts. */
  @Test
  void refusesABrokenDescription() throws IOException {
    PolicyFile.Contents policy = policy();
    PolicyFile.write(file, policy.spec(), policy.snapshot());
    SafetensorsFile whole = SafetensorsFile.read(file);
    String text = Objects.requireNonNull(whole.metadata().get(KEY));
    int places = places(JSON.readTree(text));
    int refused = 0;
    for (int place = 0; place < places; place++) {
      for (String other : List.of("null", "{}", "[]", "\"x\"", "-1", "1e30", "true", "[[0]]")) {
        JsonNode header = JSON.readTree(text);
        replace(header, new AtomicInteger(place), JSON.readTree(other));
        new SafetensorsFile(whole.tensors(), Map.of(KEY, header.toString())).write(file);
        try {
          PolicyFile.Contents read = PolicyFile.read(file);
          try (Policy acting = new Policy(read.spec(), read.snapshot(), NetworkEngine.AUTO)) {
            assertThat(acting.act(new float[read.spec().observationSpace().size()])).hasSize(2);
          }
        } catch (IOException e) {
          assertThat(e).hasMessageContaining(file.toString());
          refused++;
        } catch (RuntimeException | Error e) {
          throw new AssertionError("place " + place + " became " + other + ": " + header, e);
        }
      }
    }
    assertThat(refused).isGreaterThan(places * 4);
  }

  private static int places(JsonNode json) {
    int places = 0;
    for (JsonNode child : json) {
      places += 1 + places(child);
    }
    return places;
  }

  private static void replace(JsonNode json, AtomicInteger place, JsonNode other) {
    if (json instanceof ObjectNode object) {
      for (String name : object.properties().stream().map(Map.Entry::getKey).toList()) {
        if (place.getAndDecrement() == 0) {
          object.set(name, other);
          return;
        }
        replace(object.get(name), place, other);
      }
    } else if (json instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        if (place.getAndDecrement() == 0) {
          array.set(i, other);
          return;
        }
        replace(array.get(i), place, other);
      }
    }
  }
}
