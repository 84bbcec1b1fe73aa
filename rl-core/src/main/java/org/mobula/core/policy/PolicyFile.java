package org.mobula.core.policy;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkProvider;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.SafetensorsFile;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/**
 * A whole policy in one safetensors file: the parameters as tensors under the names of the layout,
 * and in the file's metadata, as JSON under {@code mobula.policy}, the spaces, the network's form,
 * the normaliser and the version.
 */
public final class PolicyFile {
  private static final String KEY = "mobula.policy";
  private static final String BLOCK = "block";
  private static final String CONVOLUTION = "convolution";
  private static final String RESIDUAL = "residual";
  private static final String DIVISOR = "divisor";
  private static final String MASKS = "masks-actions";
  private static final String CHECKPOINTS = "checkpoints";
  private static final String BEST = "best";
  private static final String SCALED_ACTIONS = "scaled-actions";
  private static final String HEAD = "head";
  private static final String CATEGORICAL = "categorical";
  private static final String QUANTILES = "quantiles";
  private static final List<PolicyHead> HEADS =
      List.of(
          new PolicyHead.Sampled(),
          new PolicyHead.Greedy(),
          new PolicyHead.Squashed(),
          new PolicyHead.Deterministic());
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .addMixIn(NetworkSpec.class, NetworkTypes.class)
          .addMixIn(MlpSpec.Column.class, ColumnTypes.class)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  private PolicyFile() {}

  /** A policy's form and state. */
  public record Contents(PolicySpec spec, PolicySnapshot snapshot) {}

  /**
   * Finds a policy's file.
   *
   * @param path the file, a checkpoint directory, a run's {@code checkpoints/best}, or a run
   *     directory, of which the newest checkpoint is taken
   * @throws IOException if there is none
   */
  public static Path locate(Path path) throws IOException {
    if (Files.isRegularFile(path)) {
      return path.endsWith(BEST) ? pointed(path) : path;
    }
    Path inside = path.resolve(Policy.FILE_NAME);
    if (Files.exists(inside)) {
      return inside;
    }
    Path checkpoints = path.endsWith(CHECKPOINTS) ? path : path.resolve(CHECKPOINTS);
    if (Files.isDirectory(checkpoints)) {
      try (var entries = Files.list(checkpoints)) {
        return entries
            .filter(
                entry -> entry.getFileName().toString().startsWith("step-")) // else half written
            .map(checkpoint -> checkpoint.resolve(Policy.FILE_NAME))
            .filter(Files::exists)
            .max(Comparator.naturalOrder())
            .orElseThrow(() -> new IOException("no checkpoint is complete in " + checkpoints));
      }
    } else if (path.endsWith(BEST)) {
      throw new IOException(
          path + " does not exist: evaluations while training choose the best checkpoint");
    }
    throw new IOException(
        path
            + (Files.exists(path) ? " holds no policy" : " does not exist")
            + "; give a run directory, a checkpoint directory or a policy.safetensors file");
  }

  private static Path pointed(Path best) throws IOException {
    Path file = best.resolveSibling(Files.readString(best).strip()).resolve(Policy.FILE_NAME);
    if (!Files.exists(file)) {
      throw new IOException(best + " names " + file.getParent() + ", which is not there");
    }
    return file;
  }

  /** Writes a policy. */
  public static void write(Path file, PolicySpec spec, PolicySnapshot snapshot) throws IOException {
    new SafetensorsFile(
            SafetensorsFile.split(spec.network().layout(), "", snapshot.parameters().values()),
            Map.of(KEY, describe(spec, snapshot)))
        .write(file);
  }

  /**
   * What a policy's file says besides the parameters, as JSON: {@code observation-space}, {@code
   * action-space}, {@code network}, {@code masks-actions}, {@code scaled-actions}, {@code head},
   * {@code version} and {@code normalizer}, of which those that go without saying are left out.
   *
   * @throws IOException if the network cannot be described
   */
  public static String describe(PolicySpec spec, PolicySnapshot snapshot) throws IOException {
    ObjectNode header = JSON.createObjectNode();
    header.set("observation-space", write(spec.observationSpace()));
    header.set("action-space", write(spec.actionSpace()));
    header.set("network", write(spec.network()));
    header.put(MASKS, spec.masksActions());
    if (spec.scaledActions()) {
      header.put(SCALED_ACTIONS, true);
    }
    if (!(spec.head() instanceof PolicyHead.Sampled)) { // as files of old, which say nothing
      writeHead(header.putObject(HEAD), spec.head());
    }
    header.put("version", snapshot.parameters().version());
    if (snapshot.normalizer() != null) {
      header.set("normalizer", JSON.valueToTree(snapshot.normalizer()));
    }
    return JSON.writeValueAsString(header);
  }

