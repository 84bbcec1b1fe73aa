package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.util.ByteBufferBackedInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

/**
 * Reads inference requests of the Open Inference Protocol v2 (REST), with its binary tensor
 * extension: JSON, then the raw tensors in the order of the inputs, the length of the JSON in the
 * header {@code Inference-Header-Content-Length}.
 */
public final class InferRequestReader {
  private static final String BINARY_SIZE = "binary_data_size";
  private static final String BINARY_OUTPUT = "binary_data_output";

  private final ByteBuffer json;
  private final @Nullable ByteBuffer binary;
  private @Nullable String id;
  private Map<String, Object> parameters = Map.of();
  private @Nullable List<Tensor> inputs;
  private List<InferRequest.Output> outputs = List.of();

  private InferRequestReader(ByteBuffer json, @Nullable ByteBuffer binary) {
    this.json = json;
    this.binary = binary;
  }

  /**
   * Reads a request.
   *
   * @param body whole; its position is not changed
   * @param headerLength the value of {@code Inference-Header-Content-Length}, if given
   * @throws InvalidRequestException saying what is wrong with it and what was expected
   */
  public static InferRequest read(ByteBuffer body, Optional<String> headerLength) {
    ByteBuffer json = body;
    ByteBuffer binary = null;
    if (headerLength.isPresent()) {
      int length = length(headerLength.get(), body.remaining());
      json = body.slice(body.position(), length);
      binary = body.slice(body.position() + length, body.remaining() - length);
    }
    InferRequestReader reader = new InferRequestReader(json, binary);
    InferRequest request = Json.read(json, reader::readRequest);
    if (binary != null && binary.hasRemaining()) {
      throw new InvalidRequestException(
          "the body has %s bytes after the binary data that its inputs announce"
              .formatted(binary.remaining()));
    }
    return request;
  }

  private static int length(String header, int bodyLength) {
    int length;
    try {
      length = Integer.parseInt(header.strip());
    } catch (NumberFormatException e) {
      length = -1;
    }
    if (length < 0 || length > bodyLength) {
      throw new InvalidRequestException(
          "the header Inference-Header-Content-Length is %s but must be a number of bytes from 0 to %s, the length of the body"
              .formatted(
                  header.length() > 20 ? header.substring(0, 20) + "…" : header, bodyLength));
    }
    return length;
  }

