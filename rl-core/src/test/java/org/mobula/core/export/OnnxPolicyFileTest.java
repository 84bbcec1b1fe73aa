package org.mobula.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.export.OnnxModel.Message;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.network.djl.BlockSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ActionEvaluation;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

/** That onnxruntime computes the same as {@link Policy}, {@code .ci/onnx_check.py} shows. */
class OnnxPolicyFileTest {
  private static final Map<String, PolicyFile.Contents> POLICIES = OnnxPolicies.all();

  private static PolicyFile.Contents policy(String name) {
    PolicyFile.Contents policy = POLICIES.get(name);
    if (policy == null) {
      throw new IllegalArgumentException(name);
    }
    return policy;
  }

  private static OnnxModel model(String name) throws IOException {
    return new OnnxModel(OnnxPolicyFile.bytes(policy(name), Map.of("mobula.run", "one")));
  }

  @Test
  void eachTensorIsMadeOnceAndBeforeItIsUsed() throws IOException {
    for (String name : POLICIES.keySet()) {
      OnnxModel model = model(name);
      Set<String> made = new HashSet<>(model.floats.keySet());
      made.addAll(model.integers.keySet());
      Set<String> inputs = new HashSet<>();
      model.graph.messages(11).forEach(input -> inputs.add(input.text(1)));
      made.addAll(inputs);
      Set<String> used = new HashSet<>();
      for (Message node : model.graph.messages(1)) {
        assertThat(made).as(name).containsAll(node.texts(1));
        used.addAll(node.texts(1));
        assertThat(made.add(node.text(2))).as(node.text(2)).isTrue();
      }
      assertThat(used).as(name).containsAll(inputs).containsAll(model.floats.keySet());
      assertThat(made)
          .as(name)
          .containsAll(model.graph.messages(12).stream().map(output -> output.text(1)).toList());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "discrete | observation 1[batch, 4] |"
            + " action 7[batch], value 1[batch], logits 1[batch, 3]",
        "scaled-box | observation 1[batch, 4] |"
            + " action 1[batch, 3], value 1[batch], mean 1[batch, 3], log_std 1[batch, 3]",
        "box | observation 1[batch, 4] |"
            + " action 1[batch, 2, 3], mean 1[batch, 6], log_std 1[batch, 6]",
        "multi-discrete | observation 1[batch, 7], mask 9[batch, 9] |"
            + " action 7[batch, 3], value 1[batch], logits 1[batch, 9]",
        "multi-binary | observation 1[batch, 1] | action 7[batch, 4], logits 1[batch, 4]",
        "dict | observation 1[batch, 4], mask 9[batch, 7] | action 1[batch, 9], value 1[batch],"
            + " logits 1[batch, 9], mean 1[batch, 4], log_std 1[batch, 4]",
        "tuple | observation 1[batch, 4] |"
            + " action 7[batch, 3], value 1[batch], logits 1[batch, 5]",
        "greedy-masked | observation 1[batch, 4], mask 9[batch, 4] |"
            + " action 7[batch], value 1[batch], action_value 1[batch, 4]",
        "squashed | observation 1[batch, 4] |"
            + " action 1[batch, 2], mean 1[batch, 2], log_std 1[batch, 2]",
        "scalar | observation 1[batch] | action 1[batch]",
        "convolutions | observation 1[batch, 2, 20, 16] |"
            + " action 7[batch], value 1[batch], logits 1[batch, 4]",
      })
  void inputsAndOutputsAreThoseOfAServer(String name, String inputs, String outputs)
      throws IOException {
    OnnxModel model = model(name);
    assertThat(String.join(", ", model.signature(11))).isEqualTo(inputs);
    assertThat(String.join(", ", model.signature(12))).isEqualTo(outputs);
  }

  @Test
  void saysWhatItIs() throws IOException {
    OnnxModel model = model("dict");
    assertThat(model.model.number(1)).isEqualTo(8); // the format's version
    assertThat(model.model.text(2)).isEqualTo("mobula");
    assertThat(model.model.number(5)).isEqualTo(6); // the parameters' version
    assertThat(model.model.messages(8)).hasSize(1);
    assertThat(model.model.messages(8).get(0).number(2)).isEqualTo(17);
    assertThat(model.metadata()).containsEntry("mobula.run", "one").hasSize(2);
    PolicyFile.Contents policy = policy("dict");
    assertThat(model.metadata())
        .containsEntry("mobula.policy", PolicyFile.describe(policy.spec(), policy.snapshot()));
    assertThat(model.graph.messages(12).get(0).text(3))
        .isEqualTo(
            "the most likely one, in the environment's units and bounds: go at 0: Discrete(3), the"
                + " index of the choice; push at 1: Box(3), each in bounds of its own; flags at 4:"
                + " MultiBinary(2), 0 or 1 each; which at 6: MultiDiscrete(2, 2), the index of each"
                + " choice; lift at 8: Box(1) from -1.0 to 3.0");
    assertThat(model("discrete").graph.messages(12).get(0).text(3))
        .endsWith("Discrete(3, start=5), the index of the choice, which stands for 5 + index");
  }

