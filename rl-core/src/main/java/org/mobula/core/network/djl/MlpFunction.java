package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import java.util.Iterator;
import org.mobula.core.network.Activation;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.ParameterLayout;

/** A multilayer perceptron. */
final class MlpFunction implements TensorFunction {
  private final MlpSpec spec;
  private final NDList parameters;

  MlpFunction(MlpSpec spec, NDManager manager) {
    this.spec = spec;
    this.parameters = zeros(spec.layout(), manager);
  }

  static NDList zeros(ParameterLayout layout, NDManager manager) {
    NDList arrays = new NDList();
    for (ParameterLayout.Entry entry : layout.entries()) {
      arrays.add(
          manager.zeros(new Shape(entry.shape().stream().mapToLong(Integer::longValue).toArray())));
    }
    return arrays;
  }

  @Override
  public NDList parameters() {
    return parameters;
  }

  @Override
  public NDArray apply(NDArray inputs) {
    Iterator<NDArray> next = parameters.iterator();
    NDArray trunk = hidden(inputs, spec.trunk().size(), next);
    NDList columns = new NDList();
    for (MlpSpec.Column column : spec.columns()) {
      if (column instanceof MlpSpec.Head head) {
        columns.add(linear(hidden(trunk, head.hidden().size(), next), next));
      } else {
        columns.add(eachRow(next.next(), inputs));
      }
    }
    return columns.size() == 1 ? columns.head() : NDArrays.concat(columns, 1);
  }

  private NDArray hidden(NDArray inputs, int layers, Iterator<NDArray> next) {
    NDArray values = inputs;
    for (int i = 0; i < layers; i++) {
      values = activate(spec.activation(), linear(values, next));
    }
    return values;
  }

  private static NDArray linear(NDArray values, Iterator<NDArray> next) {
    NDArray weight = next.next();
    NDArray bias = next.next();
    return Linear.linear(values, weight, bias).singletonOrThrow();
  }

  static NDArray activate(Activation activation, NDArray values) {
    return switch (activation) {
      case IDENTITY -> values;
      case TANH -> ai.djl.nn.Activation.tanh(values);
      case RELU -> ai.djl.nn.Activation.relu(values);
      case ELU -> ai.djl.nn.Activation.elu(values, 1);
      // DJL's own multiplies by a number in memory that is freed with the next garbage collection,
      // while PyTorch still needs it for the gradient.
      case SILU -> ai.djl.nn.Activation.sigmoid(values).mul(values);
      case GELU -> ai.djl.nn.Activation.gelu(values);
    };
  }

  /** The vector as each row of a matrix, in the scope of the inputs. */
  private static NDArray eachRow(NDArray vector, NDArray inputs) {
    NDArray rows = vector.broadcast(inputs.getShape().get(0), vector.getShape().get(0));
    rows.attach(inputs.getManager());
    return rows;
  }
}
