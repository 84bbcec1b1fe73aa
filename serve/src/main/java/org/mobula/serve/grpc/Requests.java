package org.mobula.serve.grpc;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.grpc.proto.InferParameter;
import org.mobula.serve.grpc.proto.InferTensorContents;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferRequest.InferInputTensor;
import org.mobula.serve.grpc.proto.ModelInferRequest.InferRequestedOutputTensor;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.protocol.RawElements;
import org.mobula.serve.protocol.TensorHead;

/** Reads inference requests. */
final class Requests {
  private static final String RAW = "raw_input_contents";

  private Requests() {}

  /**
   * Reads a request.
   *
   * @return one whose outputs are answered as raw bytes if its inputs came so
   * @throws InvalidRequestException saying what is wrong with it and what was expected
   */
  static InferRequest read(ModelInferRequest message) {
    boolean raw = message.getRawInputContentsCount() > 0;
    if (raw && message.getRawInputContentsCount() != message.getInputsCount()) {
      throw new InvalidRequestException(
          "there are %s inputs but %s %s; give one for each input, or none"
              .formatted(message.getInputsCount(), message.getRawInputContentsCount(), RAW));
    }
    List<Tensor> inputs = new ArrayList<>(message.getInputsCount());
    for (int i = 0; i < message.getInputsCount(); i++) {
      inputs.add(input(message.getInputs(i), i, raw ? message.getRawInputContents(i) : null));
    }
    List<InferRequest.Output> outputs = new ArrayList<>(message.getOutputsCount());
    for (InferRequestedOutputTensor output : message.getOutputsList()) {
      if (output.getName().isEmpty()) {
        throw new InvalidRequestException("output " + outputs.size() + " has no name");
      }
      // Whether it is binary is the request's matter here: outputs are raw if its inputs are.
      outputs.add(InferRequest.Output.of(output.getName(), parameters(output.getParametersMap())));
    }
    Map<String, Object> parameters = parameters(message.getParametersMap());
    return new InferRequest(message.getId(), parameters, inputs, outputs, raw);
  }

  private static Map<String, Object> parameters(Map<String, InferParameter> given) {
    Map<String, Object> parameters = new HashMap<>();
    given.forEach((name, value) -> parameters.put(name, value(name, value)));
    return parameters;
  }

  /** A string, boolean, long or double. */
  private static Object value(String name, InferParameter parameter) {
    return switch (parameter.getParameterChoiceCase()) {
      case BOOL_PARAM -> parameter.getBoolParam();
      case INT64_PARAM -> parameter.getInt64Param();
      case STRING_PARAM -> parameter.getStringParam();
      case DOUBLE_PARAM -> parameter.getDoubleParam();
      case UINT64_PARAM -> {
        long value = parameter.getUint64Param();
        // Beyond a long it can be a name of something, such as a sequence, but no number.
        yield value < 0 ? (Object) Long.toUnsignedString(value) : (Object) value;
      }
      case PARAMETERCHOICE_NOT_SET ->
          throw new InvalidRequestException(
              "parameter '%s' of the request has no value but must be a string, a number, true or"
                      .formatted(name)
                  + " false");
    };
  }

  private static Tensor input(InferInputTensor input, int index, @Nullable ByteString raw) {
    String name = input.getName();
    if (name.isEmpty()) {
      throw new InvalidRequestException("input '#" + index + "' has no name");
    }
    int[] shape = new int[Math.min(TensorHead.MAX_RANK + 1, input.getShapeCount())];
    for (int i = 0; i < shape.length; i++) {
      long dimension = input.getShape(i);
      shape[i] = TensorHead.dimension(i, name, dimension, dimension);
    }
    TensorHead head = new TensorHead(name, TensorHead.datatype(input.getDatatype(), name), shape);
    InferTensorContents contents = input.getContents();
    if (raw == null) {
      return new Tensor(name, head.datatype(), new Typed(head, contents).read(), shape);
    }
    if (Typed.count(contents) > 0) {
      throw new InvalidRequestException(
          "input '%s' has contents and %s; give one of them".formatted(name, RAW));
    }
    return RawElements.read(head, RAW, raw.asReadOnlyByteBuffer());
  }

