package org.mobula.core.parameters;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON part of a safetensors file, believed only after every claim is checked: a damaged file
 * must not become wrong parameters.
 *
 * @param places the tensors in the order of their numbers, without gaps
 */
record SafetensorsHeader(List<Place> places, Map<String, String> metadata) {
  private static final String METADATA = "__metadata__";

  /** The format's own limit. */
  private static final long MOST_HEADER_BYTES = 100_000_000;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Where a tensor lies: its first and the byte after its last, counted from the header's end. */
  record Place(String name, List<Integer> shape, long start, long end) {
    int size() {
      return Math.toIntExact((end - start) / Float.BYTES);
    }
  }

  static SafetensorsHeader of(SafetensorsFile file) {
    List<Place> places = new ArrayList<>();
    long start = 0;
    for (Map.Entry<String, SafetensorsFile.Tensor> named : file.tensors().entrySet()) {
      if (named.getKey().equals(METADATA)) {
        throw new IllegalArgumentException("the format keeps the name " + METADATA + " for itself");
      }
      SafetensorsFile.Tensor tensor = named.getValue();
      long end = start + (long) Float.BYTES * tensor.values().length;
      places.add(new Place(named.getKey(), tensor.shape(), start, end));
      start = end;
    }
    return new SafetensorsHeader(places, file.metadata());
  }

  /** The header, filled up with blanks so that the numbers start at a multiple of eight. */
  String toJson() {
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode words = root.putObject(METADATA);
      metadata.forEach(words::put);
    }
    for (Place place : places) {
      ObjectNode node = root.putObject(place.name).put("dtype", "F32");
      ArrayNode shape = node.putArray("shape");
      place.shape.forEach(shape::add);
      node.putArray("data_offsets").add(place.start).add(place.end);
    }
    String json = root.toString();
    int bytes = json.getBytes(StandardCharsets.UTF_8).length;
    return json + " ".repeat((8 - bytes % 8) % 8);
  }

  static SafetensorsHeader read(Path path, FileChannel channel) throws IOException {
    long fileBytes = channel.size();
    if (fileBytes < Long.BYTES) {
      throw foreign(path, "it has only " + fileBytes + " bytes");
    }
    ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    SafetensorsFile.fill(length, channel, path);
    long headerBytes = length.getLong(0);
    if (headerBytes < 2 || headerBytes > MOST_HEADER_BYTES) {
      throw foreign(
          path,
          path.toString().matches(".*\\.ya?ml")
              ? "it is a YAML file; name a run, a checkpoint or a policy.safetensors"
              : "its header would be " + headerBytes + " bytes long");
    }
    if (headerBytes > fileBytes - Long.BYTES) {
      throw new IOException(
          "%s is cut short: its header takes %s bytes but only %s follow"
              .formatted(path, headerBytes, fileBytes - Long.BYTES));
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) headerBytes);
    SafetensorsFile.fill(bytes, channel, path);
    SafetensorsHeader header = parse(path, new String(bytes.array(), StandardCharsets.UTF_8));
    header.checkPlaces(path, fileBytes - Long.BYTES - headerBytes);
    return header;
  }

  private static SafetensorsHeader parse(Path path, String json) throws IOException {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw foreign(path, "its header is not JSON (" + e.getOriginalMessage() + ")");
    }
    if (!json.startsWith("{") || !root.isObject()) {
      throw foreign(path, "its header is not a JSON object");
    }
    List<Place> places = new ArrayList<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : root.properties()) {
      if (property.getKey().equals(METADATA)) {
        for (Map.Entry<String, JsonNode> word : property.getValue().properties()) {
          if (!word.getValue().isTextual()) {
            throw foreign(path, "the metadata " + word.getKey() + " is not a text");
          }
          metadata.put(word.getKey(), word.getValue().textValue());
        }
      } else {
        places.add(place(path, property.getKey(), property.getValue()));
      }
    }
    places.sort(Comparator.comparingLong(Place::start).thenComparingLong(Place::end));
    return new SafetensorsHeader(places, metadata);
  }

  private static Place place(Path path, String name, JsonNode node) throws IOException {
    String type = node.path("dtype").asText();
    if (!type.equals("F32")) {
      throw new IOException(
          "%s: tensor %s has the type '%s' but only F32 can be read".formatted(path, name, type));
    }
    JsonNode offsets = node.path("data_offsets");
    if (!node.path("shape").isArray() || !offsets.isArray() || offsets.size() != 2) {
      throw foreign(path, "tensor " + name + " has no shape or no two data_offsets");
    }
    List<Integer> shape = new ArrayList<>();
    long numbers = 1;
    try {
      for (JsonNode size : node.path("shape")) {
        shape.add(Math.toIntExact(whole(path, name, size)));
        numbers = Math.multiplyExact(numbers, size.longValue());
      }
      Math.toIntExact(numbers);
    } catch (ArithmeticException e) {
      throw new IOException(
          "%s: tensor %s has the shape %s, which is too large for an array"
              .formatted(path, name, node.path("shape")),
          e);
    }
    long start = whole(path, name, offsets.get(0));
    long end = whole(path, name, offsets.get(1));
    if (end - start != Float.BYTES * numbers) {
      throw foreign(
          path,
          "tensor %s of shape %s needs %s bytes but its offsets are %s to %s"
              .formatted(name, shape, Float.BYTES * numbers, start, end));
    }
    return new Place(name, shape, start, end);
  }

  private static long whole(Path path, String name, JsonNode number) throws IOException {
    if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
      throw foreign(path, "tensor " + name + " has a size or offset " + number);
    }
    return number.longValue();
  }

  private void checkPlaces(Path path, long dataBytes) throws IOException {
    long expected = 0;
    for (Place place : places) {
      if (place.start != expected) {
        throw foreign(
            path,
            "tensor %s starts at byte %s but must start at %s"
                .formatted(place.name, place.start, expected));
      }
      expected = place.end;
    }
    if (dataBytes < expected) {
      throw new IOException(
          "%s is cut short: its tensors take %s bytes but only %s are there"
              .formatted(path, expected, dataBytes));
    }
    if (dataBytes > expected) {
      throw foreign(path, (dataBytes - expected) + " bytes follow its last tensor");
    }
  }

  private static IOException foreign(Path path, String because) {
    return new IOException(path + " is not a whole safetensors file: " + because);
  }
}
