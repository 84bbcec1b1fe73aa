package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;

/**
 * A network on DJL's PyTorch engine, differentiated by it.
 *
 * <p>The recording of the last {@link #forward} is the only native memory that outlives a call,
 * beside the parameters. DJL's gradient collector is not used: it allows one recording per JVM,
 * while PyTorch itself records per thread; networks in several threads neither wait nor meet here.
 *
 * <p>Its methods take turns: to free native memory that another thread computes with would end the
 * whole process, so {@link #close} waits for that thread, which meets an {@link
 * IllegalStateException} the next time.
 */
final class DjlNetwork implements Network {
  private final NetworkSpec spec;
  private final ParameterLayout layout;
  private final NDManager manager = DjlEngine.newScope();
  private final TensorFunction function;
  private final List<FloatBuffer> parameterMemory = new ArrayList<>();
  private @Nullable Recording recording;
  private boolean recordsInputs;
  private boolean closed;

  private DjlNetwork(NetworkSpec spec, ParameterLayout layout) {
    this.spec = spec;
    this.layout = layout;
    try {
      this.function = function(spec, manager);
      for (NDArray parameter : function.parameters()) {
        parameter.setRequiresGradient(true);
        parameterMemory.add(Tensors.memory(parameter));
      }
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Builds the network. Until {@link #setParameters} is called its parameters are of no use.
   *
   * @param spec a {@link MlpSpec}, {@link ConvolutionSpec} or {@link BlockSpec}
   */
  static DjlNetwork of(NetworkSpec spec) {
    return new DjlNetwork(spec, spec.layout());
  }

  private static TensorFunction function(NetworkSpec spec, NDManager manager) {
    if (spec instanceof MlpSpec mlp) {
      return new MlpFunction(mlp, manager);
    } else if (spec instanceof ConvolutionSpec convolution) {
      return new ConvolutionFunction(convolution, manager);
    } else if (spec instanceof BlockSpec block) {
      return new BlockFunction(block, manager);
    }
    throw new IllegalArgumentException(
        "a "
            + spec.getClass().getSimpleName()
            + " cannot run on DJL: use a MlpSpec, a ConvolutionSpec or a BlockSpec");
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public int inputs() {
    return spec.inputs();
  }

  @Override
  public int outputs() {
    return spec.outputs();
  }

  @Override
  public synchronized void setParameters(float[] parameters) {
    checkOpen();
    if (parameters.length < layout.size()) {
      throw new IllegalArgumentException(
          "%s parameters are given but the network has %s"
              .formatted(parameters.length, layout.size()));
    }
    discardRecording();
    for (int i = 0; i < parameterMemory.size(); i++) {
      ParameterLayout.Entry entry = layout.entries().get(i);
      parameterMemory.get(i).put(0, parameters, entry.offset(), entry.size());
    }
  }

  @Override
  public synchronized void forward(float[] inputs, int batch, float[] outputs) {
    checkOpen();
    if (batch < 1) {
      throw new IllegalArgumentException("batch is " + batch + " but must be ≥ 1");
    }
    discardRecording();
    NDManager scope = manager.newSubManager();
    try {
      NDArray input = scope.create(new Shape(batch, inputs()));
      Tensors.write(inputs, input);
      recording = record(scope, input);
    } catch (RuntimeException | Error e) {
      scope.close();
      throw e;
    }
    Tensors.read(recording.outputs, outputs, 0);
  }

  private Recording record(NDManager scope, NDArray input) {
    if (recordsInputs) {
      input.setRequiresGradient(true);
    }
    // Settings of the thread, which may be anyone's: how many threads help it, whether it records.
    JniUtils.setNumThreads(DjlEngine.threads());
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(true);
    try {
      return new Recording(scope, input, function.apply(input));
    } finally {
      JniUtils.setGradMode(before);
    }
  }

  @Override
  public synchronized void backward(
      float[] outputGradients,
      float @Nullable [] parameterGradient,
      float @Nullable [] inputGradients) {
    checkOpen();
    Recording recorded = recording;
    if (recorded == null) {
      throw new IllegalStateException(
          "nothing to go back through: call forward after setParameters and before backward");
    }
    if (inputGradients != null && !recordsInputs) {
      // Most losses never ask; from the first time on, the inputs are part of the recording.
      recordsInputs = true;
      recorded = record(recorded.scope, recorded.inputs);
      recording = recorded;
    }
    try (NDManager scope = manager.newSubManager()) {
      NDArray gradient = scope.create(recorded.outputs.getShape());
      Tensors.write(outputGradients, gradient);
      JniUtils.backward((PtNDArray) recorded.outputs, (PtNDArray) gradient, true, false);
    }
    for (int i = 0; i < parameterMemory.size(); i++) {
      NDArray parameter = function.parameters().get(i);
      if (parameterGradient == null) {
        JniUtils.zeroGrad((PtNDArray) parameter);
      } else {
        takeGradient(parameter, parameterGradient, layout.entries().get(i).offset());
      }
    }
    if (inputGradients != null) {
      takeGradient(recorded.inputs, inputGradients, 0);
    } else if (recordsInputs) {
      JniUtils.zeroGrad((PtNDArray) recorded.inputs);
    }
  }

  /** Copies the gradient and sets it to zero, for PyTorch adds the next one to it. */
  private static void takeGradient(NDArray array, float[] destination, int offset) {
    // The gradient belongs to the array's scope, where it would stay if it were not closed here.
    try (PtNDArray gradient = JniUtils.getGradient((PtNDArray) array)) {
      if (gradient == null) {
        // The outputs do not depend on it.
        Arrays.fill(destination, offset, offset + Math.toIntExact(array.size()), 0);
      } else {
        Tensors.read(gradient, destination, offset);
        JniUtils.zeroGrad((PtNDArray) array);
      }
    }
  }

  @Override
  public synchronized DjlNetwork copy() {
    checkOpen();
    DjlNetwork copy = new DjlNetwork(spec, layout);
    for (int i = 0; i < parameterMemory.size(); i++) {
      FloatBuffer from = parameterMemory.get(i);
      copy.parameterMemory.get(i).put(0, from, 0, from.capacity());
    }
    return copy;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    discardRecording();
    parameterMemory.clear();
    manager.close();
    closed = true;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the network is closed");
    }
  }

  private void discardRecording() {
    if (recording != null) {
      recording.scope.close();
      recording = null;
    }
  }

  /** What the last forward left for backward. */
  private record Recording(NDManager scope, NDArray inputs, NDArray outputs) {}
}
