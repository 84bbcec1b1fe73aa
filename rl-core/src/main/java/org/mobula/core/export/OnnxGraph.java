package org.mobula.core.export;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * A graph of operators, built from its inputs to its outputs, in the messages of <a
 * href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">onnx.proto</a>. Tensors are named
 * as they are made; each tensor's first dimension is the batch, but for parameters and constants.
 */
final class OnnxGraph {
  /** The dimension whose size is chosen when the graph is run. */
  private static final String BATCH = "batch";

  private final ProtobufMessage graph = new ProtobufMessage();
  private int made;

  /** What the elements of a tensor are, by the numbers of TensorProto.DataType. */
  enum Elements {
    FLOAT(1),
    INT64(7),
    BOOL(9);

    private final int code;

    Elements(int code) {
      this.code = code;
    }
  }

  /** A setting of an operator. */
  record Attribute(ProtobufMessage message) {
    static Attribute of(String name, long value) {
      return new Attribute(named(name, 2).integer(3, value));
    }

    static Attribute of(String name, float value) {
      return new Attribute(named(name, 1).number(2, value));
    }

    static Attribute of(String name, List<Integer> values) {
      ProtobufMessage message = named(name, 7);
      values.forEach(value -> message.integer(8, value));
      return new Attribute(message);
    }

    private static ProtobufMessage named(String name, int type) {
      return new ProtobufMessage().text(1, name).integer(20, type);
    }
  }

  OnnxGraph(String name) {
    graph.text(2, name);
  }

  /** An input of this shape for each member of the batch. */
  String input(String name, Elements elements, int[] shape, String doc) {
    graph.message(11, value(name, elements, shape, doc));
    return name;
  }

  /** Gives a tensor away under this name. */
  void output(String name, String tensor, Elements elements, int[] shape, String doc) {
    operator("Identity", List.of(tensor), name);
    graph.message(12, value(name, elements, shape, doc));
  }

  private static ProtobufMessage value(String name, Elements elements, int[] shape, String doc) {
    ProtobufMessage dimensions =
        new ProtobufMessage().message(1, new ProtobufMessage().text(2, BATCH));
    for (int size : shape) {
      dimensions.message(1, new ProtobufMessage().integer(1, size));
    }
    ProtobufMessage tensor = new ProtobufMessage().integer(1, elements.code).message(2, dimensions);
    return new ProtobufMessage()
        .text(1, name)
        .message(2, new ProtobufMessage().message(1, tensor))
        .text(3, doc);
  }

  /** A parameter, which keeps its name. */
  String parameter(String name, List<Integer> shape, float[] values, int offset, int count) {
    byte[] raw = new byte[Math.multiplyExact(Float.BYTES, count)];
    ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values, offset, count);
    return tensor(name, Elements.FLOAT, shape, raw);
  }

  String constant(float... values) {
    return parameter(next("constant"), List.of(values.length), values, 0, values.length);
  }

  String constant(long... values) {
    byte[] raw = new byte[Long.BYTES * values.length];
    ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(values);
    return tensor(next("constant"), Elements.INT64, List.of(values.length), raw);
  }

  /** A number, of no dimension. */
  String scalar(float value) {
    return parameter(next("constant"), List.of(), new float[] {value}, 0, 1);
  }

  private String tensor(String name, Elements elements, List<Integer> shape, byte[] raw) {
    ProtobufMessage tensor = new ProtobufMessage();
    shape.forEach(size -> tensor.integer(1, size));
    graph.message(5, tensor.integer(2, elements.code).text(8, name).bytes(9, raw));
    return name;
  }

  /** What an operator makes of these tensors. */
  String operator(String type, List<String> inputs, Attribute... attributes) {
    return operator(type, inputs, next(type), attributes);
  }

  private String operator(
      String type, List<String> inputs, String output, Attribute... attributes) {
    ProtobufMessage node = new ProtobufMessage();
    inputs.forEach(input -> node.text(1, input));
    node.text(2, output).text(3, "make " + output).text(4, type);
    Stream.of(attributes).forEach(attribute -> node.message(5, attribute.message));
    graph.message(1, node);
    return output;
  }

  private String next(String kind) {
    made++;
    return "%s:%d".formatted(kind, made);
  }

  /** Columns of a matrix. */
  String columns(String matrix, int from, int count) {
    return operator(
        "Slice",
        List.of(matrix, constant((long) from), constant((long) from + count), constant(1L)));
  }

  /** Matrices side by side. */
  String beside(List<String> matrices) {
    return matrices.size() == 1
        ? matrices.get(0)
        : operator("Concat", matrices, Attribute.of("axis", 1L));
  }

  /** The same numbers, in this shape for each member of the batch. */
  String reshape(String tensor, int... shape) {
    long[] whole = new long[shape.length + 1];
    Arrays.setAll(whole, i -> i == 0 ? -1 : shape[i - 1]);
    return operator("Reshape", List.of(tensor, constant(whole)));
  }

  String cast(String tensor, Elements elements) {
    return operator("Cast", List.of(tensor), Attribute.of("to", (long) elements.code));
  }

  ProtobufMessage message() {
    return graph;
  }
}
