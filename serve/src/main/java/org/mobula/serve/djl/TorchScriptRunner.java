package org.mobula.serve.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.mobula.core.network.djl.DjlEngine;
import org.mobula.serve.model.Batch;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.ModelRunner;
import org.mobula.serve.model.Tensor;

/**
 * A module in native memory, where all that a batch needs is freed with it. DJL's own way to call a
 * module is not taken: it frees nothing of the inputs when the module throws.
 */
final class TorchScriptRunner implements ModelRunner {
  private static final Map<Datatype, DataType> TYPES =
      new EnumMap<>(
          Map.of(
              Datatype.BOOL, DataType.BOOLEAN,
              Datatype.UINT8, DataType.UINT8,
              Datatype.INT8, DataType.INT8,
              Datatype.INT32, DataType.INT32,
              Datatype.INT64, DataType.INT64,
              Datatype.FP16, DataType.FLOAT16,
              Datatype.BF16, DataType.BFLOAT16,
              Datatype.FP32, DataType.FLOAT32,
              Datatype.FP64, DataType.FLOAT64));

  private final PtNDManager manager = (PtNDManager) DjlEngine.newScope();
  private final PtSymbolBlock module;
  private final List<String> outputs;

  /**
   * Loads a module.
   *
   * @param outputs names; if empty, the module's own or made-up ones
   */
  TorchScriptRunner(byte[] file, List<String> outputs) {
    this.outputs = outputs;
    try {
      module = JniUtils.loadModule(manager, new ByteArrayInputStream(file), true, false);
      JniUtils.enableInferenceMode(module);
    } catch (IOException e) {
      manager.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  static boolean supports(Datatype datatype) {
    return TYPES.containsKey(datatype);
  }

  /** How many numbers the first matrix among the parameters takes, if there is one. */
  OptionalInt firstLinearWidth() {
    try (PtNDManager scope = (PtNDManager) manager.newSubManager()) {
      for (NDArray parameter : JniUtils.moduleGetParams(module, scope)) {
        Shape shape = parameter.getShape();
        if (shape.dimension() == 2) {
          return OptionalInt.of(Math.toIntExact(shape.get(1)));
        }
      }
      return OptionalInt.empty();
    }
  }

  @Override
  public List<Tensor> compute(Batch batch) {
    // A setting of the thread, which may be anyone's: replicas are the threads that share the work.
    JniUtils.setNumThreads(DjlEngine.threads());
    List<IValue> values = new ArrayList<>();
    try (PtNDManager scope = (PtNDManager) manager.newSubManager()) {
      for (Tensor input : batch.inputs()) {
        values.add(IValue.from(array(input, scope)));
      }
      NDList results = new NDList();
      take(module.forward(values.toArray(new IValue[0])), scope, results);
      return read(results, batch.rows());
    } finally {
      values.forEach(IValue::close);
    }
  }

  /** The tensors of a result, which is closed. */
  private static void take(IValue value, PtNDManager scope, NDList into) {
    try (value) {
      if (value.isTensor()) {
        into.add(value.toTensor(scope));
      } else if (value.isTensorList()) {
        into.addAll(Arrays.asList(value.toTensorArray(scope)));
      } else if (value.isTuple()) {
        for (IValue part : value.toIValueTuple()) {
          take(part, scope, into);
        }
      } else if (value.isMap()) {
        for (Map.Entry<String, IValue> entry : value.toIValueMap().entrySet()) {
          int before = into.size();
          take(entry.getValue(), scope, into);
          into.subList(before, into.size()).forEach(array -> array.setName(entry.getKey()));
        }
      } else {
        throw new IllegalStateException(
            "the model gives a " + value.getType() + " but must give tensors");
      }
    }
  }

  private List<Tensor> read(NDList results, int rows) {
    List<Tensor> tensors = new ArrayList<>(results.size());
    for (NDArray result : results) {
      int index = tensors.size();
      String own = result.getName();
      String name = "output__" + index;
      if (index < outputs.size()) {
        name = outputs.get(index);
      } else if (own != null) {
        name = own;
      }
      Tensor tensor = tensor(name, (PtNDArray) result);
      if (tensor.shape().length == 0 || tensor.rows() != rows) {
        throw new IllegalStateException(
            "output %s of the model has shape %s for %s rows but must have as many rows"
                .formatted(index, Arrays.toString(tensor.shape()), rows));
      }
      tensors.add(tensor);
    }
    if (tensors.isEmpty() || (!outputs.isEmpty() && tensors.size() != outputs.size())) {
      throw new IllegalStateException(
          "the model gives %s tensors but must give %s"
              .formatted(tensors.size(), Math.max(1, outputs.size())));
    }
    return tensors;
  }

  private static PtNDArray array(Tensor tensor, PtNDManager scope) {
    long[] shape = Arrays.stream(tensor.shape()).asLongStream().toArray();
    PtNDArray array = scope.create(new Shape(shape), type(tensor.datatype()));
    ByteBuffer memory = array.toByteBuffer(true);
    Object data = tensor.data();
    if (data instanceof float[] floats) {
      memory.asFloatBuffer().put(floats);
    } else if (data instanceof long[] longs) {
      memory.asLongBuffer().put(longs);
    } else if (data instanceof double[] doubles) {
      memory.asDoubleBuffer().put(doubles);
    } else if (data instanceof int[] ints) {
      memory.asIntBuffer().put(ints);
    } else if (data instanceof short[] shorts) {
      memory.asShortBuffer().put(shorts);
    } else {
      memory.put((byte[]) data);
    }
    return array;
  }

  private static Tensor tensor(String name, PtNDArray array) {
    int[] shape = Arrays.stream(array.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
    Datatype datatype = datatype(array.getDataType());
    Object data = datatype.array(Tensor.elements(shape));
    ByteBuffer memory = array.toByteBuffer(true);
    if (data instanceof float[] floats) {
      memory.asFloatBuffer().get(floats);
    } else if (data instanceof long[] longs) {
      memory.asLongBuffer().get(longs);
    } else if (data instanceof double[] doubles) {
      memory.asDoubleBuffer().get(doubles);
    } else if (data instanceof int[] ints) {
      memory.asIntBuffer().get(ints);
    } else if (data instanceof short[] shorts) {
      memory.asShortBuffer().get(shorts);
    } else {
      memory.get((byte[]) data);
    }
    return new Tensor(name, datatype, data, shape);
  }

  private static DataType type(Datatype datatype) {
    DataType type = TYPES.get(datatype);
    if (type == null) {
      throw new IllegalStateException("PyTorch has no " + datatype);
    }
    return type;
  }

  private static Datatype datatype(DataType type) {
    for (Map.Entry<Datatype, DataType> entry : TYPES.entrySet()) {
      if (entry.getValue() == type) {
        return entry.getKey();
      }
    }
    throw new IllegalStateException(
        "the model gives a tensor of " + type + ", which cannot be answered; convert it");
  }

  @Override
  public void close() {
    manager.close(); // and the module with it
  }
}
