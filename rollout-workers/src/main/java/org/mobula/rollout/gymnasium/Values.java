package org.mobula.rollout.gymnasium;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is said to Python beside the steps: nothing, truths, whole and real numbers, texts, bytes,
 * lists and mappings, each with a tag of one byte before it; numbers are big-endian.
 */
final class Values {
  private ByteBuffer out = ByteBuffer.allocate(256);

  private Values() {}

  /** The length of a packed value, in four bytes, and the value. */
  static byte[] framed(@Nullable Object value) {
    Values values = new Values();
    values.out.putInt(0);
    values.put(value);
    ByteBuffer whole = values.out.flip();
    whole.putInt(0, whole.remaining() - Integer.BYTES);
    byte[] bytes = new byte[whole.remaining()];
    whole.get(bytes);
    return bytes;
  }

  private ByteBuffer room(int bytes) {
    if (out.remaining() < bytes) {
      ByteBuffer larger = ByteBuffer.allocate(2 * (out.capacity() + bytes));
      out = larger.put(out.flip());
    }
    return out;
  }

  private ByteBuffer tag(char tag, int bytes) {
    return room(1 + bytes).put((byte) tag);
  }

  private void put(@Nullable Object value) {
    if (value == null) {
      tag('n', 0);
    } else if (value instanceof Boolean truth) {
      tag(truth ? 't' : 'f', 0);
    } else if (value instanceof Double || value instanceof Float) {
      tag('d', Double.BYTES).putDouble(((Number) value).doubleValue());
    } else if (value instanceof Number number) {
      tag('i', Long.BYTES).putLong(number.longValue());
    } else if (value instanceof Map<?, ?> map) {
      tag('m', Integer.BYTES).putInt(map.size());
      map.forEach(
          (key, part) -> {
            put(key);
            put(part);
          });
    } else if (value instanceof List<?> list) {
      tag('l', Integer.BYTES).putInt(list.size());
      list.forEach(this::put);
    } else {
      byte[] text = value.toString().getBytes(StandardCharsets.UTF_8);
      tag('s', Integer.BYTES + text.length).putInt(text.length).put(text);
    }
  }

  /** A value without its length: null, Boolean, Long, Double, String, byte[], List or Map. */
  static @Nullable Object unpack(ByteBuffer in) {
    char tag = (char) in.get();
    return switch (tag) {
      case 'n' -> null;
      case 't' -> true;
      case 'f' -> false;
      case 'i' -> in.getLong();
      case 'd' -> in.getDouble();
      case 's' -> new String(bytes(in), StandardCharsets.UTF_8);
      case 'b' -> bytes(in);
      case 'l' -> list(in);
      case 'm' -> map(in);
      default -> throw new IllegalArgumentException("Python sent a value with the tag " + tag);
    };
  }

  private static List<@Nullable Object> list(ByteBuffer in) {
    List<@Nullable Object> list = new ArrayList<>();
    for (int left = in.getInt(); left > 0; left--) {
      list.add(unpack(in));
    }
    return Collections.unmodifiableList(list);
  }

  private static Map<String, @Nullable Object> map(ByteBuffer in) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int left = in.getInt(); left > 0; left--) {
      Object key = unpack(in);
      map.put(String.valueOf(key), unpack(in));
    }
    return Collections.unmodifiableMap(map);
  }

  private static byte[] bytes(ByteBuffer in) {
    byte[] bytes = new byte[in.getInt()];
    in.get(bytes);
    return bytes;
  }

  // What a mapping holds, of a kind that both sides know.

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(@Nullable Object value) {
    return (Map<String, Object>) require(value, Map.class);
  }

  @SuppressWarnings("unchecked")
  static List<Object> list(@Nullable Object value) {
    return (List<Object>) require(value, List.class);
  }

  static int integer(@Nullable Object value) {
    return Math.toIntExact(require(value, Long.class));
  }

  static double number(@Nullable Object value) {
    return require(value, Number.class).doubleValue();
  }

  static String text(@Nullable Object value) {
    return require(value, String.class);
  }

  static boolean flag(@Nullable Object value) {
    return require(value, Boolean.class);
  }

  static <T> T require(@Nullable Object value, Class<T> type) {
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          "Python sent %s where a %s is due".formatted(value, type.getSimpleName()));
    }
    return type.cast(value);
  }
}
