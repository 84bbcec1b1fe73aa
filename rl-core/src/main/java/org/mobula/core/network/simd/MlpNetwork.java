package org.mobula.core.network.simd;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.Activation;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.ParameterLayout;

/**
 * A multilayer perceptron on the JVM's Vector API, without native code or memory. Needs {@code
 * --add-modules jdk.incubator.vector}; ask {@link Simd#available} before touching this class.
 *
 * <p>The same parameters and inputs give the same bits on every machine, whatever the width of its
 * vectors, and an output row does not depend on the rest of its batch. Once the largest batch has
 * been seen, nothing is allocated.
 */
public final class MlpNetwork implements Network {
  private final MlpSpec spec;
  private final ParameterLayout layout;
  private final int outputs;
  private final int paddedInputs;
  private final Branch[] branches;
  private final Product product = new Product();
  private final Activations activations = new Activations();
  private final DenseLayer[] trunk;
  private final float[] parameters;

  private int capacity;
  private int batch;
  private float[] inputs = {};
  private float[] inputGradients = {};

  /** All parameters are zero until {@link #setParameters}. */
  public MlpNetwork(MlpSpec spec) {
    this.spec = spec;
    layout = spec.layout();
    outputs = spec.outputs();
    paddedInputs = Lanes.padded(spec.inputs());
    parameters = new float[layout.size()];
    trunk = hidden("trunk", spec.trunk().size());
    branches = new Branch[spec.columns().size()];
    int column = 0;
    for (int i = 0; i < branches.length; i++) {
      MlpSpec.Column part = spec.columns().get(i);
      branches[i] = branch(part, column);
      column += part.width();
    }
  }

  private DenseLayer[] hidden(String name, int count) {
    DenseLayer[] layers = new DenseLayer[count];
    for (int i = 0; i < count; i++) {
      layers[i] = new DenseLayer(layout, name + "." + i, spec.activation());
    }
    return layers;
  }

  private Branch branch(MlpSpec.Column part, int column) {
    if (part instanceof MlpSpec.Head head) {
      int last = head.hidden().size();
      DenseLayer[] layers = Arrays.copyOf(hidden(head.name(), last), last + 1);
      layers[last] = new DenseLayer(layout, head.name() + "." + last, Activation.IDENTITY);
      return new Branch(layers, column, part.width(), 0);
    }
    return new Branch(new DenseLayer[0], column, part.width(), layout.entry(part.name()).offset());
  }

