package org.mobula.core.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/** An ONNX file read back, and computed for one row where its operators are a perceptron's. */
final class OnnxModel {
  private static final float[] NOTHING = {}; // a shape, of which a row needs none

  final Message model;
  final Message graph;
  final Map<String, float[]> floats = new HashMap<>();
  final Map<String, long[]> integers = new HashMap<>();

  /** A protobuf message: the numbers and the contents of each field, in the file's order. */
  static final class Message {
    private final Map<Integer, List<Long>> numbers = new HashMap<>();
    private final Map<Integer, List<byte[]>> contents = new HashMap<>();

    Message(byte[] bytes) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      while (buffer.hasRemaining()) {
        long tag = varint(buffer);
        int field = (int) (tag >>> 3);
        switch ((int) (tag & 7)) {
          case 0 -> numbers.computeIfAbsent(field, f -> new ArrayList<>()).add(varint(buffer));
          case 5 ->
              numbers.computeIfAbsent(field, f -> new ArrayList<>()).add((long) buffer.getInt());
          case 2 -> {
            byte[] content = new byte[(int) varint(buffer)];
            buffer.get(content);
            contents.computeIfAbsent(field, f -> new ArrayList<>()).add(content);
          }
          default -> throw new IllegalArgumentException("wire type of tag " + tag);
        }
      }
    }

    private static long varint(ByteBuffer buffer) {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        byte next = buffer.get();
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
    }

    List<Long> numbers(int field) {
      return numbers.getOrDefault(field, List.of());
    }

    long number(int field) {
      return numbers(field).get(0);
    }

    List<Message> messages(int field) {
      return contents.getOrDefault(field, List.of()).stream().map(Message::new).toList();
    }

    List<String> texts(int field) {
      return contents.getOrDefault(field, List.of()).stream()
          .map(content -> new String(content, UTF_8))
          .toList();
    }

    String text(int field) {
      return texts(field).get(0);
    }

    byte[] bytes(int field) {
      return contents.getOrDefault(field, List.of()).get(0);
    }
  }

  OnnxModel(byte[] file) {
    model = new Message(file);
    graph = model.messages(7).get(0);
    for (Message tensor : graph.messages(5)) {
      ByteBuffer raw = ByteBuffer.wrap(tensor.bytes(9)).order(ByteOrder.LITTLE_ENDIAN);
      if (tensor.number(2) == 1) {
        float[] values = new float[raw.remaining() / Float.BYTES];
        raw.asFloatBuffer().get(values);
        floats.put(tensor.text(8), values);
      } else {
        long[] values = new long[raw.remaining() / Long.BYTES];
        raw.asLongBuffer().get(values);
        integers.put(tensor.text(8), values);
      }
    }
  }

  Map<String, String> metadata() {
    Map<String, String> metadata = new HashMap<>();
    model.messages(14).forEach(entry -> metadata.put(entry.text(1), entry.text(2)));
    return metadata;
  }

  /** Inputs or outputs as {@code name type[sizes]}; type 1 is float, 7 int64 and 9 bool. */
  List<String> signature(int field) {
    return graph.messages(field).stream()
        .map(
            value -> {
              Message tensor = value.messages(2).get(0).messages(1).get(0);
              List<String> sizes =
                  tensor.messages(2).get(0).messages(1).stream()
                      .map(size -> size.texts(2).isEmpty() ? "" + size.number(1) : size.text(2))
                      .toList();
              return value.text(1) + " " + tensor.number(1) + sizes;
            })
        .toList();
  }

  /** The tensors of a batch of one observation, each flat. */
  Map<String, float[]> compute(float[] observation) {
    Map<String, float[]> tensors = new HashMap<>(floats);
    tensors.put("observation", observation);
    for (Message node : graph.messages(1)) {
      tensors.put(node.text(2), compute(node.text(4), node.texts(1), tensors));
    }
    return tensors;
  }

  private float[] compute(String operator, List<String> inputs, Map<String, float[]> tensors) {
    float[] x = tensors.getOrDefault(inputs.get(0), NOTHING);
    float[] y = inputs.size() > 1 ? tensors.getOrDefault(inputs.get(1), NOTHING) : x;
    float[] z = inputs.size() > 2 ? tensors.getOrDefault(inputs.get(2), NOTHING) : x;
    return switch (operator) {
      case "Identity", "Reshape" -> x;
      case "Expand", "Shape" -> x;
      case "Concat" ->
          concat(inputs.stream().map(name -> tensors.getOrDefault(name, NOTHING)).toList());
      case "Slice" -> Arrays.copyOfRange(x, integer(inputs.get(1)), integer(inputs.get(2)));
      case "Gemm" -> linear(x, y, z);
      case "Tanh" -> each(x, x, (a, b) -> Math.tanh(a));
      case "Relu" -> each(x, x, (a, b) -> Math.max(0, a));
      case "Add" -> each(x, y, Double::sum);
      case "Sub" -> each(x, y, (a, b) -> a - b);
      case "Mul" -> each(x, y, (a, b) -> a * b);
      case "Min" -> each(x, y, Math::min);
      case "Max" -> each(x, y, Math::max);
      case "Clip" -> each(each(x, y, Math::max), z, Math::min);
      case "ArgMax" -> new float[] {greatest(x)};
      default -> throw new IllegalArgumentException("no perceptron's operator: " + operator);
    };
  }

  private int integer(String name) {
    return (int) integers.getOrDefault(name, new long[0])[0];
  }

  private static float[] concat(List<float[]> parts) {
    float[] all = new float[0];
    for (float[] part : parts) {
      int at = all.length;
      all = Arrays.copyOf(all, at + part.length);
      System.arraycopy(part, 0, all, at, part.length);
    }
    return all;
  }

  private static float[] linear(float[] x, float[] weight, float[] bias) {
    float[] result = bias.clone();
    for (int i = 0; i < weight.length; i++) {
      result[i / x.length] += weight[i] * x[i % x.length];
    }
    return result;
  }

  private static float[] each(float[] x, float[] y, DoubleBinaryOperator operator) {
    float[] result = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = (float) operator.applyAsDouble(x[i], y[y.length == 1 ? 0 : i]);
    }
    return result;
  }

  private static int greatest(float[] values) {
    int greatest = 0;
    for (int i = 1; i < values.length; i++) {
      greatest = values[i] > values[greatest] ? i : greatest;
    }
    return greatest;
  }
}
