package org.mobula.tune.storage;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as Python's {@code json} writes and reads it: with NaN and infinities, in ASCII. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
          .enable(DeserializationFeature.USE_LONG_FOR_INTS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** For what has integers beyond a {@code long}, which Python writes as readily. */
  private static final JsonMapper BIG =
      MAPPER
          .rebuild()
          .disable(DeserializationFeature.USE_LONG_FOR_INTS)
          .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
          .build();

  private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
  private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE);

  private Json() {}

  /**
   * An object.
   *
   * @throws IOException if it is not JSON
   * @throws IllegalArgumentException if it is not an object
   */
  static Map<?, ?> object(byte[] bytes, int begin, int length) throws IOException {
    try {
      return object(MAPPER.readValue(bytes, begin, length, Object.class));
    } catch (InputCoercionException e) {
      return object(shortened(BIG.readValue(bytes, begin, length, Object.class)));
    }
  }

  static Map<?, ?> object(String text) throws IOException {
    try {
      return object(MAPPER.readValue(text, Object.class));
    } catch (InputCoercionException e) {
      return object(shortened(BIG.readValue(text, Object.class)));
    }
  }

  /** Integers as {@link Long}s where they are not beyond one. */
  private static @Nullable Object shortened(@Nullable Object value) {
    if (value instanceof BigInteger number) {
      return number.max(LEAST).min(MOST).equals(number) ? (Object) number.longValue() : number;
    } else if (value instanceof List<?> items) {
      List<@Nullable Object> list = new ArrayList<>();
      items.forEach(item -> list.add(shortened(item)));
      return list;
    } else if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      map.forEach((key, item) -> object.put(String.valueOf(key), shortened(item)));
      return object;
    }
    return value;
  }

  private static Map<?, ?> object(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new IllegalArgumentException("%s is not a JSON object".formatted(value));
  }

  static byte[] bytes(Object value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON can be made of " + value, e);
    }
  }

  static String text(@Nullable Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON can be made of " + value, e);
    }
  }

  /**
   * A value as it would be read back: a copy of texts, {@link Long}s, {@link Double}s, booleans,
   * lists and maps of them.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static Object plain(Object value) {
    if (value instanceof String
        || value instanceof Boolean
        || value instanceof Long
        || value instanceof Double
        || value instanceof BigInteger) {
      return value;
    } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).longValue();
    } else if (value instanceof Float number) {
      return number.doubleValue();
    } else if (value instanceof Enum<?> constant) {
      return constant.name();
    } else if (value instanceof double[] numbers) {
      return plain(Arrays.stream(numbers).boxed().toList());
    } else if (value instanceof long[] numbers) {
      return plain(Arrays.stream(numbers).boxed().toList());
    } else if (value instanceof int[] numbers) {
      return plain(Arrays.stream(numbers).boxed().toList());
    } else if (value instanceof Iterable<?> items) {
      List<@Nullable Object> plain = new ArrayList<>();
      items.forEach(item -> plain.add(item == null ? null : plain(item)));
      return plain;
    } else if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> plain = new LinkedHashMap<>();
      map.forEach((key, item) -> plain.put(String.valueOf(key), item == null ? null : plain(item)));
      return plain;
    }
    throw new IllegalArgumentException(
        "an attribute is %s (%s) but must be a text, a number, a boolean, or a list or map of them"
            .formatted(value, value.getClass().getSimpleName()));
  }
}
