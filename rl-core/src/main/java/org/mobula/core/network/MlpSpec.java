package org.mobula.core.network;

import java.io.Serializable;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.mobula.core.random.Pcg64;

/**
 * A multilayer perceptron with one or more heads on a trunk that may be empty.
 *
 * <p>Hidden layers are {@code activation(W x + b)}; the last layer of a head is linear. The output
 * row holds the columns of {@code columns} one after the other. Parameters are named {@code
 * trunk.0.weight} (shape {@code [out, in]}), {@code trunk.0.bias}, {@code policy.0.weight}, …; a
 * constant is named as it is called. The first part of the name is the parameter's optimizer group.
 *
 * @param inputs numbers in an input row
 * @param trunk widths of the hidden layers that all heads share; empty where the heads are apart
 * @param columns what the output row is made of
 * @param activation between the layers
 * @param initialization how weights and biases start
 */
public record MlpSpec(
    int inputs,
    List<Integer> trunk,
    List<Column> columns,
    Activation activation,
    Initialization initialization)
    implements NetworkSpec {
  private static final String TRUNK = "trunk";
  private static final String BIAS = ".bias";

  /** Some columns of the output row. */
  public sealed interface Column extends Serializable {
    /** Unique within the network; the first part of the parameters' names. */
    String name();

    /** How many columns. */
    int width();
  }

  /**
   * Columns computed from the input.
   *
   * @param hidden widths of the head's own hidden layers
   * @param width columns of the output
   * @param gain of the last layer's initial weights
   */
  public record Head(String name, List<Integer> hidden, int width, float gain) implements Column {
    /** Checks the widths. */
    public Head {
      hidden = List.copyOf(hidden);
      checkWidths(name, hidden);
      checkWidth(name, width);
    }
  }

  /**
   * Columns that are parameters themselves, the same in each row: a state-independent log standard
   * deviation, say.
   *
   * @param initial the value that each starts with
   */
  public record Constant(String name, int width, float initial) implements Column {
    /** Checks the width. */
    public Constant {
      checkWidth(name, width);
    }
  }

  /** Checks the sizes. */
  public MlpSpec {
    trunk = List.copyOf(trunk);
    columns = List.copyOf(columns);
    if (inputs < 1) {
      throw new IllegalArgumentException("inputs is " + inputs + " but must be ≥ 1");
    }
    if (columns.isEmpty()) {
      throw new IllegalArgumentException("a network needs at least one output column");
    }
    checkWidths(TRUNK, trunk);
    Set<String> names = new HashSet<>(Set.of(TRUNK));
    for (Column column : columns) {
      if (!names.add(column.name())) {
        throw new IllegalArgumentException(
            "the name "
                + column.name()
                + " is taken: columns need names of their own, and "
                + TRUNK
                + " is the shared layers'");
      }
    }
  }

  private static void checkWidths(String name, List<Integer> widths) {
    for (int width : widths) {
      checkWidth(name, width);
    }
  }

  private static void checkWidth(String name, int width) {
    if (width < 1) {
      throw new IllegalArgumentException(
          "a width of " + name + " is " + width + " but must be ≥ 1");
    }
  }

  @Override
  public int outputs() {
    return columns.stream().mapToInt(Column::width).sum();
  }

  @Override
  public ParameterLayout layout() {
    ParameterLayout.Builder layout = new ParameterLayout.Builder().group(TRUNK);
    int width = addLayers(layout, TRUNK, inputs, trunk);
    for (Column column : columns) {
      if (column instanceof Head head) {
        layout.group(head.name);
        int last = addLayers(layout, head.name, width, head.hidden);
        addLayer(layout, head.name + "." + head.hidden.size(), last, head.width);
      } else {
        layout.group(column.name()).add(column.name(), column.width());
      }
    }
    return layout.build();
  }

  private static int addLayers(
      ParameterLayout.Builder layout, String name, int inputs, List<Integer> widths) {
    int last = inputs;
    for (int i = 0; i < widths.size(); i++) {
      addLayer(layout, name + "." + i, last, widths.get(i));
      last = widths.get(i);
    }
    return last;
  }

  private static void addLayer(ParameterLayout.Builder layout, String name, int in, int out) {
    layout.add(name + ".weight", out, in).add(name + BIAS, out);
  }

  @Override
  public float[] initialParameters(Pcg64 random) {
    ParameterLayout layout = layout();
    float[] parameters = new float[layout.size()];
    int inputsOfLayer = 0;
    for (ParameterLayout.Entry entry : layout.entries()) {
      if (entry.shape().size() == 2) {
        inputsOfLayer = entry.shape().get(1);
        initialization.fill(
            parameters,
            entry.offset(),
            entry.shape().get(0),
            inputsOfLayer,
            gain(entry.name()),
            random);
      } else if (entry.name().endsWith(BIAS)) {
        initialization.fillBiases(parameters, entry.offset(), entry.size(), inputsOfLayer, random);
      }
    }
    for (Column column : columns) {
      if (column instanceof Constant constant) {
        int offset = layout.entry(constant.name).offset();
        Arrays.fill(parameters, offset, offset + constant.width, constant.initial);
      }
    }
    return parameters;
  }

  private float gain(String parameter) {
    for (Column column : columns) {
      if (column instanceof Head head
          && parameter.equals(head.name + "." + head.hidden.size() + ".weight")) {
        return head.gain;
      }
    }
    return initialization.hiddenGain();
  }
}
