package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.mobula.serve.model.Datatype;

/** Reads the elements of a tensor out of nested or flat JSON arrays. */
final class Elements {
  private static final BigInteger UINT64_END = BigInteger.ONE.shiftLeft(64);

  private final String name;
  private final Datatype datatype;
  private Object data;
  private int capacity;
  private int count;

  private Elements(String name, Datatype datatype, int capacity) {
    this.name = name;
    this.datatype = datatype;
    this.capacity = capacity;
    this.data = datatype.array(capacity);
  }

  /**
   * Reads {@code data} of a shape: flat, or nested as the shape says.
   *
   * @param parser at the beginning of the array
   * @param most elements that the body can hold at all
   * @return the array of a tensor
   */
  static Object read(JsonParser parser, TensorHead head, int most) throws IOException {
    int length = head.elements();
    // Memory is asked for by what came, not by what the shape promises.
    Elements elements =
        new Elements(head.name(), head.datatype(), length < 0 ? most : Math.min(length, most));
    elements.readArray(parser, head.shape());
    head.checkCount(elements.count);
    return elements.data;
  }

  /** Reads numbers, however nested, as many as there are. */
  static float[] readFloats(JsonParser parser, String name, int expected) throws IOException {
    Elements elements = readAll(parser, name, Datatype.FP32, expected);
    float[] read = (float[]) elements.data;
    return read.length == elements.count ? read : Arrays.copyOf(read, elements.count);
  }

  /** Reads true and false, however nested, as many as there are, as 1 and 0. */
  static byte[] readBooleans(JsonParser parser, String name, int expected) throws IOException {
    Elements elements = readAll(parser, name, Datatype.BOOL, expected);
    return Arrays.copyOf((byte[]) elements.data, elements.count);
  }

  private static Elements readAll(JsonParser parser, String name, Datatype datatype, int expected)
      throws IOException {
    Json.requireArray(parser, name);
    Elements elements = new Elements(name, datatype, expected);
    int depth = 1;
    while (depth > 0) {
      JsonToken token = parser.nextToken();
      if (token == JsonToken.START_ARRAY) {
        depth++;
      } else if (token == JsonToken.END_ARRAY) {
        depth--;
      } else {
        elements.add(parser);
      }
    }
    return elements;
  }

  private void readArray(JsonParser parser, int... shape) throws IOException {
    int[] counts = new int[Math.max(1, shape.length)];
    int depth = 0;
    boolean nested = false;
    while (true) {
      JsonToken token = parser.nextToken();
      if (token == JsonToken.END_ARRAY) {
        if (nested && counts[depth] != shape[depth]) {
          throw ragged(shape);
        }
        if (depth == 0) {
          return;
        }
        depth--;
        counts[depth]++;
      } else if (token == JsonToken.START_ARRAY) {
        nested |= count == 0;
        depth++;
        if (!nested || depth >= shape.length) {
          throw ragged(shape);
        }
        counts[depth] = 0;
      } else {
        if (nested && depth != shape.length - 1) {
          throw ragged(shape);
        }
        counts[depth]++;
        add(parser);
      }
    }
  }

  private InvalidRequestException ragged(int... shape) {
    return new InvalidRequestException(
        "data of '%s' must be flat or nested as its shape %s says"
            .formatted(name, Arrays.toString(shape)));
  }

  private void add(JsonParser parser) throws IOException {
    if (count == capacity) {
      capacity = Math.max(16, Math.addExact(capacity, capacity / 2));
      Object larger = datatype.array(capacity);
      System.arraycopy(data, 0, larger, 0, count);
      data = larger;
    }
    switch (datatype) {
      case FP32 -> ((float[]) data)[count] = readFloat(parser);
      case FP64 -> ((double[]) data)[count] = readDouble(parser);
      case BOOL -> ((byte[]) data)[count] = readBoolean(parser);
      case INT8, UINT8 -> ((byte[]) data)[count] = (byte) readWhole(parser);
      case INT16, UINT16 -> ((short[]) data)[count] = (short) readWhole(parser);
      case INT32, UINT32 -> ((int[]) data)[count] = (int) readWhole(parser);
      case INT64, UINT64 -> ((long[]) data)[count] = readWhole(parser);
      case BYTES -> ((byte[][]) data)[count] = readString(parser);
      case FP16, BF16 ->
          throw new InvalidRequestException(
              "'%s' is of datatype %s, which has no JSON form; send it as binary data"
                  .formatted(name, datatype));
    }
    count++;
  }

  private float readFloat(JsonParser parser) throws IOException {
    requireNumber(parser);
    float value = parser.getFloatValue();
    if (Float.isInfinite(value)) {
      throw wrong(parser, "a number within the range of FP32");
    }
    return value;
  }

  private double readDouble(JsonParser parser) throws IOException {
    requireNumber(parser);
    double value = parser.getDoubleValue();
    if (Double.isInfinite(value)) {
      throw wrong(parser, "a number within the range of FP64");
    }
    return value;
  }

  private void requireNumber(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_NUMBER_FLOAT && token != JsonToken.VALUE_NUMBER_INT) {
      throw wrong(parser, "a number");
    }
  }

  private byte readBoolean(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
      throw wrong(parser, "true or false");
    }
    return (byte) (token == JsonToken.VALUE_TRUE ? 1 : 0);
  }

  private byte[] readString(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw wrong(parser, "a string");
    }
    return parser.getText().getBytes(StandardCharsets.UTF_8);
  }

  private long readWhole(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw wrong(parser, "a whole number");
    }
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      BigInteger value = parser.getBigIntegerValue();
      if (datatype != Datatype.UINT64 || value.signum() < 0 || value.compareTo(UINT64_END) >= 0) {
        throw wrong(parser, "within the range of " + datatype);
      }
      return value.longValue();
    }
    long value = parser.getLongValue();
    int bits = 8 * datatype.size();
    boolean fits =
        datatype.isUnsigned()
            ? value >= 0 && (bits == 64 || value >>> bits == 0)
            : bits == 64 || value == value << (64 - bits) >> (64 - bits);
    if (!fits) {
      throw wrong(parser, "within the range of " + datatype);
    }
    return value;
  }

  private InvalidRequestException wrong(JsonParser parser, String expected) throws IOException {
    return TensorHead.wrong(count, name, Json.shown(parser), expected);
  }
}
