package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.TensorSpec;
import org.mobula.serve.record.Reward;

/** The small JSON documents of the Open Inference Protocol v2: health, metadata, index, errors. */
public final class Documents {
  private Documents() {}

  /**
   * A version in the repository.
   *
   * @param state {@code READY} or {@code UNAVAILABLE}
   * @param reason why it is not ready; empty if it is
   */
  public record IndexEntry(String name, String version, String state, String reason) {}

  /**
   * A server.
   *
   * @param extensions of the protocol that it knows
   */
  public record ServerMetadata(String name, String version, List<String> extensions) {}

  /**
   * A model.
   *
   * @param versions that take requests, the default one first
   * @param platform what computes it
   */
  public record ModelMetadata(
      String name, List<String> versions, String platform, Signature signature) {}

  /** Something went wrong. */
  public static ByteBuffer error(String sentence) {
    return object(json -> json.writeStringField("error", sentence));
  }

  /** {@code {"live": true}} and the like. */
  public static ByteBuffer flag(String name, boolean value) {
    return object(json -> json.writeBooleanField(name, value));
  }

  /** What a server is. */
  public static ByteBuffer server(ServerMetadata server) {
    return object(
        json -> {
          json.writeStringField("name", server.name());
          json.writeStringField("version", server.version());
          strings(json, "extensions", server.extensions());
        });
  }

  /** What a model is. */
  public static ByteBuffer model(ModelMetadata model) {
    return object(
        json -> {
          json.writeStringField("name", model.name());
          strings(json, "versions", model.versions());
          json.writeStringField("platform", model.platform());
          specs(json, "inputs", model.signature().inputs());
          specs(json, "outputs", model.signature().outputs());
        });
  }

  /** Whether a model is ready. */
  public static ByteBuffer modelReady(String name, boolean ready) {
    return object(
        json -> {
          json.writeStringField("name", name);
          json.writeBooleanField("ready", ready);
        });
  }

  /**
   * Whether a request for the index asks for what is ready only: {@code {"ready": true}}; an empty
   * body asks for all.
   *
   * @throws InvalidRequestException if the body is something else
   */
  public static boolean readIndexRequest(ByteBuffer body) {
    if (!body.hasRemaining()) {
      return false;
    }
    return Json.read(
        body,
        parser -> {
          boolean ready = false;
          while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("ready")
                && value != JsonToken.VALUE_TRUE
                && value != JsonToken.VALUE_FALSE) {
              throw new InvalidRequestException(
                  "ready is " + Json.shown(parser) + " but must be true or false");
            }
            parser.skipChildren();
            ready |= field.equals("ready") && value == JsonToken.VALUE_TRUE;
          }
          return ready;
        });
  }

  /**
   * Checks that a request to load a model brings no settings: an empty body, {@code {}} or empty
   * parameters.
   *
   * @throws InvalidRequestException if it does, or is no JSON
   */
  public static void checkLoadRequest(ByteBuffer body) {
    if (!body.hasRemaining()) {
      return;
    }
    Json.read(
        body,
        parser -> {
          while (parser.nextToken() == JsonToken.FIELD_NAME) {
            parser.nextToken();
            Json.requireObject(parser, "", parser.currentName());
            if (parser.nextToken() != JsonToken.END_OBJECT) {
              throw settingAtLoad(parser.currentName());
            }
          }
          return true;
        });
  }

  /** The complaint about a setting in a request to load a model. */
  public static InvalidRequestException settingAtLoad(String name) {
    return new InvalidRequestException(
        "a model is loaded as the server's configuration says; leave out '" + name + "'");
  }

  /** What is in the repository. */
  public static ByteBuffer index(List<IndexEntry> entries) {
    return Body.of(
        json -> {
          json.writeStartArray();
          for (IndexEntry entry : entries) {
            json.writeStartObject();
            json.writeStringField("name", entry.name());
            json.writeStringField("version", entry.version());
            json.writeStringField("state", entry.state());
            json.writeStringField("reason", entry.reason());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /** How many rewards were taken, and which name no answer that is known. */
  public static ByteBuffer feedback(int matched, List<Reward> unmatched) {
    return object(
        json -> {
          json.writeNumberField("matched", matched);
          json.writeArrayFieldStart("unmatched");
          for (Reward reward : unmatched) {
            json.writeStartObject();
            json.writeStringField("id", reward.id());
            json.writeNumberField("row", reward.row());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  /** What an episode came to that is over. */
  public static ByteBuffer episode(double episodeReturn, int length) {
    return object(
        json -> {
          json.writeNumberField("episode_return", episodeReturn);
          json.writeNumberField("episode_length", length);
        });
  }

  private static ByteBuffer object(Body.Writing fields) {
    return Body.of(
        json -> {
          json.writeStartObject();
          fields.write(json);
          json.writeEndObject();
        });
  }

  private static void strings(JsonGenerator json, String name, List<String> values)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (String value : values) {
      json.writeString(value);
    }
    json.writeEndArray();
  }

  private static void specs(JsonGenerator json, String name, List<TensorSpec> specs)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (TensorSpec spec : specs) {
      json.writeStartObject();
      json.writeStringField("name", spec.name());
      json.writeStringField("datatype", spec.datatype().name());
      json.writeArrayFieldStart("shape");
      for (int dimension : spec.shape()) {
        json.writeNumber(dimension);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
