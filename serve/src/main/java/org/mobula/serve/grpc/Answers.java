package org.mobula.serve.grpc;

import com.google.protobuf.UnsafeByteOperations;
import java.util.List;
import org.mobula.serve.grpc.proto.InferParameter;
import org.mobula.serve.grpc.proto.InferTensorContents;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.grpc.proto.ModelInferResponse.InferOutputTensor;
import org.mobula.serve.grpc.proto.ModelMetadataResponse;
import org.mobula.serve.grpc.proto.ModelMetadataResponse.TensorMetadata;
import org.mobula.serve.grpc.proto.RepositoryIndexResponse;
import org.mobula.serve.grpc.proto.RepositoryIndexResponse.ModelIndex;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;
import org.mobula.serve.protocol.Answer;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.RawElements;

/** Writes answers. */
final class Answers {
  private Answers() {}

  /**
   * The wanted outputs: raw if the request was, or if one of them has no other form, else in the
   * fields of their datatypes.
   *
   * @param computed all that the model gave
   */
  static ModelInferResponse outputs(String model, InferRequest request, Answer computed) {
    List<Tensor> wanted = request.wanted(computed.outputs());
    boolean raw = request.binaryOutput() || wanted.stream().anyMatch(Answers::isOnlyRaw);
    ModelInferResponse.Builder answer =
        ModelInferResponse.newBuilder().setModelName(model).setModelVersion(computed.version());
    String id = request.id();
    if (id != null) {
      answer.setId(id);
    }
    String recordId = computed.recordId();
    if (recordId != null) {
      answer.putParameters(
          "record_id", InferParameter.newBuilder().setStringParam(recordId).build());
    }
    for (Tensor tensor : wanted) {
      InferOutputTensor.Builder output =
          InferOutputTensor.newBuilder()
              .setName(tensor.name())
              .setDatatype(tensor.datatype().name());
      for (int dimension : tensor.shape()) {
        output.addShape(dimension);
      }
      if (raw) { // nobody else has the bytes: they need not be copied
        answer.addRawOutputContents(UnsafeByteOperations.unsafeWrap(RawElements.write(tensor)));
      } else {
        output.setContents(contents(tensor));
      }
      answer.addOutputs(output);
    }
    return answer.build();
  }

  private static boolean isOnlyRaw(Tensor tensor) {
    return tensor.datatype() == Datatype.FP16 || tensor.datatype() == Datatype.BF16;
  }

  private static InferTensorContents contents(Tensor tensor) {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    Datatype datatype = tensor.datatype();
    if (tensor.data() instanceof float[] values) {
      for (float value : values) {
        contents.addFp32Contents(value);
      }
    } else if (tensor.data() instanceof double[] values) {
      for (double value : values) {
        contents.addFp64Contents(value);
      }
    } else if (tensor.data() instanceof long[] values) {
      for (long value : values) {
        if (datatype == Datatype.UINT64) {
          contents.addUint64Contents(value);
        } else {
          contents.addInt64Contents(value);
        }
      }
    } else if (tensor.data() instanceof int[] values) {
      for (int value : values) {
        addInt(contents, datatype, value);
      }
    } else if (tensor.data() instanceof short[] values) {
      for (short value : values) {
        addInt(contents, datatype, datatype.isUnsigned() ? value & 0xffff : value);
      }
    } else if (tensor.data() instanceof byte[] values) {
      for (byte value : values) {
        if (datatype == Datatype.BOOL) {
          contents.addBoolContents(value != 0);
        } else {
          addInt(contents, datatype, datatype.isUnsigned() ? value & 0xff : value);
        }
      }
    } else {
      for (byte[] value : (byte[][]) tensor.data()) {
        contents.addBytesContents(UnsafeByteOperations.unsafeWrap(value));
      }
    }
    return contents.build();
  }

  private static void addInt(InferTensorContents.Builder contents, Datatype datatype, int value) {
    if (datatype.isUnsigned()) {
      contents.addUintContents(value);
    } else {
      contents.addIntContents(value);
    }
  }

  static ModelMetadataResponse metadata(Documents.ModelMetadata model) {
    ModelMetadataResponse.Builder answer =
        ModelMetadataResponse.newBuilder()
            .setName(model.name())
            .addAllVersions(model.versions())
            .setPlatform(model.platform());
    model.signature().inputs().forEach(spec -> answer.addInputs(tensor(spec)));
    model.signature().outputs().forEach(spec -> answer.addOutputs(tensor(spec)));
    return answer.build();
  }

  private static TensorMetadata tensor(TensorSpec spec) {
    TensorMetadata.Builder tensor =
        TensorMetadata.newBuilder().setName(spec.name()).setDatatype(spec.datatype().name());
    spec.shape().forEach(dimension -> tensor.addShape(dimension));
    return tensor.build();
  }

  static RepositoryIndexResponse index(List<Documents.IndexEntry> entries) {
    RepositoryIndexResponse.Builder answer = RepositoryIndexResponse.newBuilder();
    for (Documents.IndexEntry entry : entries) {
      answer.addModels(
          ModelIndex.newBuilder()
              .setName(entry.name())
              .setVersion(entry.version())
              .setState(entry.state())
              .setReason(entry.reason()));
    }
    return answer.build();
  }
}
