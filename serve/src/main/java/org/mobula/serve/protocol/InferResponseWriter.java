package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;

/** Writes answers of the Open Inference Protocol v2 (REST), with its binary tensor extension. */
public final class InferResponseWriter {
  private InferResponseWriter() {}

  /**
   * An answer's body.
   *
   * @param parts that follow one another: JSON, then raw tensors
   * @param jsonLength bytes of the JSON if raw tensors follow, for the header {@code
   *     Inference-Header-Content-Length}; −1 if none do
   */
  public record Encoded(List<ByteBuffer> parts, int jsonLength) {}

  /**
   * Writes an answer.
   *
   * @param request whose id is repeated, and which says what outputs are wanted in what form
   * @param outputs all that the model gave
   * @param recordId by which rewards may name the answer, told as the parameter {@code record_id};
   *     null if it has none
   * @throws InvalidRequestException if an output has no JSON form and is not asked for as raw bytes
   */
  public static Encoded write(
      String modelName,
      String modelVersion,
      InferRequest request,
      List<Tensor> outputs,
      @Nullable String recordId) {
    List<Tensor> tensors = request.wanted(outputs);
    List<Boolean> binary = new ArrayList<>(tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      Boolean own = request.outputs().isEmpty() ? null : request.outputs().get(i).binary();
      binary.add(own == null ? request.binaryOutput() : own);
    }
    List<ByteBuffer> parts = new ArrayList<>(1 + tensors.size());
    for (int i = 0; i < tensors.size(); i++) {
      if (binary.get(i)) {
        parts.add(RawElements.write(tensors.get(i)));
      }
    }
    ByteBuffer json =
        Body.of(
            generator ->
                write(
                    generator, modelName, modelVersion, request, recordId, tensors, binary, parts));
    int jsonLength = parts.isEmpty() ? -1 : json.remaining();
    parts.add(0, json);
    return new Encoded(parts, jsonLength);
  }

  private static void write(
      JsonGenerator json,
      String modelName,
      String modelVersion,
      InferRequest request,
      @Nullable String recordId,
      List<Tensor> tensors,
      List<Boolean> binary,
      List<ByteBuffer> raw)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("model_name", modelName);
    json.writeStringField("model_version", modelVersion);
    @Nullable String id = request.id();
    if (id != null) {
      json.writeStringField("id", id);
    }
    if (recordId != null) {
      json.writeObjectFieldStart("parameters");
      json.writeStringField("record_id", recordId);
      json.writeEndObject();
    }
    json.writeArrayFieldStart("outputs");
    int part = 0;
    for (int i = 0; i < tensors.size(); i++) {
      Tensor tensor = tensors.get(i);
      json.writeStartObject();
      json.writeStringField("name", tensor.name());
      json.writeStringField("datatype", tensor.datatype().name());
      json.writeFieldName("shape");
      json.writeArray(tensor.shape(), 0, tensor.shape().length);
      if (binary.get(i)) {
        json.writeObjectFieldStart("parameters");
        json.writeNumberField("binary_data_size", raw.get(part++).remaining());
        json.writeEndObject();
      } else {
        json.writeArrayFieldStart("data");
        writeData(json, tensor);
        json.writeEndArray();
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void writeData(JsonGenerator json, Tensor tensor) throws IOException {
    Object data = tensor.data();
    Datatype datatype = tensor.datatype();
    if (data instanceof float[] values) {
      for (float value : values) {
        requireFinite(Float.isFinite(value), tensor);
        json.writeNumber(value);
      }
    } else if (data instanceof double[] values) {
      for (double value : values) {
        requireFinite(Double.isFinite(value), tensor);
        json.writeNumber(value);
      }
    } else if (data instanceof long[] values) {
      for (long value : values) {
        if (datatype == Datatype.UINT64 && value < 0) {
          json.writeNumber(Long.toUnsignedString(value));
        } else {
          json.writeNumber(value);
        }
      }
    } else if (data instanceof int[] values) {
      for (int value : values) {
        json.writeNumber(datatype == Datatype.UINT32 ? value & 0xffffffffL : value);
      }
    } else if (data instanceof short[] values) {
      requireJsonForm(tensor);
      for (short value : values) {
        json.writeNumber(datatype == Datatype.UINT16 ? value & 0xffff : value);
      }
    } else if (data instanceof byte[] values) {
      for (byte value : values) {
        if (datatype == Datatype.BOOL) {
          json.writeBoolean(value != 0);
        } else {
          json.writeNumber(datatype == Datatype.UINT8 ? value & 0xff : value);
        }
      }
    } else {
      for (byte[] value : (byte[][]) data) {
        json.writeString(new String(value, StandardCharsets.UTF_8));
      }
    }
  }

  private static void requireFinite(boolean finite, Tensor tensor) {
    if (!finite) {
      throw new InvalidRequestException(
          "output '%s' holds a number that is not finite, which JSON cannot say; ask for it with"
                  .formatted(tensor.name())
              + " binary_data, or check the input");
    }
  }

  private static void requireJsonForm(Tensor tensor) {
    if (tensor.datatype() == Datatype.FP16 || tensor.datatype() == Datatype.BF16) {
      throw new InvalidRequestException(
          "output '%s' is of datatype %s, which has no JSON form; ask for it with binary_data"
              .formatted(tensor.name(), tensor.datatype()));
    }
  }
}