  /**
   * Some output columns.
   *
   * @param layers the head's own; none where the columns are parameters themselves
   * @param column the first
   * @param offset of the parameters that the columns are, where there are no layers
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Branch(DenseLayer[] layers, int column, int width, int offset) {
    boolean isConstant() {
      return layers.length == 0;
    }
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
    return outputs;
  }

  @Override
  public void setParameters(float[] parameters) {
    atLeast("parameters", parameters, layout.size());
    batch = 0; // what went forward before is no longer this function's
    System.arraycopy(parameters, 0, this.parameters, 0, layout.size());
    for (DenseLayer layer : trunk) {
      layer.setParameters(parameters);
    }
    for (Branch branch : branches) {
      for (DenseLayer layer : branch.layers) {
        layer.setParameters(parameters);
      }
    }
  }

  @Override
  public void forward(float[] inputs, int batch, float[] outputs) {
    if (batch < 1) {
      throw new IllegalArgumentException("batch is " + batch + " but must be ≥ 1");
    }
    atLeast("inputs", inputs, Math.multiplyExact(batch, spec.inputs()));
    atLeast("outputs", outputs, Math.multiplyExact(batch, this.outputs));
    if (batch > capacity) {
      reserve(batch);
    }
    this.batch = batch;
    Rows.copyColumns(inputs, 0, spec.inputs(), this.inputs, 0, paddedInputs, batch, spec.inputs());
    float[] shared = forward(trunk, this.inputs);
    for (Branch branch : branches) {
      if (branch.isConstant()) {
        for (int row = 0; row < batch; row++) {
          System.arraycopy(
              parameters, branch.offset, outputs, row * this.outputs + branch.column, branch.width);
        }
      } else {
        float[] values = forward(branch.layers, shared);
        int stride = branch.layers[branch.layers.length - 1].paddedOutputs;
        Rows.copyColumns(
            values, 0, stride, outputs, branch.column, this.outputs, batch, branch.width);
      }
    }
  }

  private float[] forward(DenseLayer[] layers, float[] x) {
    float[] values = x;
    for (DenseLayer layer : layers) {
      layer.forward(product, activations, values, batch);
      values = layer.values();
    }
    return values;
  }

  private void reserve(int batch) {
    capacity = batch;
    inputs = Lanes.matrix(batch, paddedInputs);
    inputGradients = Lanes.matrix(batch, paddedInputs);
    for (DenseLayer layer : trunk) {
      layer.reserve(batch);
    }
    for (Branch branch : branches) {
      for (DenseLayer layer : branch.layers) {
        layer.reserve(batch);
      }
    }
  }

  @Override
  public void backward(
      float[] outputGradients,
      float @Nullable [] parameterGradient,
      float @Nullable [] inputGradients) {
    if (batch == 0) {
      throw new IllegalStateException(
          "nothing to go back through: call forward after setParameters and before backward");
    }
    atLeast("outputGradients", outputGradients, batch * outputs);
    if (parameterGradient != null) {
      atLeast("parameterGradient", parameterGradient, layout.size());
    }
    if (inputGradients != null) {
      atLeast("inputGradients", inputGradients, batch * spec.inputs());
    }
    boolean trunkless = trunk.length == 0;
    float[] x = trunkless ? inputs : trunk[trunk.length - 1].values();
    float[] shared = trunkless ? this.inputGradients : trunk[trunk.length - 1].gradients();
    boolean needsShared = !trunkless || inputGradients != null;
    boolean add = false;
    for (Branch branch : branches) {
      if (branch.isConstant()) {
        if (parameterGradient != null) {
          sumColumns(outputGradients, branch, parameterGradient);
        }
      } else {
        DenseLayer last = branch.layers[branch.layers.length - 1];
        Rows.copyColumns(
            outputGradients,
            branch.column,
            outputs,
            last.gradients(),
            0,
            last.paddedOutputs,
            batch,
            branch.width);
        backward(branch.layers, x, parameterGradient, needsShared ? shared : null, add);
        add = true;
      }
    }
    if (!trunkless) {
      if (!add) {
        Arrays.fill(shared, 0);
      }
      backward(
          trunk,
          inputs,
          parameterGradient,
          inputGradients == null ? null : this.inputGradients,
          false);
    }
    if (inputGradients != null) {
      if (trunkless && !add) {
        Arrays.fill(this.inputGradients, 0);
      }
      Rows.copyColumns(
          this.inputGradients,
          0,
          paddedInputs,
          inputGradients,
          0,
          spec.inputs(),
          batch,
          spec.inputs());
    }
  }

  /** From the last layer to the first; {@code x} is what the first was given. */
  private void backward(
      DenseLayer[] layers,
      float[] x,
      float @Nullable [] parameterGradient,
      float @Nullable [] xGradients,
      boolean add) {
    for (int i = layers.length - 1; i >= 0; i--) {
      if (i == 0) {
        layers[i].backward(product, activations, x, batch, parameterGradient, xGradients, add);
      } else {
        DenseLayer below = layers[i - 1];
        layers[i].backward(
            product,
            activations,
            below.values(),
            batch,
            parameterGradient,
            below.gradients(),
            false);
      }
    }
  }

  private void sumColumns(float[] outputGradients, Branch branch, float[] parameterGradient) {
    for (int column = 0; column < branch.width; column++) {
      float sum = 0;
      for (int row = 0; row < batch; row++) {
        sum += outputGradients[row * outputs + branch.column + column];
      }
      parameterGradient[branch.offset + column] = sum;
    }
  }

  @Override
  public MlpNetwork copy() {
    MlpNetwork copy = new MlpNetwork(spec);
    copy.setParameters(parameters);
    return copy;
  }

  /** Does nothing: there is no native memory. */
  @Override
  public void close() {}

  private static void atLeast(String name, float[] values, int length) {
    if (values.length < length) {
      throw new IllegalArgumentException(
          name + " has " + values.length + " numbers but needs at least " + length);
    }
  }
}