  @Test
  void parametersKeepTheirNamesAndBits() throws IOException {
    for (String name : POLICIES.keySet()) {
      OnnxModel model = model(name);
      PolicyFile.Contents policy = policy(name);
      float[] parameters = policy.snapshot().parameters().values();
      for (ParameterLayout.Entry entry : policy.spec().network().layout().entries()) {
        assertThat(model.floats.get(entry.name()))
            .as(name + " " + entry.name())
            .isEqualTo(
                Arrays.copyOfRange(parameters, entry.offset(), entry.offset() + entry.size()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"discrete", "scaled-box", "squashed", "scalar"})
  void answersAsThePolicyDoes(String name) throws IOException {
    PolicyFile.Contents contents = policy(name);
    OnnxModel model = model(name);
    Pcg64 random = new Pcg64(5);
    try (Policy policy = new Policy(contents.spec(), contents.snapshot(), NetworkEngine.AUTO)) {
      for (int row = 0; row < 50; row++) {
        float[] observation = new float[contents.spec().observationSpace().size()];
        contents.spec().observationSpace().sample(random, observation, 0);
        observation[0] += contents.snapshot().normalizer() == null ? 0 : 1e5f;
        ActionEvaluation expected = policy.evaluate(observation);
        Map<String, float[]> tensors = model.compute(observation);
        float[] actual = tensors.getOrDefault("action", new float[0]);
        assertThat(actual).hasSize(expected.action().length);
        for (int i = 0; i < expected.action().length; i++) {
          float action = expected.action()[i];
          assertThat(actual[i]).isCloseTo(action, within(1e-5f * Math.max(1, Math.abs(action))));
        }
        if (expected.value() != null) {
          assertThat(tensors.getOrDefault("value", new float[1])[0])
              .isCloseTo(expected.value(), within(1e-5f));
        }
      }
    }
  }

  /** What a network computes besides must not be forgotten in silence. */
  @Test
  void allThatAPublishedNetworkConsistsOfIsWritten() {
    assertThat(components(MlpSpec.class))
        .containsExactly("inputs", "trunk", "columns", "activation", "initialization");
    assertThat(components(ConvolutionSpec.class))
        .containsExactly(
            "channels",
            "height",
            "width",
            "convolutions",
            "trunk",
            "columns",
            "activation",
            "initialization",
            "residual",
            "divisor");
  }

  private static List<String> components(Class<?> type) {
    return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
  }

  /** A layer of one's own. */
  public static final class OwnLayer implements BlockSpec.BlockSupplier {
    private static final long serialVersionUID = 1;

    @Override
    public Block get() {
      return Linear.builder().setUnits(2).build();
    }
  }

  @Test
  void aBlockOfTheUsersOwnIsRefused() {
    BlockSpec network = BlockSpec.named(OwnLayer.class.getName(), List.of(2), 2);
    PolicyFile.Contents policy =
        new PolicyFile.Contents(
            new PolicySpec(Box.unbounded(2), new Discrete(2), network),
            new PolicySnapshot(new ParameterSnapshot(1, new float[6]), null));
    assertThatThrownBy(() -> OnnxPolicyFile.bytes(policy, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the network is a block of your own, made by org.mobula.core.export.OnnxPolicyFileTest$"
                + "OwnLayer, of which Mobula knows the parameters but not the operators, and ONNX"
                + " needs both");
  }

  @Test
  void jsonHasTheParametersAndTheDescription(@TempDir Path folder) throws IOException {
    PolicyFile.Contents policy = policy("scaled-box");
    Path file = folder.resolve("policy.json");
    JsonPolicyFile.write(file, policy, Map.of("mobula.run", "one"));
    ObjectMapper mapper = new ObjectMapper();
    JsonNode json = mapper.readTree(Files.readString(file));
    assertThat(json.get("format").asText()).isEqualTo("mobula-policy-1");
    assertThat(json.get("metadata").get("mobula.run").asText()).isEqualTo("one");
    assertThat(json.get("policy"))
        .isEqualTo(mapper.readTree(PolicyFile.describe(policy.spec(), policy.snapshot())));
    float[] parameters = policy.snapshot().parameters().values();
    for (ParameterLayout.Entry entry : policy.spec().network().layout().entries()) {
      JsonNode tensor = json.get("tensors").get(entry.name());
      assertThat(mapper.convertValue(tensor.get("shape"), int[].class))
          .isEqualTo(entry.shape().stream().mapToInt(Integer::intValue).toArray());
      assertThat(mapper.convertValue(tensor.get("values"), float[].class))
          .isEqualTo(Arrays.copyOfRange(parameters, entry.offset(), entry.offset() + entry.size()));
    }
  }
}
