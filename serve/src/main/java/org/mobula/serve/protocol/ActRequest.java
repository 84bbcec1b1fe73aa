package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.NearestName;
import org.mobula.serve.model.Sequence;

/**
 * A request for actions in few words: {@code {"observation": [0.1, 0.2], "deterministic": false}}.
 *
 * @param observations {@code [rows][size]}
 * @param rows how many observations
 * @param single whether there was one, as such and not in an array of them
 * @param parameters for the policy
 * @param session whose requests are answered by the same version, one after the other if the model
 *     keeps a state; it begins with the first of them; null if none
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record ActRequest(
    float[] observations,
    int rows,
    boolean single,
    Map<String, Object> parameters,
    @Nullable String session) {
  private static final List<String> FIELDS =
      List.of("observation", "observations", "deterministic", "seed", "session");

  /** The session as a sequence; null if there is none. */
  public @Nullable Sequence sequence() {
    return session == null ? null : new Sequence(session, null, false);
  }

  /**
   * Reads a request.
   *
   * @param size numbers in an observation
   * @throws InvalidRequestException saying what is wrong with it and what was expected
   */
  public static ActRequest read(ByteBuffer body, int size) {
    return Json.read(body, parser -> read(parser, size));
  }

  private static ActRequest read(JsonParser parser, int size) throws IOException {
    float[] observations = null;
    boolean single = true;
    Map<String, Object> parameters = Map.of();
    String session = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      if (field.equals("observation") || field.equals("observations")) {
        if (observations != null) {
          throw new InvalidRequestException("observations are given twice");
        }
        single = field.equals("observation");
        parser.nextToken();
        observations = Elements.readFloats(parser, field, size);
      } else if (field.equals("deterministic") || field.equals("seed")) {
        parameters = parameters.isEmpty() ? new HashMap<>() : parameters;
        parameters.put(field, parameter(parser, field));
      } else if (field.equals("session")) {
        session = Json.string(parser, field);
      } else {
        throw new InvalidRequestException(
            "there is no field '%s'; %s"
                .formatted(
                    field.length() > 60 ? field.substring(0, 60) + "…" : field,
                    NearestName.of(field, FIELDS)
                        .map(near -> "did you mean '" + near + "'?")
                        .orElse("there are " + String.join(", ", FIELDS))));
      }
    }
    if (observations == null) {
      throw new InvalidRequestException("observation is missing");
    }
    int length = observations.length;
    if (single ? length != size : length == 0 || length % size != 0) {
      throw new InvalidRequestException(
          single
              ? "observation has %d numbers but must have %d".formatted(length, size)
              : "observations have %d numbers but must have %d each".formatted(length, size));
    }
    return new ActRequest(observations, length / size, single, parameters, session);
  }

  private static Object parameter(JsonParser parser, String field) throws IOException {
    JsonToken token = parser.nextToken();
    if (field.equals("deterministic")) {
      if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
        return token == JsonToken.VALUE_TRUE;
      }
      throw new InvalidRequestException(
          "deterministic is %s but must be true or false".formatted(Json.shown(parser)));
    }
    Long whole = Json.whole(parser);
    if (whole == null) {
      throw new InvalidRequestException(
          "seed is %s but must be a whole number of 64 bits".formatted(Json.shown(parser)));
    }
    return whole;
  }
}