  /**
   * Reads a policy.
   *
   * @throws IOException if the file is missing, cut off or no policy, or a parameter is NaN or
   *     infinite: such a policy answers nothing
   */
  public static Contents read(Path file) throws IOException {
    SafetensorsFile contents = SafetensorsFile.read(file);
    String text = contents.metadata().get(KEY);
    if (text == null) {
      throw new IOException(file + " is a safetensors file but holds no Mobula policy");
    }
    try {
      JsonNode header = JSON.readTree(text);
      PolicySpec spec =
          new PolicySpec(
              readSpace(header.required("observation-space")),
              readSpace(header.required("action-space")),
              readNetwork(header.required("network")),
              readMasks(header.get(MASKS)),
              header.path(SCALED_ACTIONS).asBoolean(false), // files of old say nothing
              readHead(header.get(HEAD)));
      float[] values = contents.join(spec.network().layout(), "");
      requireFinite(file, spec.network().layout(), values);
      return new Contents(
          spec,
          new PolicySnapshot(
              new ParameterSnapshot(readInteger(header, "version").longValue(), values),
              readNormalizer(header.get("normalizer"), spec.observationSpace())));
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new IOException(
          file + ": the description of the policy is broken: " + e.getMessage(), e);
    }
  }

  /** Files of former versions do not say it. */
  private static boolean readMasks(@Nullable JsonNode json) {
    if (json != null && !json.isBoolean()) {
      throw new IllegalArgumentException(MASKS + " is " + json + " but must be true or false");
    }
    return json != null && json.booleanValue();
  }

