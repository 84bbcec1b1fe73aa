package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.ConvolutionSpec.Convolution;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.random.Pcg64;

class ConvolutionTest {
  private static final ConvolutionSpec SMALL =
      new ConvolutionSpec(
          2,
          7,
          6,
          List.of(new Convolution(3, 3, 2), new Convolution(4, 2, 1)),
          List.of(),
          List.of(new MlpSpec.Head("q", List.of(), 2, 1)),
          Activation.TANH,
          Initialization.orthogonal());

  @Test
  void outputsAndGradientsEqualAPlainReference() {
    Pcg64 random = new Pcg64(1);
    float[] parameters = SMALL.initialParameters(random);
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] += (float) random.uniform(-0.1, 0.1);
    }
    int batch = 3;
    float[] inputs = gaussian(batch * SMALL.inputs(), random);
    float[] weights = gaussian(batch * 2, random);
    float[] outputs = new float[batch * 2];
    float[] gradient = new float[parameters.length];
    float[] inputGradients = new float[inputs.length];
    try (Network network = DjlNetwork.of(SMALL)) {
      network.setParameters(parameters);
      network.forward(inputs, batch, outputs);
      network.backward(weights, gradient, inputGradients);
    }
    double[] reference = widen(parameters);
    double[] rows = widen(inputs);
    for (int row = 0; row < batch; row++) {
      double[] expected = reference(reference, rows, row);
      assertThat((double) outputs[2 * row]).isCloseTo(expected[0], within(1e-5));
      assertThat((double) outputs[2 * row + 1]).isCloseTo(expected[1], within(1e-5));
    }
    for (int i = 0; i < gradient.length; i++) {
      double expected = derivative(reference, i, () -> loss(reference, rows, weights));
      assertThat((double) gradient[i]).as("parameter %d", i).isCloseTo(expected, within(1e-5));
    }
    for (int i = 0; i < inputs.length; i++) {
      double expected = derivative(rows, i, () -> loss(reference, rows, weights));
      assertThat((double) inputGradients[i]).as("input %d", i).isCloseTo(expected, within(1e-5));
    }
  }

  private static double derivative(double[] at, int index, DoubleSupplier loss) {
    double original = at[index];
    at[index] = original + 1e-5;
    double above = loss.getAsDouble();
    at[index] = original - 1e-5;
    double below = loss.getAsDouble();
    at[index] = original;
    return (above - below) / 2e-5;
  }

  private static double loss(double[] parameters, double[] inputs, float[] weights) {
    double loss = 0;
    for (int row = 0; row < weights.length / 2; row++) {
      double[] outputs = reference(parameters, inputs, row);
      loss += weights[2 * row] * outputs[0] + weights[2 * row + 1] * outputs[1];
    }
    return loss;
  }

  private static double[] reference(double[] parameters, double[] inputs, int row) {
    ParameterLayout layout = SMALL.layout();
    double[] image = new double[SMALL.inputs()];
    System.arraycopy(inputs, row * image.length, image, 0, image.length);
    image = convolve(parameters, layout, 0, image, 2, 7, 6); // 3 × 3 × 2
    image = convolve(parameters, layout, 1, image, 3, 3, 2); // 4 × 2 × 1
    double[] outputs = new double[2];
    for (int o = 0; o < 2; o++) {
      outputs[o] = parameters[layout.entry("q.0.bias").offset() + o];
      for (int i = 0; i < image.length; i++) {
        outputs[o] +=
            image[i] * parameters[layout.entry("q.0.weight").offset() + o * image.length + i];
      }
    }
    return outputs;
  }

  private static double[] convolve(
      double[] parameters,
      ParameterLayout layout,
      int index,
      double[] image,
      int channels,
      int height,
      int width) {
    Convolution shape = SMALL.convolutions().get(index);
    int weight = layout.entry("convolution." + index + ".weight").offset();
    int bias = layout.entry("convolution." + index + ".bias").offset();
    int rows = (height - shape.kernel()) / shape.stride() + 1;
    int columns = (width - shape.kernel()) / shape.stride() + 1;
    double[] result = new double[shape.filters() * rows * columns];
    for (int f = 0; f < shape.filters(); f++) {
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          double sum = parameters[bias + f];
          int w = weight + f * channels * shape.kernel() * shape.kernel();
          for (int channel = 0; channel < channels; channel++) {
            for (int y = 0; y < shape.kernel(); y++) {
              for (int x = 0; x < shape.kernel(); x++) {
                int pixel =
                    (channel * height + r * shape.stride() + y) * width + c * shape.stride() + x;
                sum += parameters[w++] * image[pixel];
              }
            }
          }
          result[(f * rows + r) * columns + c] = Math.tanh(sum);
        }
      }
    }
    return result;
  }

  @Test
  void theNatureNetworkHasItsPublishedSizes() {
    ConvolutionSpec nature =
        new ConvolutionSpec(
            4,
            84,
            84,
            ConvolutionSpec.nature(),
            List.of(512),
            List.of(new MlpSpec.Head("policy", List.of(), 6, 0.01f)),
            Activation.RELU,
            Initialization.orthogonal());
    assertThat(nature.dense().inputs()).isEqualTo(64 * 7 * 7);
    assertThat(nature.layout().size()).isEqualTo(1_687_206);
    assertThat(nature.layout().entries().get(2))
        .isEqualTo(
            new ParameterLayout.Entry(
                "convolution.1.weight", List.of(64, 32, 4, 4), 8224, "convolution"));
  }

  @Test
  void saysWhatIsWrong() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Convolution(3, 0, 1))
        .withMessage("a convolution has 3 filters, kernel 0 and stride 1 but each must be ≥ 1");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new ConvolutionSpec(
                    1,
                    10,
                    10,
                    ConvolutionSpec.nature(),
                    List.of(),
                    List.of(new MlpSpec.Head("q", List.of(), 2, 1)),
                    Activation.RELU,
                    Initialization.orthogonal()))
        .withMessage("kernel 4 does not fit into the 1 × 1 pixels that reach it");
  }

  private static float[] gaussian(int length, Pcg64 random) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double[] widen(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }
}
