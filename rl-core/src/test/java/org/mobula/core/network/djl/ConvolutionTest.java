package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.ConvolutionSpec.Convolution;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkPreset;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

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

  private static final ConvolutionSpec RESIDUAL =
      new ConvolutionSpec(
          2,
          5,
          4,
          List.of(),
          List.of(),
          List.of(new MlpSpec.Head("q", List.of(), 2, 1)),
          Activation.TANH,
          Initialization.orthogonal(),
          List.of(3, 2),
          255);

  /** Pixels are divided by 255; each section is held to plain loops, gradients to differences. */
  @Test
  void residualSectionsEqualAPlainReference() {
    Pcg64 random = new Pcg64(2);
    float[] parameters = RESIDUAL.initialParameters(random);
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] += (float) random.uniform(-0.1, 0.1);
    }
    float[] inputs = new float[2 * RESIDUAL.inputs()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = random.nextInt(256);
    }
    float[] weights = {1, -2, 0.5f, 1.5f};
    float[] outputs = new float[4];
    float[] gradient = new float[parameters.length];
    float[] inputGradients = new float[inputs.length];
    try (Network network = DjlNetwork.of(RESIDUAL)) {
      network.setParameters(parameters);
      network.forward(inputs, 2, outputs);
      network.backward(weights, gradient, inputGradients);
    }
    double[] wide = widen(parameters);
    double[] rows = widen(inputs);
    for (int row = 0; row < 2; row++) {
      double[] expected = residual(wide, rows, row);
      assertThat((double) outputs[2 * row]).isCloseTo(expected[0], within(1e-5));
      assertThat((double) outputs[2 * row + 1]).isCloseTo(expected[1], within(1e-5));
    }
    DoubleSupplier loss =
        () -> {
          double[] first = residual(wide, rows, 0);
          double[] second = residual(wide, rows, 1);
          return first[0] - 2 * first[1] + 0.5 * second[0] + 1.5 * second[1];
        };
    for (int i = 0; i < gradient.length; i++) {
      assertThat((double) gradient[i])
          .as("parameter %d", i)
          .isCloseTo(derivative(wide, i, loss), within(2e-5));
    }
    for (int i = 0; i < inputs.length; i++) {
      assertThat((double) inputGradients[i])
          .as("input %d", i)
          .isCloseTo(derivative(rows, i, loss), within(1e-6));
    }
  }

  private static double[] residual(double[] parameters, double[] inputs, int row) {
    ParameterLayout layout = RESIDUAL.layout();
    int size = RESIDUAL.inputs();
    double[] image = new double[size];
    for (int i = 0; i < size; i++) {
      image[i] = inputs[row * size + i] / 255;
    }
    int height = 5;
    int width = 4;
    for (int section = 0; section < 2; section++) {
      String name = "residual." + section + ".";
      double[] wide = padded(parameters, layout, name + 0, image, height, width);
      int filters = wide.length / (height * width);
      int rows = (height + 1) / 2;
      int columns = (width + 1) / 2;
      double[] pooled = new double[filters * rows * columns];
      for (int i = 0; i < pooled.length; i++) {
        int f = i / (rows * columns);
        int r = i / columns % rows;
        int c = i % columns;
        pooled[i] = Double.NEGATIVE_INFINITY;
        for (int y = Math.max(0, 2 * r - 1); y <= Math.min(height - 1, 2 * r + 1); y++) {
          for (int x = Math.max(0, 2 * c - 1); x <= Math.min(width - 1, 2 * c + 1); x++) {
            pooled[i] = Math.max(pooled[i], wide[(f * height + y) * width + x]);
          }
        }
      }
      image = pooled;
      height = rows;
      width = columns;
      for (int block = 0; block < 2; block++) {
        double[] inner =
            padded(parameters, layout, name + (2 * block + 1), tanh(image), height, width);
        double[] outer =
            padded(parameters, layout, name + (2 * block + 2), tanh(inner), height, width);
        for (int i = 0; i < image.length; i++) {
          image[i] += outer[i];
        }
      }
    }
    double[] features = tanh(image);
    double[] outputs = new double[2];
    for (int o = 0; o < 2; o++) {
      outputs[o] = parameters[layout.entry("q.0.bias").offset() + o];
      for (int i = 0; i < features.length; i++) {
        outputs[o] +=
            features[i] * parameters[layout.entry("q.0.weight").offset() + o * features.length + i];
      }
    }
    return outputs;
  }

  private static double[] tanh(double[] values) {
    return Arrays.stream(values).map(Math::tanh).toArray();
  }

  /** A convolution of 3 × 3 with a border of zeros, which leaves the sides as they are. */
  private static double[] padded(
      double[] parameters,
      ParameterLayout layout,
      String name,
      double[] image,
      int height,
      int width) {
    int channels = image.length / (height * width);
    int weight = layout.entry(name + ".weight").offset();
    int bias = layout.entry(name + ".bias").offset();
    int filters = layout.entry(name + ".bias").size();
    double[] result = new double[filters * height * width];
    for (int f = 0; f < filters; f++) {
      for (int r = 0; r < height; r++) {
        for (int c = 0; c < width; c++) {
          double sum = parameters[bias + f];
          for (int i = 0; i < channels * 9; i++) {
            int y = r + i / 3 % 3 - 1;
            int x = c + i % 3 - 1;
            if (y >= 0 && y < height && x >= 0 && x < width) {
              sum +=
                  parameters[weight + f * channels * 9 + i]
                      * image[(i / 9 * height + y) * width + x];
            }
          }
          result[(f * height + r) * width + c] = sum;
        }
      }
    }
    return result;
  }

  /** For 4 × 84 × 84 pixels and six actions, as PPO has them; the sums are by hand. */
  @Test
  void presetsHaveTheirPublishedSizes() {
    Box images = Box.bytes(4, 84, 84);
    NetworkConfig nature = NetworkConfig.defaults().withPreset(NetworkPreset.NATURE_CNN);
    PolicySpec policy = PpoConfig.defaults().policy(images, new Discrete(6), nature);
    int shared = 32 * (4 * 64 + 1) + 64 * (32 * 16 + 1) + 64 * (64 * 9 + 1) + 512 * (3136 + 1);
    assertThat(shared).isEqualTo(1_684_128);
    assertThat(policy.network().layout().size()).isEqualTo(shared + 7 * 513);
    assertThat(((ConvolutionSpec) policy.network()).divisor()).isEqualTo(255);

    NetworkConfig impala = NetworkConfig.defaults().withPreset(NetworkPreset.IMPALA);
    policy = PpoConfig.defaults().policy(images, new Discrete(6), impala);
    int sections =
        16 * (4 * 9 + 1)
            + 4 * 16 * (16 * 9 + 1)
            + 32 * (16 * 9 + 1)
            + 4 * 32 * (32 * 9 + 1)
            + 5 * 32 * (32 * 9 + 1);
    int dense = 256 * (32 * 11 * 11 + 1);
    assertThat(sections + dense).isEqualTo(1_089_232);
    assertThat(policy.network().layout().size()).isEqualTo(sections + dense + 7 * 257);
    // Zeros and ones are no pixels.
    policy = PpoConfig.defaults().policy(Box.bits(4, 10, 10), new Discrete(6), impala);
    assertThat(((ConvolutionSpec) policy.network()).divisor()).isEqualTo(1);
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
        .withMessage(
            "kernel 4 does not fit into the 1 × 1 pixels that reach it of an image of 10 × 10");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SMALL.withDivisor(0))
        .withMessage("inputs are divided by 0.0 but must be by a number > 0");
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