  private static String name(PolicyHead head) {
    return head.getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /** Expected values go without saying, as in files of old. */
  private static void writeHead(ObjectNode json, PolicyHead head) {
    json.put("type", name(head));
    if (head instanceof PolicyHead.Greedy greedy) {
      if (greedy.values() instanceof ActionValues.CategoricalReturns returns) {
        json.set(CATEGORICAL, JSON.valueToTree(returns));
      } else if (greedy.values() instanceof ActionValues.QuantileReturns returns) {
        json.set(QUANTILES, JSON.valueToTree(returns));
      }
    }
  }

  private static PolicyHead readHead(@Nullable JsonNode json) throws JsonProcessingException {
    String type = json == null ? "sampled" : json.required("type").asText();
    if (json != null && json.has(CATEGORICAL)) {
      return new PolicyHead.Greedy(
          JSON.treeToValue(json.get(CATEGORICAL), ActionValues.CategoricalReturns.class));
    }
    if (json != null && json.has(QUANTILES)) {
      return new PolicyHead.Greedy(
          JSON.treeToValue(json.get(QUANTILES), ActionValues.QuantileReturns.class));
    }
    return HEADS.stream()
        .filter(head -> name(head).equals(type))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the head is of the unknown type "
                        + type
                        + " but must be one of "
                        + HEADS.stream().map(PolicyFile::name).toList()));
  }

  private static void requireFinite(Path file, ParameterLayout layout, float[] values)
      throws IOException {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new IOException(
            "%s: the parameter %s is %s at number %s, so learning had diverged; take another checkpoint"
                .formatted(
                    file, layout.entryAt(i).name(), values[i], i - layout.entryAt(i).offset()));
      }
    }
  }

  private static @Nullable ObservationNormalizer readNormalizer(
      @Nullable JsonNode json, Space observations) throws JsonProcessingException {
    if (json == null || json.isNull()) {
      return null;
    }
    ObservationNormalizer normalizer = JSON.treeToValue(json, ObservationNormalizer.class);
    if (normalizer.mean().size() != observations.flatSize()) {
      throw new IllegalArgumentException(
          "the normaliser has %s features but %s has %s"
              .formatted(normalizer.mean().size(), observations, observations.flatSize()));
    }
    for (int i = 0; i < normalizer.mean().size(); i++) {
      double mean = normalizer.mean().get(i);
      double variance = normalizer.variance().get(i);
      if (!Double.isFinite(mean) || !Double.isFinite(variance) || variance < 0) {
        throw new IllegalArgumentException(
            "feature %d of the normaliser has mean %s and variance %s"
                .formatted(i, mean, variance));
      }
    }
    return normalizer;
  }

  private static JsonNode write(NetworkSpec network) throws IOException {
    if (network instanceof MlpSpec || network instanceof ConvolutionSpec) {
      return JSON.valueToTree(network);
    }
    NetworkProvider.OwnNetwork own;
    try {
      own =
          NetworkProvider.find()
              .describe(network)
              .orElseThrow(
                  () ->
                      new IOException(
                          "a policy with a network of the class %s cannot be saved"
                              .formatted(network.getClass().getName())));
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    ObjectNode json = JSON.createObjectNode();
    json.put("type", BLOCK).put("supplier", own.supplier());
    json.set("shape", JSON.valueToTree(own.inputShape()));
    return json.put("outputs", own.outputs());
  }

  private static NetworkSpec readNetwork(JsonNode json) throws JsonProcessingException {
    String type = json.required("type").asText();
    if (type.equals(CONVOLUTION) && !json.has(RESIDUAL)) { // a file of old, of inputs as they are
      ((ObjectNode) json).put(DIVISOR, 1).putArray(RESIDUAL);
    }
    if (!type.equals(BLOCK)) {
      return JSON.treeToValue(json, NetworkSpec.class);
    }
    return NetworkProvider.find()
        .own(
            new NetworkProvider.OwnNetwork(
                json.required("supplier").asText(),
                Arrays.stream(readIntegers(json.required("shape"))).boxed().toList(),
                readInteger(json, "outputs").intValue()));
  }

  /** A space as a policy's file says it, in JSON. */
  public static String json(Space space) {
    return write(space).toString();
  }

  /**
   * The space that {@link #json} wrote.
   *
   * @throws IOException if it is none
   */
  public static Space space(String json) throws IOException {
    try {
      return readSpace(JSON.readTree(json));
    } catch (RuntimeException e) {
      throw new IOException("it says no space: " + e.getMessage(), e);
    }
  }

  private static ObjectNode write(Space space) {
    ObjectNode json = JSON.createObjectNode();
    if (space instanceof Box box) {
      json.put("type", "box").set("shape", JSON.valueToTree(box.shape()));
      json.set("low", bounds(box.low()));
      json.set("high", bounds(box.high()));
    } else if (space instanceof Discrete discrete) {
      json.put("type", "discrete").put("n", discrete.n()).put("start", discrete.start());
    } else if (space instanceof MultiDiscrete multi) {
      json.put("type", "multi-discrete").set("n", JSON.valueToTree(multi.nvec()));
    } else if (space instanceof MultiBinary binary) {
      json.put("type", "multi-binary").put("n", binary.n());
    } else if (space instanceof Dict dict) {
      json.put("type", "dict");
      ObjectNode parts = json.putObject("parts");
      for (String name : dict.names()) {
        parts.set(name, write(dict.part(name)));
      }
    } else if (space instanceof Tuple tuple) {
      json.put("type", "tuple");
      ArrayNode parts = json.putArray("parts");
      tuple.parts().forEach(part -> parts.add(write(part)));
    }
    return json;
  }

  /** Infinite bounds are null: JSON has no such numbers. */
  private static ArrayNode bounds(float[] values) {
    ArrayNode json = JSON.createArrayNode();
    for (float value : values) {
      if (Float.isInfinite(value)) {
        json.addNull();
      } else {
        json.add(value);
      }
    }
    return json;
  }

  private static Space readSpace(JsonNode json) {
    String type = json.required("type").asText();
    switch (type) {
      case "box" -> {
        return Box.of(
            readBounds(json.required("low"), Float.NEGATIVE_INFINITY),
            readBounds(json.required("high"), Float.POSITIVE_INFINITY),
            readIntegers(json.required("shape")));
      }
      case "discrete" -> {
        return new Discrete(
            readInteger(json, "n").intValue(), readInteger(json, "start").intValue());
      }
      case "multi-discrete" -> {
        return new MultiDiscrete(readIntegers(json.required("n")));
      }
      case "multi-binary" -> {
        return new MultiBinary(readInteger(json, "n").intValue());
      }
      case "dict" -> {
        Dict dict = null;
        for (Map.Entry<String, JsonNode> part : json.required("parts").properties()) {
          Space space = readSpace(part.getValue());
          dict = dict == null ? Dict.of(part.getKey(), space) : dict.with(part.getKey(), space);
        }
        if (dict != null) {
          return dict;
        }
        throw new IllegalArgumentException("a dict space has no parts");
      }
      case "tuple" -> {
        List<Space> parts = new ArrayList<>();
        json.required("parts").forEach(part -> parts.add(readSpace(part)));
        return new Tuple(parts);
      }
      default -> throw new IllegalArgumentException("a space is of unknown type " + type);
    }
  }

  private static float[] readBounds(JsonNode json, float infinity) {
    float[] values = new float[json.size()];
    for (int i = 0; i < values.length; i++) {
      JsonNode value = json.get(i);
      if (!value.isNull() && !value.isNumber()) {
        throw new IllegalArgumentException(value + " is no bound");
      }
      values[i] = value.isNull() ? infinity : value.floatValue();
    }
    return values;
  }

  private static int[] readIntegers(JsonNode json) {
    int[] values = new int[json.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = checkInteger(json.get(i)).intValue();
    }
    return values;
  }

  private static JsonNode readInteger(JsonNode json, String name) {
    return checkInteger(json.required(name));
  }

  private static JsonNode checkInteger(JsonNode json) {
    if (!json.isIntegralNumber()) {
      throw new IllegalArgumentException(json + " is no whole number");
    }
    return json;
  }

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = MlpSpec.class, name = "mlp"),
    @JsonSubTypes.Type(value = ConvolutionSpec.class, name = CONVOLUTION)
  })
  private interface NetworkTypes {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = MlpSpec.Head.class, name = "head"),
    @JsonSubTypes.Type(value = MlpSpec.Constant.class, name = "constant")
  })
  private interface ColumnTypes {}
}
