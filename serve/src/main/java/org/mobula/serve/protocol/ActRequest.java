package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.NearestName;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.model.Sequence;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;

/**
 * A request for actions in few words: {@code {"observation": [0.1, 0.2], "deterministic": false}}.
 *
 * @param observations {@code [rows][size]}
 * @param rows how many observations
 * @param masks {@code [rows][choices]}, 1 where the choice is allowed; null for a policy that was
 *     trained without action masks
 * @param single whether there was one, as such and not in an array of them
 * @param parameters for the policy
 * @param sequence where it stands in its session, whose requests are answered by the same version,
 *     one after the other if the model keeps a state; null if it has none
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record ActRequest(
    float[] observations,
    byte @Nullable [] masks,
    int rows,
    boolean single,
    Map<String, Object> parameters,
    @Nullable Sequence sequence) {
  private static final List<String> FIELDS =
      List.of("observation", "observations", "mask", "masks", "deterministic", "seed", "session");
  private static final List<String> SESSION_FIELDS = List.of("id", "start", "end");
  private static final OtherFields NO_OTHERS =
      new OtherFields() {
        @Override
        public List<String> names() {
          return List.of();
        }

        @Override
        public boolean read(String field, JsonParser parser) {
          return false;
        }
      };

  /** The name of its session; null if it has none. */
  public @Nullable String session() {
    return sequence == null ? null : sequence.id();
  }

  /**
   * Reads a request.
   *
   * @param size numbers in an observation
   * @param choices flags in an action mask; 0 for a policy that was trained without
   * @throws InvalidRequestException saying what is wrong with it and what was expected
   */
  public static ActRequest read(ByteBuffer body, int size, int choices) {
    return Json.read(body, parser -> read(parser, size, choices, NO_OTHERS));
  }

  /** Fields that a request may have beside those of its own. */
  interface OtherFields {
    /** What they are called, for an error. */
    List<String> names();

    /** Reads the value of such a field; false if it is none of them. */
    boolean read(String field, JsonParser parser) throws IOException;
  }

  static ActRequest read(JsonParser parser, int size, int choices, OtherFields others)
      throws IOException {
    float[] observations = null;
    byte[] masks = null;
    String maskField = "";
    boolean single = true;
    Map<String, Object> parameters = Map.of();
    Sequence sequence = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      if (field.equals("observation") || field.equals("observations")) {
        if (observations != null) {
          throw new InvalidRequestException("observations are given twice");
        }
        single = field.equals("observation");
        parser.nextToken();
        observations = Elements.readFloats(parser, field, size);
      } else if (field.equals("mask") || field.equals("masks")) {
        if (masks != null) {
          throw new InvalidRequestException("masks are given twice");
        }
        maskField = field;
        parser.nextToken();
        masks = Elements.readBooleans(parser, field, choices);
      } else if (field.equals("deterministic") || field.equals("seed")) {
        parameters = parameters.isEmpty() ? new HashMap<>(4) : parameters;
        parameters.put(field, parameter(parser, field));
      } else if (field.equals("session")) {
        sequence = sequence(parser);
      } else if (!others.read(field, parser)) {
        throw unknown("", field, Stream.concat(FIELDS.stream(), others.names().stream()).toList());
      }
    }
    if (observations == null) {
      throw new InvalidRequestException("observation is missing");
    }
    int length = observations.length;
    if (single ? length != size : length == 0 || length % size != 0) {
      throw new InvalidRequestException(
          single
              ? "observation has %s numbers but must have %s".formatted(length, size)
              : "observations have %s numbers but must have %s each".formatted(length, size));
    }
    int rows = length / size;
    checkMasks(maskField, masks == null ? -1 : masks.length, single, rows, choices);
    return new ActRequest(observations, masks, rows, single, parameters, sequence);
  }

  private static void checkMasks(String field, int flags, boolean single, int rows, int choices) {
    String expected = single ? "mask" : "masks";
    if (flags < 0) {
      if (choices > 0) {
        throw new InvalidRequestException(
            "%s %s missing: the policy was trained with action masks; give %s flags%s, true where the choice is allowed"
                .formatted(
                    expected,
                    single ? "is" : "are",
                    choices,
                    single ? "" : " for each observation"));
      }
    } else if (choices == 0) {
      throw new InvalidRequestException(
          "%s is given but the policy was trained without action masks; leave it out"
              .formatted(field));
    } else if (!field.equals(expected)) {
      throw new InvalidRequestException(
          "%s is given but beside %s it must be %s"
              .formatted(field, single ? "observation" : "observations", expected));
    } else if (flags != rows * choices) {
      throw new InvalidRequestException(
          single
              ? "mask has %s flags but must have %s".formatted(flags, choices)
              : "masks have %s flags but must have %s for each of %s observations"
                  .formatted(flags, choices, rows));
    }
  }

  /**
   * The inputs of a policy for some of the observations.
   *
   * @param signature the policy's
   * @param from the first observation
   * @param count how many
   */
  public List<Tensor> inputs(Signature signature, int from, int count) {
    TensorSpec observation = signature.inputs().get(0);
    Tensor observed = observation.tensor(part(observations, from, count), count);
    byte[] flags = masks;
    if (flags == null) {
      return List.of(observed);
    }
    int choices = flags.length / rows;
    byte[] some = Arrays.copyOfRange(flags, from * choices, (from + count) * choices);
    return List.of(observed, new Tensor(PolicyModel.MASK, Datatype.BOOL, some, count, choices));
  }

  private float[] part(float[] all, int from, int count) {
    int size = all.length / rows;
    return count == rows ? all : Arrays.copyOfRange(all, from * size, (from + count) * size);
  }

  private static InvalidRequestException unknown(String within, String field, List<String> known) {
    return new InvalidRequestException(
        "there is no field '%s%s'; %s"
            .formatted(
                within,
                field.length() > 60 ? field.substring(0, 60) + "…" : field,
                NearestName.of(field, known)
                    .map(near -> "did you mean '" + within + near + "'?")
                    .orElse("there are " + String.join(", ", known))));
  }

  /** A session's name, or an object that also says whether it starts or ends. */
  private static Sequence sequence(JsonParser parser) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.VALUE_STRING) {
      return new Sequence(parser.getText(), null, false);
    }
    if (token != JsonToken.START_OBJECT) {
      throw new InvalidRequestException(
          "session is %s but must be its name, or an object with %s"
              .formatted(Json.shown(parser), String.join(", ", SESSION_FIELDS)));
    }
    String id = null;
    Boolean start = null;
    boolean end = false;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      switch (parser.currentName()) {
        case "id" -> id = Json.string(parser, "session.id");
        case "start" -> start = flag(parser, "session.start");
        case "end" -> end = flag(parser, "session.end");
        default -> throw unknown("session.", parser.currentName(), SESSION_FIELDS);
      }
    }
    if (id == null) {
      throw new InvalidRequestException("session.id is missing");
    }
    return new Sequence(id, start, end);
  }

  static boolean flag(JsonParser parser, String what) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
      return token == JsonToken.VALUE_TRUE;
    }
    throw new InvalidRequestException(
        "%s is %s but must be true or false".formatted(what, Json.shown(parser)));
  }

  private static Object parameter(JsonParser parser, String field) throws IOException {
    if (field.equals("deterministic")) {
      return flag(parser, field);
    }
    parser.nextToken();
    Long whole = Json.whole(parser);
    if (whole == null) {
      throw new InvalidRequestException(
          "seed is %s but must be a whole number of 64 bits".formatted(Json.shown(parser)));
    }
    return whole;
  }
}
