package org.mobula.core.network;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A multilayer perceptron in double precision, one row and one number at a time: slow, and plain
 * enough to be read against the textbook. Its derivative is checked by finite differences in {@link
 * ReferenceMlpTest}.
 */
final class ReferenceMlp {
  private final MlpSpec spec;
  private final ParameterLayout layout;
  private final double[] parameters;

  ReferenceMlp(MlpSpec spec, double[] parameters) {
    this.spec = spec;
    this.layout = spec.layout();
    this.parameters = parameters;
  }

  ReferenceMlp(MlpSpec spec, float[] parameters) {
    this(spec, widen(parameters));
  }

  static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** Outputs {@code [batch][outputs]} of inputs {@code [batch][inputs]}. */
  double[] forward(double[] inputs, int batch) {
    double[] outputs = new double[batch * spec.outputs()];
    for (int row = 0; row < batch; row++) {
      double[] trunk = last(layers("trunk", spec.trunk().size(), row(inputs, row), true));
      int column = row * spec.outputs();
      for (MlpSpec.Column part : spec.columns()) {
        double[] values = values(part, trunk);
        System.arraycopy(values, 0, outputs, column, values.length);
        column += values.length;
      }
    }
    return outputs;
  }

  private double[] values(MlpSpec.Column column, double[] trunk) {
    if (column instanceof MlpSpec.Head head) {
      return last(layers(head.name(), head.hidden().size() + 1, trunk, false));
    }
    int offset = layout.entry(column.name()).offset();
    return Arrays.copyOfRange(parameters, offset, offset + column.width());
  }

  /** Adds the gradients of all rows to the two (zeroed) destinations. */
  void backward(
      double[] inputs,
      int batch,
      double[] outputGradients,
      double[] parameterGradient,
      double[] inputGradients) {
    for (int row = 0; row < batch; row++) {
      List<Layer> trunk = layers("trunk", spec.trunk().size(), row(inputs, row), true);
      double[] features = last(trunk);
      double[] featureGradient = new double[features.length];
      int from = row * spec.outputs();
      for (MlpSpec.Column part : spec.columns()) {
        double[] gradient = Arrays.copyOfRange(outputGradients, from, from + part.width());
        from += part.width();
        if (part instanceof MlpSpec.Head head) {
          List<Layer> layers = layers(head.name(), head.hidden().size() + 1, features, false);
          add(featureGradient, 0, back(layers, gradient, parameterGradient));
        } else {
          add(parameterGradient, layout.entry(part.name()).offset(), gradient);
        }
      }
      add(inputGradients, row * spec.inputs(), back(trunk, featureGradient, parameterGradient));
    }
  }

  private double[] row(double[] inputs, int row) {
    return Arrays.copyOfRange(inputs, row * spec.inputs(), (row + 1) * spec.inputs());
  }

  /** What one layer saw and made of one row. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Layer(
      String name, Activation activation, double[] input, double[] sums, double[] output) {}

  private List<Layer> layers(String name, int count, double[] input, boolean lastIsHidden) {
    List<Layer> layers = new ArrayList<>();
    double[] current = input;
    for (int i = 0; i < count; i++) {
      Activation activation =
          lastIsHidden || i < count - 1 ? spec.activation() : Activation.IDENTITY;
      ParameterLayout.Entry weight = layout.entry(name + "." + i + ".weight");
      int bias = layout.entry(name + "." + i + ".bias").offset();
      double[] sums = new double[weight.shape().get(0)];
      double[] output = new double[sums.length];
      for (int o = 0; o < sums.length; o++) {
        sums[o] = parameters[bias + o];
        for (int k = 0; k < current.length; k++) {
          sums[o] += parameters[weight.offset() + o * current.length + k] * current[k];
        }
        output[o] = value(activation, sums[o]);
      }
      layers.add(new Layer(name + "." + i, activation, current, sums, output));
      current = output;
    }
    if (layers.isEmpty()) {
      layers.add(new Layer("", Activation.IDENTITY, new double[0], new double[0], input));
    }
    return layers;
  }

  private double[] back(List<Layer> layers, double[] gradient, double[] parameterGradient) {
    double[] current = gradient;
    for (int i = layers.size() - 1; i >= 0; i--) {
      Layer layer = layers.get(i);
      if (layer.name.isEmpty()) {
        return current;
      }
      int weight = layout.entry(layer.name + ".weight").offset();
      int bias = layout.entry(layer.name + ".bias").offset();
      int width = layer.input.length;
      double[] next = new double[width];
      for (int o = 0; o < layer.sums.length; o++) {
        double delta = current[o] * slope(layer.activation, layer.sums[o]);
        parameterGradient[bias + o] += delta;
        for (int k = 0; k < width; k++) {
          parameterGradient[weight + o * width + k] += delta * layer.input[k];
          next[k] += delta * parameters[weight + o * width + k];
        }
      }
      current = next;
    }
    return current;
  }

  private static double[] last(List<Layer> layers) {
    return layers.get(layers.size() - 1).output;
  }

  private static void add(double[] destination, int offset, double[] values) {
    for (int i = 0; i < values.length; i++) {
      destination[offset + i] += values[i];
    }
  }

  private static double value(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case TANH -> Math.tanh(x);
      case RELU -> Math.max(0, x);
      case ELU -> x > 0 ? x : Math.expm1(x);
      case SILU -> x * sigmoid(x);
      case GELU -> x * gaussianCdf(x);
    };
  }

  private static double slope(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> 1;
      case TANH -> 1 - Math.tanh(x) * Math.tanh(x);
      case RELU -> x > 0 ? 1 : 0;
      case ELU -> x > 0 ? 1 : Math.exp(x);
      case SILU -> sigmoid(x) * (1 + x * (1 - sigmoid(x)));
      case GELU -> gaussianCdf(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    };
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** Φ(x) = ½ + φ(x) Σ xⁿ/(1·3·…·n) over odd n (Marsaglia 2004); zero or one beyond ±8. */
  static double gaussianCdf(double x) {
    if (Math.abs(x) > 8) {
      return x > 0 ? 1 : 0;
    }
    double term = x;
    double sum = x;
    for (int n = 3; Math.abs(term) > 1e-18 * Math.abs(sum); n += 2) {
      term *= x * x / n;
      sum += term;
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }
}
