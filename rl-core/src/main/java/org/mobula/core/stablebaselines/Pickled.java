package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The values of a pickle that Java has no class for. The others are {@code Boolean}, {@code Long},
 * {@code BigInteger}, {@code Double}, {@code String}, {@code byte[]}, {@code List} (of lists,
 * tuples and sets) and {@code Map}.
 */
sealed interface Pickled {
  /** Python's {@code None}. */
  enum None implements Pickled {
    NONE
  }

  /** A class or function by its full name. It is a name: nothing is loaded, nothing called. */
  record Named(String name) implements Pickled {}

  /** What is said of an object of a known class. */
  final class Described implements Pickled {
    final String type;
    final List<Object> arguments;
    Map<?, ?> state = Map.of();

    Described(String type, List<Object> arguments) {
      this.type = type;
      this.arguments = arguments;
    }

    /** An attribute; null if there is none. */
    @Nullable Object get(String attribute) {
      return state.get(attribute);
    }

    @Override
    public String toString() {
      return type;
    }
  }

  /**
   * The numbers of a tensor or an array, row-major.
   *
   * @param type NumPy's name of the numbers' type, such as {@code f4}
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Numbers(String type, List<Integer> shape, double[] values) implements Pickled {
    /** The numbers as the parameters that they are. */
    float[] floats() {
      float[] floats = new float[values.length];
      for (int i = 0; i < floats.length; i++) {
        floats[i] = (float) values[i];
      }
      return floats;
    }
  }

  /**
   * The bytes of numbers, as tensors share them.
   *
   * @param kind of the numbers
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Storage(NumberKind kind, byte[] bytes) implements Pickled {
    int count() {
      return bytes.length / kind.width();
    }
  }

  /** NumPy's description of numbers, whose byte order is said after it was made. */
  final class ArrayType implements Pickled {
    final NumberKind kind;
    boolean bigEndian;

    ArrayType(NumberKind kind) {
      this.kind = kind;
    }
  }

  /** An array of NumPy's that is yet to get its numbers. */
  final class ArrayToBe implements Pickled {
    @Nullable Numbers numbers;
  }

  /** Any value in a few words, for errors. */
  static String words(Object value) {
    if (value instanceof Named named) {
      return named.name;
    } else if (value instanceof Described described) {
      return "an object of " + described.type;
    } else if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return value instanceof String text && text.length() > 50 ? "a text" : value.toString();
    } else if (value instanceof List<?> list) {
      return "a list of " + list.size();
    } else if (value instanceof Map<?, ?> map) {
      return "a dictionary of " + map.size();
    } else if (value instanceof None) {
      return "None";
    }
    return value instanceof byte[] ? "bytes" : "an array";
  }

  /** A value of this class. */
  static <T> T as(Class<T> type, String what, @Nullable Object value) throws IOException {
    if (type.isInstance(value)) {
      return type.cast(value);
    }
    throw new IOException(
        "%s is %s but must be %s"
            .formatted(
                what,
                value == null ? "missing" : words(value),
                type.getSimpleName().toLowerCase(Locale.ROOT)));
  }
}
