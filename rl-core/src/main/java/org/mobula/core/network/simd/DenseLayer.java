package org.mobula.core.network.simd;

import org.jspecify.annotations.Nullable;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ParameterLayout;

/**
 * One layer {@code activation(W x + b)}: its place in the flat vector, its weights cut into {@link
 * Panels}, and its part of the workspace. Rows are padded; what lies in the padding is zero.
 */
final class DenseLayer {
  /** No wider than this, dot products beat a block of which most columns are padding. */
  private static final int FEW_OUTPUTS = 6;

  final int outputs;
  final int paddedOutputs;
  private final int inputs;
  private final int paddedInputs;
  private final int weightOffset;
  private final int biasOffset;
  private final Activation activation;

  private final float[] bias;
  // B of the forward product: the transposed weights.
  private final float[] forwardPanels;
  // B of the product for the input gradient: the weights.
  private final float[] backwardPanels;
  // Rows of the weights for dot products; empty where a product is used.
  private final float[] weightRows;
  private final float[] weightGradient;
  private final float[] biasGradient;
  private final float[] zeros;
  private final float[] partial;

  private float[] sums = {};
  private float[] values = {};
  private float[] gradients = {};
  // The right-hand side of the weight gradient's product, where it is not one panel as it lies.
  private float[] gradientPanels = {};

  DenseLayer(ParameterLayout layout, String name, Activation activation) {
    ParameterLayout.Entry weight = layout.entry(name + ".weight");
    outputs = weight.shape().get(0);
    inputs = weight.shape().get(1);
    paddedOutputs = Lanes.padded(outputs);
    paddedInputs = Lanes.padded(inputs);
    weightOffset = weight.offset();
    biasOffset = layout.entry(name + ".bias").offset();
    this.activation = activation;
    bias = new float[paddedOutputs];
    biasGradient = new float[paddedOutputs];
    forwardPanels = new float[usesDots() ? 0 : inputs * paddedOutputs];
    weightRows = new float[usesDots() ? outputs * paddedInputs : 0];
    backwardPanels = new float[outputs * paddedInputs];
    weightGradient =
        new float[gradientIsTransposed() ? inputs * paddedOutputs : outputs * paddedInputs];
    partial = new float[usesDots() ? Dots.WORKSPACE : 0];
    zeros = new float[Math.max(paddedInputs, paddedOutputs)];
  }

  private boolean usesDots() {
    return outputs <= FEW_OUTPUTS;
  }

  /**
   * Whether the weight gradient is computed with the outputs as columns: where the inputs are so
   * few that a row would mostly be padding.
   */
  private boolean gradientIsTransposed() {
    return (long) (inputs + 5) / 6 * paddedOutputs < (long) (outputs + 5) / 6 * paddedInputs;
  }

  void setParameters(float[] parameters) {
    System.arraycopy(parameters, biasOffset, bias, 0, outputs);
    if (usesDots()) {
      Rows.copyColumns(
          parameters, weightOffset, inputs, weightRows, 0, paddedInputs, outputs, inputs);
    } else {
      Panels.packTransposed(
          parameters, weightOffset, outputs, inputs, paddedOutputs, forwardPanels);
    }
    Panels.packUnpadded(parameters, weightOffset, outputs, inputs, paddedInputs, backwardPanels);
  }

  /** Makes room for a batch, with zeros in the padding. */
  void reserve(int batch) {
    values = Lanes.matrix(batch, paddedOutputs);
    sums = Activations.needsSums(activation) ? Lanes.matrix(batch, paddedOutputs) : values;
    gradients = Lanes.matrix(batch, paddedOutputs);
    int panelColumns = gradientIsTransposed() ? paddedOutputs : paddedInputs;
    gradientPanels = Panels.isOne(panelColumns) ? new float[0] : new float[batch * panelColumns];
  }

  /** The outputs of the last {@link #forward}, {@code [batch][paddedOutputs]}. */
  float[] values() {
    return values;
  }

  /** Where the gradient by {@link #values} belongs before {@link #backward}. */
  float[] gradients() {
    return gradients;
  }

  /**
   * Computes the values.
   *
   * @param x {@code [batch][paddedInputs]}
   */
  void forward(Product product, Activations activations, float[] x, int batch) {
    if (usesDots()) {
      Dots.multiply(
          batch, x, paddedInputs, outputs, weightRows, bias, sums, paddedOutputs, partial);
    } else {
      product.multiply(batch, inputs, x, paddedInputs, forwardPanels, paddedOutputs, bias, 0, sums);
    }
    activations.apply(activation, sums, values, batch * paddedOutputs);
  }

  /**
   * Computes the layer's part of the parameter gradient from {@link #gradients}.
   *
   * @param x as it was at {@link #forward}
   * @param parameterGradient its part is overwritten, unless null
   * @param inputGradients {@code [batch][paddedInputs]}, unless null
   * @param add whether the input gradients are added to what is there
   */
  void backward(
      Product product,
      Activations activations,
      float[] x,
      int batch,
      float @Nullable [] parameterGradient,
      float @Nullable [] inputGradients,
      boolean add) {
    activations.differentiate(
        activation, sums, values, gradients, batch, paddedOutputs, biasGradient);
    if (parameterGradient != null) {
      weightGradient(product, x, batch, parameterGradient);
    }
    if (inputGradients != null) {
      product.multiply(
          batch,
          outputs,
          gradients,
          paddedOutputs,
          backwardPanels,
          paddedInputs,
          add ? inputGradients : zeros,
          add ? paddedInputs : 0,
          inputGradients);
    }
  }

  private void weightGradient(Product product, float[] x, int batch, float[] parameterGradient) {
    System.arraycopy(biasGradient, 0, parameterGradient, biasOffset, outputs);
    if (gradientIsTransposed()) {
      float[] panels = panels(gradients, batch, paddedOutputs);
      product.multiplyTransposed(
          inputs, batch, x, paddedInputs, panels, paddedOutputs, zeros, 0, weightGradient);
      for (int output = 0; output < outputs; output++) {
        int row = weightOffset + output * inputs;
        for (int input = 0; input < inputs; input++) {
          parameterGradient[row + input] = weightGradient[input * paddedOutputs + output];
        }
      }
    } else {
      float[] panels = panels(x, batch, paddedInputs);
      product.multiplyTransposed(
          outputs, batch, gradients, paddedOutputs, panels, paddedInputs, zeros, 0, weightGradient);
      Rows.copyColumns(
          weightGradient,
          0,
          paddedInputs,
          parameterGradient,
          weightOffset,
          inputs,
          outputs,
          inputs);
    }
  }

  private float[] panels(float[] matrix, int rows, int columns) {
    if (Panels.isOne(columns)) {
      return matrix;
    }
    Panels.pack(matrix, rows, columns, gradientPanels);
    return gradientPanels;
  }
}