  private InferRequest readRequest(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      switch (field) {
        case "id" -> id = Json.string(parser, "id");
        case "parameters" -> {
          parser.nextToken();
          parameters = readParameters(parser, "the request");
        }
        case "inputs" -> readInputs(parser);
        case "outputs" -> readOutputs(parser);
        default -> {
          parser.nextToken();
          parser.skipChildren();
        }
      }
    }
    if (inputs == null) {
      throw new InvalidRequestException("inputs is missing");
    }
    boolean binaryOutput = Boolean.TRUE.equals(flag(parameters, BINARY_OUTPUT));
    if (!parameters.isEmpty()) {
      parameters.remove(BINARY_OUTPUT);
    }
    return new InferRequest(id, parameters, inputs, outputs, binaryOutput);
  }

  private static @Nullable Boolean flag(Map<String, Object> parameters, String name) {
    Object value = parameters.get(name);
    if (value != null && !(value instanceof Boolean)) {
      throw new InvalidRequestException(
          "parameter '%s' is %s but must be true or false".formatted(name, value));
    }
    return (Boolean) value;
  }

  private void readInputs(JsonParser parser) throws IOException {
    parser.nextToken();
    Json.requireArray(parser, "inputs");
    if (inputs != null) {
      throw new InvalidRequestException("inputs is given twice");
    }
    List<Tensor> tensors = new ArrayList<>(2);
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Json.requireObject(parser, "input ", tensors.size());
      tensors.add(new Input(tensors.size()).read(parser));
    }
    inputs = tensors;
  }

  private void readOutputs(JsonParser parser) throws IOException {
    parser.nextToken();
    Json.requireArray(parser, "outputs");
    List<InferRequest.Output> wanted = new ArrayList<>(4);
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      String what = "output " + wanted.size();
      Json.requireObject(parser, "", what);
      String name = null;
      Map<String, Object> own = Map.of();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        if (field.equals("name")) {
          name = Json.string(parser, "name of " + what);
        } else if (field.equals("parameters")) {
          parser.nextToken();
          own = readParameters(parser, what);
        } else {
          parser.nextToken();
          parser.skipChildren();
        }
      }
      if (name == null) {
        throw new InvalidRequestException(what + " has no name");
      }
      wanted.add(InferRequest.Output.of(name, own));
    }
    outputs = wanted;
  }

  /** Strings, booleans, longs and doubles by name. */
  private static Map<String, Object> readParameters(JsonParser parser, Object of)
      throws IOException {
    Json.requireObject(parser, "parameters of ", of);
    Map<String, Object> read = new HashMap<>(4);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      Long whole = Json.whole(parser);
      if (whole != null) {
        read.put(name, whole);
      } else if (token == JsonToken.VALUE_STRING) {
        read.put(name, parser.getText());
      } else if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
        read.put(name, token == JsonToken.VALUE_TRUE);
      } else if (token == JsonToken.VALUE_NUMBER_FLOAT || token == JsonToken.VALUE_NUMBER_INT) {
        read.put(name, parser.getDoubleValue());
      } else {
        throw new InvalidRequestException(
            "parameter '%s' of %s is %s but must be a string, a number, true or false"
                .formatted(name, of, Json.shown(parser)));
      }
    }
    return read;
  }

  /** One of the inputs, while it is read. */
  private final class Input {
    private final int index;
    private @Nullable String name;
    private @Nullable Datatype datatype;
    private int @Nullable [] shape;
    private Map<String, Object> own = Map.of();
    private @Nullable Object data;
    private long dataAt = -1;

    Input(int index) {
      this.index = index;
    }

    private String called() {
      return name == null ? "#" + index : name;
    }

    /** For errors. */
    @Override
    public String toString() {
      return "'" + called() + "'";
    }

    Tensor read(JsonParser parser) throws IOException {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        switch (field) {
          case "name" -> name = Json.string(parser, "name of input ", index);
          case "datatype" ->
              datatype = TensorHead.datatype(Json.string(parser, "datatype of ", this), called());
          case "shape" -> shape = readShape(parser);
          case "parameters" -> {
            parser.nextToken();
            own = readParameters(parser, this);
          }
          case "data" -> readData(parser);
          default -> {
            parser.nextToken();
            parser.skipChildren();
          }
        }
      }
      if (name == null || datatype == null || shape == null) {
        throw new InvalidRequestException(
            "input '%s' has no %s"
                .formatted(
                    called(), name == null ? "name" : datatype == null ? "datatype" : "shape"));
      }
      TensorHead head = new TensorHead(name, datatype, shape);
      if (own.containsKey(BINARY_SIZE)) {
        if (data != null || dataAt >= 0) {
          throw new InvalidRequestException(
              "input '%s' has data and %s; give one of them".formatted(name, BINARY_SIZE));
        }
        return readBinary(head);
      }
      Object elements = dataAt >= 0 ? readLate(head) : data;
      if (elements == null) {
        throw head.withoutData();
      }
      return new Tensor(name, datatype, elements, shape);
    }

    private void readData(JsonParser parser) throws IOException {
      parser.nextToken();
      Json.requireArray(parser, "data of ", this);
      if (datatype != null && shape != null) {
        data = Elements.read(parser, new TensorHead(called(), datatype, shape), most());
      } else { // what it means comes later: read it then
        dataAt = parser.currentTokenLocation().getByteOffset();
        parser.skipChildren();
      }
    }

    private int most() {
      return json.remaining() / 2 + 1;
    }

    private Object readLate(TensorHead head) throws IOException {
      int from = json.position() + (int) dataAt;
      ByteBuffer rest = json.slice(from, json.limit() - from);
      try (ByteBufferBackedInputStream stream = Json.stream(rest);
          JsonParser again = Json.FACTORY.createParser(stream)) {
        again.nextToken();
        return Elements.read(again, head, most());
      }
    }

    private Tensor readBinary(TensorHead head) {
      ByteBuffer rest = binary;
      if (rest == null) {
        throw new InvalidRequestException(
            "input '%s' has %s but the request has no header Inference-Header-Content-Length"
                .formatted(head.name(), BINARY_SIZE));
      }
      if (!(own.get(BINARY_SIZE) instanceof Long size) || size < 0 || size > rest.remaining()) {
        throw new InvalidRequestException(
            "%s of '%s' is %s but must be a number of bytes from 0 to the %s that are left of the body"
                .formatted(BINARY_SIZE, head.name(), own.get(BINARY_SIZE), rest.remaining()));
      }
      ByteBuffer part = rest.slice(rest.position(), size.intValue());
      rest.position(rest.position() + size.intValue());
      return RawElements.read(head, BINARY_SIZE, part);
    }

    private int[] readShape(JsonParser parser) throws IOException {
      parser.nextToken();
      Json.requireArray(parser, "shape of ", this);
      int[] dimensions = new int[4];
      int rank = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        Long whole = Json.whole(parser);
        Object shown = whole == null ? Json.shown(parser) : whole;
        int dimension = TensorHead.dimension(rank, called(), whole, shown);
        if (rank == dimensions.length) {
          dimensions = Arrays.copyOf(dimensions, TensorHead.MAX_RANK);
        }
        dimensions[rank++] = dimension;
      }
      return Arrays.copyOf(dimensions, rank);
    }
  }
}
