package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import java.util.Arrays;

/** A user's block. */
final class BlockFunction implements TensorFunction {
  /** Initializers draw from the engine's random numbers, which are the JVM's: one at a time. */
  static final Object RANDOM = new Object();

  private final BlockSpec spec;
  private final Block block;
  private final ParameterStore store;
  private final NDList parameters = new NDList();

  BlockFunction(BlockSpec spec, NDManager manager) {
    this.spec = spec;
    this.block = spec.block().get();
    this.store = new ParameterStore(manager, false);
    synchronized (RANDOM) {
      block.initialize(manager, DataType.FLOAT32, spec.batchShape(1));
    }
    checkOutputs();
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      if (!parameter.getValue().requiresGradient()) {
        throw new IllegalArgumentException(
            parameter.getKey()
                + " is not learnt by gradients, so no optimizer or checkpoint would carry it: use a"
                + " block without running statistics or frozen parameters (layer instead of batch"
                + " normalisation)");
      }
      parameters.add(parameter.getValue().getArray());
    }
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("the block has no parameters to learn");
    }
  }

  private void checkOutputs() {
    Shape[] shapes = block.getOutputShapes(new Shape[] {spec.batchShape(1)});
    if (shapes.length != 1 || !shapes[0].equals(new Shape(1, spec.outputs()))) {
      throw new IllegalArgumentException(
          "the block makes "
              + Arrays.toString(shapes)
              + " of one input but must make one array of shape (1, "
              + spec.outputs()
              + ")");
    }
  }

  Block block() {
    return block;
  }

  @Override
  public NDList parameters() {
    return parameters;
  }

  @Override
  public NDArray apply(NDArray inputs) {
    NDArray shaped = inputs.reshape(spec.batchShape(inputs.getShape().get(0)));
    return block.forward(store, new NDList(shaped), false).singletonOrThrow();
  }
}
