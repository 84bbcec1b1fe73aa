package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.util.ByteBufferBackedInputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How bodies are read: strict JSON in UTF-8, nothing deep, nothing endless. */
final class Json {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_NUMBER_LENGTH = 400;
  private static final int MAX_NAME_LENGTH = 1_000;
  private static final int SHOWN = 60;
  private static final Pattern ADVICE =
      Pattern.compile(
          " \\((start marker|for \\w+ starting) at .*|: maybe a .*|\\s*[(:,][^(:,`]*`.*",
          Pattern.DOTALL);

  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CHARSET_DETECTION) // UTF-8 it is
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER_LENGTH)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .maxStringLength(Integer.MAX_VALUE) // no longer than the body, which is bounded
                  .build())
          .build();

  private Json() {}

  /** Reads something from a whole body. */
  interface Reading<T> {
    T read(JsonParser parser) throws IOException;
  }

  /**
   * Reads a body that is one JSON object.
   *
   * @throws InvalidRequestException if it is none, or goes on after it
   */
  static <T> T read(ByteBuffer body, Reading<T> reading) {
    return read(body, false, reading);
  }

  /**
   * Reads a body that is one JSON object or, where it may be, one array.
   *
   * @param reading begins at the object's or array's start
   * @throws InvalidRequestException if it is neither, or goes on after it
   */
  static <T> T read(ByteBuffer body, boolean orArray, Reading<T> reading) {
    String wanted = orArray ? "a JSON object or array" : "a JSON object";
    try (JsonParser parser = FACTORY.createParser(stream(body))) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new InvalidRequestException("the body is empty but must be " + wanted);
      }
      if (first != JsonToken.START_OBJECT && !(orArray && first == JsonToken.START_ARRAY)) {
        throw new InvalidRequestException("the body is " + kind(first) + " but must be " + wanted);
      }
      T result = reading.read(parser);
      if (parser.nextToken() != null) {
        throw new InvalidRequestException(
            "the body goes on after its JSON "
                + (first == JsonToken.START_OBJECT ? "object" : "array"));
      }
      return result;
    } catch (IOException e) {
      throw broken(e);
    }
  }

  static ByteBufferBackedInputStream stream(ByteBuffer body) {
    return new ByteBufferBackedInputStream(body.duplicate());
  }

  static InvalidRequestException broken(IOException error) {
    if (error instanceof CharConversionException) {
      return new InvalidRequestException("the body is not UTF-8");
    }
    String what = "cannot be read";
    String where = "";
    if (error instanceof JsonProcessingException processing) {
      what = sentence(String.valueOf(processing.getOriginalMessage()));
      if (processing.getLocation() != null) {
        where =
            " (line %s, column %s)"
                .formatted(
                    processing.getLocation().getLineNr(), processing.getLocation().getColumnNr());
      }
    }
    return new InvalidRequestException("the body is not JSON" + where + ": " + what);
  }

  /** The parser's message, without its advice on how to make it less strict. */
  private static String sentence(String message) {
    if (message.startsWith("Invalid UTF-8")) {
      return "it holds bytes that are not UTF-8";
    }
    if (message.startsWith("Document nesting depth")) {
      return "it is nested more than " + MAX_DEPTH + " deep";
    }
    if (message.startsWith("Number value length")) {
      return "a number is longer than " + MAX_NUMBER_LENGTH + " characters";
    }
    if (message.startsWith("Name length")) {
      return "a name is longer than " + MAX_NAME_LENGTH + " characters";
    }
    String plain = ADVICE.matcher(message).replaceAll("");
    return plain.length() > 3 * SHOWN ? plain.substring(0, 3 * SHOWN) + "…" : plain;
  }

  /** What a token is, in words. */
  static String kind(@Nullable JsonToken token) {
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> token.asString();
      default -> String.valueOf(token.asString()).toLowerCase(Locale.ROOT);
    };
  }

  /** The text of the present value, shortened. */
  static String shown(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_ARRAY || token == JsonToken.START_OBJECT) {
      return kind(token);
    }
    String text = parser.getText();
    String part = text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
    return token == JsonToken.VALUE_STRING ? '"' + part + '"' : part;
  }

  static String string(JsonParser parser, String what) throws IOException {
    return string(parser, what, "");
  }

  /**
   * A string.
   *
   * @param what and {@code of}: put together for an error only
   */
  static String string(JsonParser parser, String what, Object of) throws IOException {
    if (parser.nextToken() != JsonToken.VALUE_STRING) {
      throw new InvalidRequestException(
          "%s%s is %s but must be a string".formatted(what, of, shown(parser)));
    }
    return parser.getText();
  }

  /** A whole number, null for another value. */
  static @Nullable Long whole(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
        || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      return null;
    }
    return parser.getLongValue();
  }

  static void requireArray(JsonParser parser, String what) throws IOException {
    requireArray(parser, what, "");
  }

  static void requireArray(JsonParser parser, String what, Object of) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw new InvalidRequestException(
          "%s%s is %s but must be an array".formatted(what, of, shown(parser)));
    }
  }

  static void requireObject(JsonParser parser, String what, Object of) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw new InvalidRequestException(
          "%s%s is %s but must be an object".formatted(what, of, shown(parser)));
    }
  }
}
