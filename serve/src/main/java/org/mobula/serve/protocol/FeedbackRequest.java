package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.NearestName;
import org.mobula.serve.record.Reward;

/**
 * Rewards for answers: {@code {"id": "…", "reward": 1.0, "terminated": false}}, or an array of
 * such.
 */
public final class FeedbackRequest {
  private static final int MOST = 100_000;
  private static final int MAX_ID_LENGTH = 100;
  private static final List<String> FIELDS =
      List.of("id", "row", "reward", "terminated", "truncated");

  private FeedbackRequest() {}

  /**
   * Reads a request.
   *
   * @throws InvalidRequestException saying what is wrong with it and what was expected
   */
  public static List<Reward> read(ByteBuffer body) {
    return Json.read(
        body,
        true,
        parser -> {
          List<Reward> rewards = new ArrayList<>();
          if (parser.currentToken() == JsonToken.START_OBJECT) {
            rewards.add(reward(parser));
            return rewards;
          }
          while (parser.nextToken() != JsonToken.END_ARRAY) {
            Json.requireObject(parser, "element ", rewards.size());
            if (rewards.size() == MOST) {
              throw new InvalidRequestException(
                  "there are more than " + MOST + " rewards; send several requests");
            }
            rewards.add(reward(parser));
          }
          return rewards;
        });
  }

  private static Reward reward(JsonParser parser) throws IOException {
    String id = null;
    long row = 0;
    Double reward = null;
    boolean terminated = false;
    boolean truncated = false;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      switch (field) {
        case "id" -> id = id(parser);
        case "row" -> row = row(parser);
        case "reward" -> reward = number(parser);
        case "terminated" -> terminated = flag(parser, field);
        case "truncated" -> truncated = flag(parser, field);
        default -> throw new InvalidRequestException(unknown(field));
      }
    }
    if (id == null || reward == null) {
      throw new InvalidRequestException((id == null ? "id" : "reward") + " is missing");
    }
    return new Reward(id, (int) row, reward, terminated, truncated);
  }

  private static String unknown(String field) {
    return "there is no field '%s'; %s"
        .formatted(
            field.length() > 60 ? field.substring(0, 60) + "…" : field,
            NearestName.of(field, FIELDS)
                .map(near -> "did you mean '" + near + "'?")
                .orElse("there are " + String.join(", ", FIELDS)));
  }

  private static String id(JsonParser parser) throws IOException {
    String id = Json.string(parser, "id");
    if (id.length() > MAX_ID_LENGTH) {
      throw new InvalidRequestException(
          "id is %s but must be one that an answer had".formatted(Json.shown(parser)));
    }
    return id;
  }

  private static long row(JsonParser parser) throws IOException {
    parser.nextToken();
    @Nullable Long row = Json.whole(parser);
    if (row == null || row < 0 || row > Integer.MAX_VALUE) {
      throw new InvalidRequestException(
          "row is %s but must be a row of the answer, from 0".formatted(Json.shown(parser)));
    }
    return row;
  }

  static double number(JsonParser parser) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT) {
      double number = parser.getDoubleValue();
      if (Double.isFinite(number)) {
        return number;
      }
    }
    throw new InvalidRequestException(
        "reward is %s but must be a finite number".formatted(Json.shown(parser)));
  }

  private static boolean flag(JsonParser parser, String field) throws IOException {
    JsonToken token = parser.nextToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
      throw new InvalidRequestException(
          "%s is %s but must be true or false".formatted(field, Json.shown(parser)));
    }
    return token == JsonToken.VALUE_TRUE;
  }
}
