package org.mobula.core.training;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Options as they stand in a checkpoint: each value as what it is. */
public final class OptionState {
  private OptionState() {}

  /**
   * Finds out at once, not with the first checkpoint, whether a checkpoint can hold them.
   *
   * @throws IllegalArgumentException naming an option that it cannot hold
   */
  static void requireSavable(Map<String, Object> options) {
    try (DataOutputStream nowhere = new DataOutputStream(OutputStream.nullOutputStream())) {
      write(options, nowhere);
    } catch (IOException e) { // a text of more than 65,535 bytes
      throw new IllegalArgumentException("a reset option is too long: " + e.getMessage(), e);
    }
  }

  /**
   * Writes options.
   *
   * @throws IllegalArgumentException naming an option that a checkpoint cannot hold
   */
  public static void write(Map<String, Object> options, DataOutput out) throws IOException {
    out.writeInt(options.size());
    for (Map.Entry<String, Object> option : new TreeMap<>(options).entrySet()) {
      out.writeUTF(option.getKey());
      writeValue(option.getKey(), option.getValue(), out);
    }
  }

  private static void writeValue(String name, Object value, DataOutput out) throws IOException {
    if (value instanceof Boolean truth) {
      out.writeByte('b');
      out.writeBoolean(truth);
    } else if (value instanceof Integer number) {
      out.writeByte('i');
      out.writeInt(number);
    } else if (value instanceof Long number) {
      out.writeByte('l');
      out.writeLong(number);
    } else if (value instanceof Double number) {
      out.writeByte('d');
      out.writeDouble(number);
    } else if (value instanceof String text) {
      out.writeByte('s');
      out.writeUTF(text);
    } else if (value instanceof List<?> items) {
      out.writeByte('[');
      out.writeInt(items.size());
      for (Object item : items) {
        writeValue(name, item, out);
      }
    } else if (value instanceof Map<?, ?> map) {
      out.writeByte('{');
      Map<String, Object> inner = new HashMap<>();
      map.forEach((key, item) -> inner.put(String.valueOf(key), item));
      write(inner, out);
    } else {
      throw new IllegalArgumentException(
          "the reset option "
              + name
              + " is a "
              + value.getClass().getName()
              + " but must be a Boolean, Integer, Long, Double or String, or a list or map of them,"
              + " to stand in a checkpoint");
    }
  }

  /** Reads what {@link #write} wrote. */
  public static Map<String, Object> read(DataInput in) throws IOException {
    Map<String, Object> options = new HashMap<>();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      options.put(in.readUTF(), readValue(in));
    }
    return Map.copyOf(options);
  }

  private static Object readValue(DataInput in) throws IOException {
    byte kind = in.readByte();
    return switch (kind) {
      case 'b' -> in.readBoolean();
      case 'i' -> in.readInt();
      case 'l' -> in.readLong();
      case 'd' -> in.readDouble();
      case 's' -> in.readUTF();
      case '[' -> {
        List<Object> items = new ArrayList<>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
          items.add(readValue(in));
        }
        yield List.copyOf(items);
      }
      case '{' -> read(in);
      default -> throw new IOException("a reset option of the unknown kind " + kind);
    };
  }
}
