package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import java.util.Iterator;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.ConvolutionSpec.Convolution;

/** Convolutions with a multilayer perceptron behind them. */
final class ConvolutionFunction implements TensorFunction {
  private static final Shape ONE = new Shape(1, 1);
  private static final Shape TWO = new Shape(2, 2);
  private static final Shape THREE = new Shape(3, 3);
  private static final Shape NONE = new Shape(0, 0);
  private static final int BLOCKS = 2;

  private final ConvolutionSpec spec;
  private final NDArray divisor;
  private final NDList filters;
  private final MlpFunction dense;
  private final NDList parameters = new NDList();

  ConvolutionFunction(ConvolutionSpec spec, NDManager manager) {
    this.spec = spec;
    this.divisor = manager.create(new float[] {spec.divisor()});
    this.filters = MlpFunction.zeros(spec.convolutionParameters(), manager);
    this.dense = new MlpFunction(spec.dense(), manager);
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
    NDArray scaled = spec.divisor() == 1 ? inputs : inputs.div(divisor);
    NDArray image = scaled.reshape(new Shape(batch, spec.channels(), spec.height(), spec.width()));
    Iterator<NDArray> next = filters.iterator();
    for (Convolution convolution : spec.convolutions()) {
      Shape stride = new Shape(convolution.stride(), convolution.stride());
      image = activate(convolve(image, next, stride, NONE));
    }
    for (int section = 0; section < spec.residual().size(); section++) {
      image = section(image, next);
    }
    if (!spec.residual().isEmpty()) {
      image = activate(image);
    }
    return dense.apply(image.reshape(new Shape(batch, spec.dense().inputs())));
  }

  private NDArray section(NDArray image, Iterator<NDArray> next) {
    NDArray result = Pool.maxPool2d(convolve(image, next, ONE, ONE), THREE, TWO, ONE, false);
    for (int block = 0; block < BLOCKS; block++) {
      NDArray inner = convolve(activate(result), next, ONE, ONE);
      result = result.add(convolve(activate(inner), next, ONE, ONE));
    }
    return result;
  }

  private NDArray activate(NDArray values) {
    return MlpFunction.activate(spec.activation(), values);
  }

  private static NDArray convolve(
      NDArray image, Iterator<NDArray> next, Shape stride, Shape padding) {
    NDArray weight = next.next();
    NDArray bias = next.next();
    return Conv2d.conv2d(image, weight, bias, stride, padding).singletonOrThrow();
  }
}
