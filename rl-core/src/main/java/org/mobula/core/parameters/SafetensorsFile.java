package org.mobula.core.parameters;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.network.ParameterLayout;

/**
 * Named float tensors with a few words about them, in Hugging Face's safetensors format: eight
 * bytes of header length (little-endian), a JSON header with each tensor's type, shape and place,
 * then the numbers. Python's {@code safetensors} reads what is written here, and the other way
 * round.
 *
 * @param tensors by name, in the order of the file
 * @param metadata free words by key
 */
public record SafetensorsFile(Map<String, Tensor> tensors, Map<String, String> metadata) {
  private static final int BUFFER_BYTES = 1 << 16;

  /**
   * One tensor.
   *
   * @param shape sizes of the dimensions; empty for a single number
   * @param values row-major
   */
  @SuppressWarnings("ArrayRecordComponent") // A carrier; never compared.
  public record Tensor(List<Integer> shape, float[] values) {
    /** Checks that the shape holds the numbers. */
    public Tensor {
      shape = List.copyOf(shape);
      if (shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact)
          != values.length) {
        throw new IllegalArgumentException(
            "a tensor of shape " + shape + " cannot hold " + values.length + " numbers");
      }
    }
  }

  /** Copies the maps in their order. */
  public SafetensorsFile {
    tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /**
   * Cuts a flat vector into its tensors.
   *
   * @param prefix goes before each name; empty for none
   */
  public static Map<String, Tensor> split(ParameterLayout layout, String prefix, float[] values) {
    if (values.length != layout.size()) {
      throw new IllegalArgumentException(
          "the vector has %s numbers but the layout has %s"
              .formatted(values.length, layout.size()));
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (ParameterLayout.Entry entry : layout.entries()) {
      float[] numbers = new float[entry.size()];
      System.arraycopy(values, entry.offset(), numbers, 0, numbers.length);
      tensors.put(prefix + entry.name(), new Tensor(entry.shape(), numbers));
    }
    return tensors;
  }

  /**
   * Puts the tensors of a layout together again.
   *
   * @param prefix that was put before each name
   * @throws IllegalArgumentException if a tensor is missing or has another shape
   */
  public float[] join(ParameterLayout layout, String prefix) {
    float[] values = new float[layout.size()];
    for (ParameterLayout.Entry entry : layout.entries()) {
      Tensor tensor = tensors.get(prefix + entry.name());
      if (tensor == null) {
        throw new IllegalArgumentException(
            "there is no tensor %s, which the network needs; there are %s"
                .formatted(prefix + entry.name(), tensors.keySet()));
      }
      if (!tensor.shape.equals(entry.shape())) {
        throw new IllegalArgumentException(
            "%s has shape %s but the network needs %s: was it saved by a network of other sizes?"
                .formatted(prefix + entry.name(), tensor.shape, entry.shape()));
      }
      System.arraycopy(tensor.values, 0, values, entry.offset(), tensor.values.length);
    }
    return values;
  }

  /**
   * Writes the file, and waits until the disk has it. A file that was there is overwritten; write
   * under another name and rename where a reader may come in between.
   */
  public void write(Path path) throws IOException {
    byte[] header = SafetensorsHeader.of(this).toJson().getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      drain(buffer.putLong(header.length), channel);
      drainAll(ByteBuffer.wrap(header), channel);
      for (Tensor tensor : tensors.values()) {
        for (float value : tensor.values) {
          if (buffer.remaining() < Float.BYTES) {
            drain(buffer, channel);
          }
          buffer.putFloat(value);
        }
      }
      drain(buffer, channel);
      channel.force(true);
    }
  }

  private static void drain(ByteBuffer buffer, FileChannel channel) throws IOException {
    drainAll(buffer.flip(), channel);
    buffer.clear();
  }

  private static void drainAll(ByteBuffer buffer, FileChannel channel) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /**
   * Reads a file whole.
   *
   * @throws IOException if it cannot be read, or is cut short, or is not such a file; the message
   *     says which
   */
  public static SafetensorsFile read(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      SafetensorsHeader header = SafetensorsHeader.read(path, channel);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (SafetensorsHeader.Place place : header.places()) {
        float[] values = new float[place.size()];
        for (int i = 0; i < values.length; ) {
          int count = Math.min(values.length - i, BUFFER_BYTES / Float.BYTES);
          fill(buffer.clear().limit(count * Float.BYTES), channel, path);
          buffer.flip().asFloatBuffer().get(values, i, count);
          i += count;
        }
        tensors.put(place.name(), new Tensor(place.shape(), values));
      }
      return new SafetensorsFile(tensors, header.metadata());
    }
  }

  /** Fills the buffer to its limit. */
  static void fill(ByteBuffer buffer, FileChannel channel, Path path) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException(path + " ended while it was read: did someone else change it?");
      }
    }
  }
}
