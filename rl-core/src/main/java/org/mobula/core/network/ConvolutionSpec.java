package org.mobula.core.network;

import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/**
 * Convolutions over an image, then a multilayer perceptron over what they found.
 *
 * <p>An input row is the image {@code [channels][height][width]}, flattened. A convolution takes no
 * padding and is followed by the activation. Parameters are named {@code convolution.0.weight}
 * (shape {@code [filters, channels, kernel, kernel]}), {@code convolution.0.bias}, …, then as in
 * {@link MlpSpec}; the group of a tensor is the first part of its name.
 *
 * <p>Residual sections come behind the convolutions, as in the large network of IMPALA (Espeholt et
 * al. 2018, figure 3). Each is a convolution of 3 × 3 pixels, the maximum of 3 × 3 pixels in steps
 * of two, which halves the sides, rounded up, and two residual blocks: the activation, a
 * convolution, the activation, a convolution, and what came in is added. All of them are padded by
 * one pixel, on each side, as PyTorch does. The activation follows the last section. The five
 * convolutions of section {@code s} are {@code residual.s.0.weight} to {@code residual.s.4.bias}.
 *
 * @param channels of the image
 * @param height of the image in pixels
 * @param width of the image in pixels
 * @param convolutions one after the other
 * @param trunk widths of the dense hidden layers that all heads share
 * @param columns what the output row is made of
 * @param activation between the layers
 * @param initialization how weights and biases start
 * @param residual filters of each residual section
 * @param divisor what each input is divided by before all else: 255 for pixels of 0 to 255, so that
 *     the network sees them from 0 to 1; 1 for inputs as they are
 */
