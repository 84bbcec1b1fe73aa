package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.ParameterLayout;

/** Convolutions with a multilayer perceptron behind them. */
final class ConvolutionFunction implements TensorFunction {
  private final ConvolutionSpec spec;
  private final NDList filters = new NDList();
  private final MlpFunction dense;
  private final NDList parameters = new NDList();

  ConvolutionFunction(ConvolutionSpec spec, NDManager manager) {
    this.spec = spec;
    this.dense = new MlpFunction(spec.dense(), manager);
    int count = 2 * spec.convolutions().size();
    filters.addAll(
        MlpFunction.zeros(new ParameterLayout(spec.layout().entries().subList(0, count)), manager));
    parameters.addAll(filters);
    parameters.addAll(dense.parameters());
  }

  @Override
  public NDList parameters() {
    return parameters;
  }

  @Override
  public NDArray apply(NDArray inputs) {
    long batch = inputs.getShape().get(0);
    NDArray image = inputs.reshape(new Shape(batch, spec.channels(), spec.height(), spec.width()));
    for (int i = 0; i < spec.convolutions().size(); i++) {
      int stride = spec.convolutions().get(i).stride();
      NDArray sums =
          Conv2d.conv2d(
                  image, filters.get(2 * i), filters.get(2 * i + 1), new Shape(stride, stride))
              .singletonOrThrow();
      image = MlpFunction.activate(spec.activation(), sums);
    }
    return dense.apply(image.reshape(new Shape(batch, spec.dense().inputs())));
  }
}
