package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Tensor;

/** Answers a request for actions: {@code {"action": 1, "log_probability": -0.2, …}}. */
public final class ActResponse {
  private ActResponse() {}

  /**
   * Writes an answer.
   *
   * @param outputs of a policy
   * @param single whether there was one observation: then each output is without its rows
   * @param id by which rewards may name the answer; null if it has none
   * @throws InvalidRequestException if a number is not finite
   */
  public static ByteBuffer write(
      List<Tensor> outputs, boolean single, String version, @Nullable String id) {
    return write(outputs, single, version, id, null);
  }

  private static ByteBuffer write(
      List<Tensor> outputs,
      boolean single,
      String version,
      @Nullable String id,
      @Nullable Integer row) {
    return Body.of(
        json -> {
          json.writeStartObject();
          for (Tensor output : outputs) {
            boolean action = output.name().equals("action");
            json.writeFieldName(action && !single ? "actions" : output.name());
            Values values = new Values(output);
            if (single) {
              values.write(json, 1);
            } else {
              values.write(json, 0);
            }
          }
          json.writeStringField("version", version);
          if (id != null) {
            json.writeStringField("id", id);
            if (row != null) {
              json.writeNumberField("row", row);
            }
          }
          json.writeEndObject();
        });
  }

  /**
   * Writes a line for each row, as the answer to one observation each.
   *
   * @param outputs of a policy
   * @param id by which rewards may name the answers, each with its row; null if they have none
   * @throws InvalidRequestException if a number is not finite
   */
  public static ByteBuffer lines(List<Tensor> outputs, String version, @Nullable String id) {
    int rows = outputs.get(0).rows();
    List<ByteBuffer> lines = new ArrayList<>(rows);
    int length = 0;
    for (int row = 0; row < rows; row++) {
      int at = row;
      ByteBuffer line =
          write(outputs.stream().map(o -> o.rows(at, 1)).toList(), true, version, id, at);
      length += line.remaining() + 1;
      lines.add(line);
    }
    ByteBuffer all = ByteBuffer.allocate(length);
    lines.forEach(line -> all.put(line).put((byte) '\n'));
    return all.flip();
  }

  /** Writes a tensor as nested arrays. */
  private static final class Values {
    private final Tensor tensor;
    private int next;

    Values(Tensor tensor) {
      this.tensor = tensor;
    }

    void write(JsonGenerator json, int dimension) throws IOException {
      if (dimension == tensor.shape().length) {
        writeElement(json);
        return;
      }
      json.writeStartArray();
      for (int i = 0; i < tensor.shape()[dimension]; i++) {
        write(json, dimension + 1);
      }
      json.writeEndArray();
    }

    private void writeElement(JsonGenerator json) throws IOException {
      if (tensor.data() instanceof long[] whole) {
        json.writeNumber(whole[next++]);
        return;
      }
      float value = tensor.floats()[next++];
      if (!Float.isFinite(value)) {
        throw new InvalidRequestException(
            "the policy's %s is %s: the observation is too far from what it was trained on"
                .formatted(tensor.name(), value));
      }
      json.writeNumber(value);
    }
  }
}