  /** Elements in the field of their datatype. */
  private static final class Typed {
    private final TensorHead head;
    private final InferTensorContents contents;

    Typed(TensorHead head, InferTensorContents contents) {
      this.head = head;
      this.contents = contents;
    }

    /** Elements in all fields together. */
    static int count(InferTensorContents contents) {
      return contents.getBoolContentsCount()
          + contents.getIntContentsCount()
          + contents.getInt64ContentsCount()
          + contents.getUintContentsCount()
          + contents.getUint64ContentsCount()
          + contents.getFp32ContentsCount()
          + contents.getFp64ContentsCount()
          + contents.getBytesContentsCount();
    }

    Object read() {
      return switch (head.datatype()) {
        case BOOL -> booleans(length("bool_contents", contents.getBoolContentsCount()));
        case INT8, INT16, INT32 -> ints(length("int_contents", contents.getIntContentsCount()));
        case UINT8, UINT16, UINT32 ->
            ints(length("uint_contents", contents.getUintContentsCount()));
        case INT64 -> longs(length("int64_contents", contents.getInt64ContentsCount()));
        case UINT64 -> longs(length("uint64_contents", contents.getUint64ContentsCount()));
        case FP32 -> floats(length("fp32_contents", contents.getFp32ContentsCount()));
        case FP64 -> doubles(length("fp64_contents", contents.getFp64ContentsCount()));
        case BYTES -> strings(length("bytes_contents", contents.getBytesContentsCount()));
        case FP16, BF16 ->
            throw new InvalidRequestException(
                "'%s' is of datatype %s, which has no typed form; send it in %s"
                    .formatted(head.name(), head.datatype(), RAW));
      };
    }

    private int length(String field, int count) {
      int all = count(contents);
      if (all != count) {
        throw new InvalidRequestException(
            "the elements of '%s' of datatype %s must be in %s and nowhere else"
                .formatted(head.name(), head.datatype(), field));
      }
      if (all == 0 && head.elements() != 0) {
        throw head.withoutData();
      }
      head.checkCount(count);
      return count;
    }

    private byte[] booleans(int length) {
      byte[] values = new byte[length];
      for (int i = 0; i < length; i++) {
        values[i] = (byte) (contents.getBoolContents(i) ? 1 : 0);
      }
      return values;
    }

    /** Of 8, 16 or 32 bits. */
    private Object ints(int length) {
      Object values = head.datatype().array(length);
      for (int i = 0; i < length; i++) {
        int value =
            head.datatype().isUnsigned() ? contents.getUintContents(i) : contents.getIntContents(i);
        if (values instanceof byte[] bytes) {
          bytes[i] = (byte) narrow(i, value, 8);
        } else if (values instanceof short[] shorts) {
          shorts[i] = (short) narrow(i, value, 16);
        } else {
          ((int[]) values)[i] = value;
        }
      }
      return values;
    }

    private int narrow(int index, int value, int bits) {
      boolean unsigned = head.datatype().isUnsigned();
      if (unsigned ? value >>> bits != 0 : value != value << (32 - bits) >> (32 - bits)) {
        throw head.outOfRange(
            index, unsigned ? Integer.toUnsignedString(value) : Integer.toString(value));
      }
      return value;
    }

    private long[] longs(int length) {
      boolean unsigned = head.datatype() == Datatype.UINT64;
      long[] values = new long[length];
      for (int i = 0; i < length; i++) {
        values[i] = unsigned ? contents.getUint64Contents(i) : contents.getInt64Contents(i);
      }
      return values;
    }

    private float[] floats(int length) {
      float[] values = new float[length];
      for (int i = 0; i < length; i++) {
        values[i] = contents.getFp32Contents(i);
      }
      return values;
    }

    private double[] doubles(int length) {
      double[] values = new double[length];
      for (int i = 0; i < length; i++) {
        values[i] = contents.getFp64Contents(i);
      }
      return values;
    }

    private byte[][] strings(int length) {
      byte[][] values = new byte[length][];
      for (int i = 0; i < length; i++) {
        values[i] = contents.getBytesContents(i).toByteArray();
      }
      return values;
    }
  }
}
