package org.mobula.core.export;

import java.util.ArrayList;
import java.util.List;
import org.mobula.core.export.OnnxGraph.Attribute;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkProvider;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;

/** A network's operators, with its parameters under their names. */
final class OnnxNetwork {
  private final OnnxGraph graph;
  private final ParameterLayout layout;
  private final float[] parameters;

  OnnxNetwork(OnnxGraph graph, ParameterLayout layout, float[] parameters) {
    this.graph = graph;
    this.layout = layout;
    this.parameters = parameters;
  }

  /**
   * From features to the output row.
   *
   * @param features {@code [batch, inputs]}
   * @return {@code [batch, outputs]}
   * @throws IllegalArgumentException if only a class of the user's knows what the network computes
   */
  String compute(NetworkSpec spec, String features) {
    if (spec instanceof MlpSpec perceptron) {
      return perceptron(perceptron, features);
    } else if (spec instanceof ConvolutionSpec convolutions) {
      return convolutions(convolutions, features);
    }
    String own =
        NetworkProvider.find()
            .describe(spec)
            .map(NetworkProvider.OwnNetwork::supplier)
            .orElse(spec.getClass().getName());
    throw new IllegalArgumentException(
        "the network is a block of your own, made by "
            + own
            + ", of which Mobula knows the parameters but not the operators, and ONNX needs both");
  }

  private String convolutions(ConvolutionSpec spec, String features) {
    String scaled =
        spec.divisor() == 1
            ? features
            : graph.operator("Div", List.of(features, graph.scalar(spec.divisor())));
    String image = graph.reshape(scaled, spec.channels(), spec.height(), spec.width());
    for (int i = 0; i < spec.convolutions().size(); i++) {
      int stride = spec.convolutions().get(i).stride();
      image = activate(spec.activation(), convolve("convolution." + i, image, stride, 0));
    }
    for (int i = 0; i < spec.residual().size(); i++) {
      image = residual(spec.activation(), "residual." + i, image);
    }
    if (!spec.residual().isEmpty()) {
      image = activate(spec.activation(), image);
    }
    MlpSpec dense = spec.dense();
    return perceptron(dense, graph.reshape(image, dense.inputs()));
  }

  /** A convolution, the greatest of each neighbourhood, and two residual blocks. */
  private String residual(Activation activation, String name, String image) {
    String result =
        graph.operator(
            "MaxPool",
            List.of(convolve(name + ".0", image, 1, 1)),
            Attribute.of("kernel_shape", List.of(3, 3)),
            Attribute.of("strides", List.of(2, 2)),
            padding(1));
    for (int first = 1; first <= 3; first += 2) {
      String inner = convolve(name + "." + first, activate(activation, result), 1, 1);
      inner = convolve(name + "." + (first + 1), activate(activation, inner), 1, 1);
      result = graph.operator("Add", List.of(result, inner));
    }
    return result;
  }

  private String convolve(String name, String image, int stride, int padding) {
    return graph.operator(
        "Conv",
        List.of(image, parameter(name + ".weight"), parameter(name + ".bias")),
        Attribute.of("strides", List.of(stride, stride)),
        padding(padding));
  }

  /** On each side. */
  private static Attribute padding(int pixels) {
    return Attribute.of("pads", List.of(pixels, pixels, pixels, pixels));
  }

  private String perceptron(MlpSpec spec, String features) {
    String trunk = hidden(spec, "trunk", spec.trunk().size(), features);
    List<String> columns = new ArrayList<>();
    for (MlpSpec.Column column : spec.columns()) {
      if (column instanceof MlpSpec.Head head) {
        int layers = head.hidden().size();
        String last = hidden(spec, head.name(), layers, trunk);
        columns.add(linear(head.name() + "." + layers, last));
      } else {
        columns.add(eachRow(column, features));
      }
    }
    return graph.beside(columns);
  }

  private String hidden(MlpSpec spec, String name, int layers, String values) {
    String last = values;
    for (int i = 0; i < layers; i++) {
      last = activate(spec.activation(), linear(name + "." + i, last));
    }
    return last;
  }

  private String linear(String name, String values) {
    return graph.operator(
        "Gemm",
        List.of(values, parameter(name + ".weight"), parameter(name + ".bias")),
        Attribute.of("transB", 1L));
  }

  /** A constant as a row for each row of the features. */
  private String eachRow(MlpSpec.Column constant, String features) {
    String rows =
        graph.operator(
            "Shape", List.of(features), Attribute.of("start", 0L), Attribute.of("end", 1L));
    String shape =
        graph.operator(
            "Concat",
            List.of(rows, graph.constant((long) constant.width())),
            Attribute.of("axis", 0L));
    return graph.operator("Expand", List.of(parameter(constant.name()), shape));
  }

  private String parameter(String name) {
    ParameterLayout.Entry entry = layout.entry(name);
    return graph.parameter(name, entry.shape(), parameters, entry.offset(), entry.size());
  }

  private String activate(Activation activation, String x) {
    return switch (activation) {
      case IDENTITY -> x;
      case TANH -> graph.operator("Tanh", List.of(x));
      case RELU -> graph.operator("Relu", List.of(x));
      case ELU -> graph.operator("Elu", List.of(x), Attribute.of("alpha", 1f));
      case SILU -> graph.operator("Mul", List.of(x, graph.operator("Sigmoid", List.of(x))));
      case GELU -> gelu(x);
    };
  }

  /** x · (1 + erf(x / √2)) / 2; an operator of its own is younger than many runtimes. */
  private String gelu(String x) {
    String scaled = graph.operator("Mul", List.of(x, graph.scalar((float) Math.sqrt(0.5))));
    String erf = graph.operator("Erf", List.of(scaled));
    String twice = graph.operator("Add", List.of(erf, graph.scalar(1)));
    return graph.operator(
        "Mul", List.of(graph.operator("Mul", List.of(x, graph.scalar(0.5f))), twice));
  }
}