public record ConvolutionSpec(
    int channels,
    int height,
    int width,
    List<Convolution> convolutions,
    List<Integer> trunk,
    List<MlpSpec.Column> columns,
    Activation activation,
    Initialization initialization,
    List<Integer> residual,
    float divisor)
    implements NetworkSpec {
  /** What the pixels of an image are divided by, so that the greatest is 1. */
  public static final float GREATEST_PIXEL = 255;

  private static final String GROUP = "convolution";
  private static final String RESIDUAL = "residual";
  private static final int RESIDUAL_KERNEL = 3;
  private static final int RESIDUAL_CONVOLUTIONS = 5; // one before the pooling, two in each block
  private static final int MOST_COLOURS = 4; // red, green, blue, alpha

  /**
   * One layer of square filters.
   *
   * @param filters channels of the result
   * @param kernel pixels of a filter's side
   * @param stride pixels from one place to the next
   */
  public record Convolution(int filters, int kernel, int stride) implements Serializable {
    /** Checks the sizes. */
    public Convolution {
      if (filters < 1 || kernel < 1 || stride < 1) {
        throw new IllegalArgumentException(
            "a convolution has %s filters, kernel %s and stride %s but each must be ≥ 1"
                .formatted(filters, kernel, stride));
      }
    }

    private int places(int pixels) {
      return pixels < kernel ? 0 : (pixels - kernel) / stride + 1;
    }
  }

  /** Checks that the filters fit into the image. */
  public ConvolutionSpec {
    convolutions = List.copyOf(convolutions);
    trunk = List.copyOf(trunk);
    columns = List.copyOf(columns);
    residual = List.copyOf(residual);
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "the image is %s × %s × %s but each size must be ≥ 1".formatted(channels, height, width));
    }
    int rows = height;
    int pixels = width;
    for (Convolution convolution : convolutions) {
      if (convolution.places(rows) == 0 || convolution.places(pixels) == 0) {
        throw new IllegalArgumentException(
            "kernel %s does not fit into the %s × %s pixels that reach it of an image of %s × %s"
                .formatted(convolution.kernel, rows, pixels, height, width));
      }
      rows = convolution.places(rows);
      pixels = convolution.places(pixels);
    }
    if (residual.stream().anyMatch(filters -> filters < 1)) {
      throw new IllegalArgumentException(
          "the residual sections have %s filters but each must have ≥ 1".formatted(residual));
    }
    if (!(divisor > 0) || Float.isInfinite(divisor)) {
      throw new IllegalArgumentException(
          "inputs are divided by %s but must be by a number > 0".formatted(divisor));
    }
    for (String taken : List.of(GROUP, RESIDUAL)) {
      if (columns.stream().anyMatch(column -> column.name().equals(taken))) {
        throw new IllegalArgumentException("the name " + taken + " is taken by the convolutions");
      }
    }
    dense(1, trunk, columns, activation, initialization);
  }

  /** Without residual sections, on inputs as they are. */
  public ConvolutionSpec(
      int channels,
      int height,
      int width,
      List<Convolution> convolutions,
      List<Integer> trunk,
      List<MlpSpec.Column> columns,
      Activation activation,
      Initialization initialization) {
    this(
        channels,
        height,
        width,
        convolutions,
        trunk,
        columns,
        activation,
        initialization,
        List.of(),
        1);
  }

  /** The same with inputs divided by another number. */
  public ConvolutionSpec withDivisor(float other) {
    return new ConvolutionSpec(
        channels,
        height,
        width,
        convolutions,
        trunk,
        columns,
        activation,
        initialization,
        residual,
        other);
  }

  /**
   * A hint at the order of an image's axes, which cannot be known for sure: where the last axis is
   * as short as colours are and the others are not.
   *
   * @return the rest of a sentence about the observations; empty where nothing looks wrong
   */
  public static Optional<String> axisOrder(Space observations) {
    int[] shape = observations instanceof Box box ? box.shape() : new int[0];
    if (shape.length != 3
        || Math.min(shape[0], shape[1]) <= MOST_COLOURS
        || shape[2] > MOST_COLOURS) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%s looks like [height, width, channels], but convolutions take [channels, height, width]:"
                + " an environment wrapper must put the channels first, as Box(%d, %d, %d)",
            observations,
            shape[2],
            shape[0],
            shape[1]));
  }

  /** The three convolutions of Mnih et al. 2015. */
  public static List<Convolution> nature() {
    return List.of(new Convolution(32, 8, 4), new Convolution(64, 4, 2), new Convolution(64, 3, 1));
  }

  /** The perceptron behind the convolutions; its inputs are {@code [filters][height][width]}. */
  public MlpSpec dense() {
    int features = channels;
    int rows = height;
    int pixels = width;
    for (Convolution convolution : convolutions) {
      features = convolution.filters;
      rows = convolution.places(rows);
      pixels = convolution.places(pixels);
    }
    for (int filters : residual) {
      features = filters;
      rows = (rows + 1) / 2;
      pixels = (pixels + 1) / 2;
    }
    return dense(features * rows * pixels, trunk, columns, activation, initialization);
  }

  private static MlpSpec dense(
      int inputs,
      List<Integer> trunk,
      List<MlpSpec.Column> columns,
      Activation activation,
      Initialization initialization) {
    return new MlpSpec(inputs, trunk, columns, activation, initialization);
  }

  @Override
  public int inputs() {
    return channels * height * width;
  }

  @Override
  public int outputs() {
    return dense().outputs();
  }

  @Override
  public ParameterLayout layout() {
    ParameterLayout.Builder layout = convolutionLayout();
    for (ParameterLayout.Entry entry : dense().layout().entries()) {
      int[] shape = entry.shape().stream().mapToInt(Integer::intValue).toArray();
      layout.group(entry.group()).add(entry.name(), shape);
    }
    return layout.build();
  }

  /** How the parameters of all convolutions lie, which come first. */
  public ParameterLayout convolutionParameters() {
    return convolutionLayout().build();
  }

  private ParameterLayout.Builder convolutionLayout() {
    ParameterLayout.Builder layout = new ParameterLayout.Builder().group(GROUP);
    int in = channels;
    for (int i = 0; i < convolutions.size(); i++) {
      Convolution convolution = convolutions.get(i);
      String name = GROUP + "." + i;
      layout.add(name + ".weight", convolution.filters, in, convolution.kernel, convolution.kernel);
      layout.add(name + ".bias", convolution.filters);
      in = convolution.filters;
    }
    layout.group(RESIDUAL);
    for (int section = 0; section < residual.size(); section++) {
      int filters = residual.get(section);
      for (int i = 0; i < RESIDUAL_CONVOLUTIONS; i++) {
        String name = RESIDUAL + "." + section + "." + i;
        layout.add(name + ".weight", filters, in, RESIDUAL_KERNEL, RESIDUAL_KERNEL);
        layout.add(name + ".bias", filters);
        in = filters;
      }
    }
    return layout;
  }

  /** A filter counts as one row of a weight matrix. */
  @Override
  public float[] initialParameters(Pcg64 random) {
    float[] parameters = new float[layout().size()];
    ParameterLayout filters = convolutionLayout().build();
    int inputs = 0;
    for (ParameterLayout.Entry entry : filters.entries()) {
      int rows = entry.shape().get(0);
      if (entry.shape().size() == 4) {
        inputs = entry.size() / rows;
        initialization.fill(
            parameters, entry.offset(), rows, inputs, initialization.hiddenGain(), random);
      } else {
        initialization.fillBiases(parameters, entry.offset(), rows, inputs, random);
      }
    }
    float[] dense = dense().initialParameters(random);
    System.arraycopy(dense, 0, parameters, filters.size(), dense.length);
    return parameters;
  }
}
