package org.mobula.core.network;

import java.io.Serializable;
import org.mobula.core.random.Pcg64;

/**
 * How weight matrices and biases start.
 *
 * @param kind the distribution
 * @param hiddenGain scale of the hidden layers' weights
 */
public record Initialization(Kind kind, float hiddenGain) implements Serializable {
  /** Checks the gain. */
  public Initialization {
    if (!(hiddenGain > 0 && hiddenGain < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("hidden gain is " + hiddenGain + " but must be > 0");
    }
  }

  /** The distribution of fresh weights. */
  public enum Kind {
    /** Orthogonal rows or columns (Saxe et al. 2014), scaled by the gain. */
    ORTHOGONAL,
    /** Uniform within ±gain·√(3 / inputs) (He et al. 2015). */
    KAIMING_UNIFORM,
    /** Uniform within ±gain·√(6 / (inputs + outputs)) (Glorot and Bengio 2010). */
    XAVIER_UNIFORM,
    /**
     * Uniform within ±gain/√inputs, and biases within ±1/√inputs, as the linear and convolutional
     * layers of PyTorch start. With all other kinds biases start at zero: then every unit of the
     * first layer bends at the origin, where many observations lie.
     */
    FAN_IN_UNIFORM
  }

  /** Orthogonal with gain √2: the usual start of PPO and A2C. */
  public static Initialization orthogonal() {
    return new Initialization(Kind.ORTHOGONAL, (float) Math.sqrt(2));
  }

  /** Uniform within ±1/√inputs, biases too: the usual start of networks that learn values. */
  public static Initialization fanInUniform() {
    return new Initialization(Kind.FAN_IN_UNIFORM, 1);
  }

  /** Fills {@code [rows][columns]} at {@code offset}. */
  void fill(float[] parameters, int offset, int rows, int columns, float gain, Pcg64 random) {
    switch (kind) {
      case ORTHOGONAL -> orthogonal(parameters, offset, rows, columns, gain, random);
      case KAIMING_UNIFORM ->
          uniform(parameters, offset, rows * columns, gain * Math.sqrt(3.0 / columns), random);
      case XAVIER_UNIFORM ->
          uniform(
              parameters, offset, rows * columns, gain * Math.sqrt(6.0 / (rows + columns)), random);
      case FAN_IN_UNIFORM ->
          uniform(parameters, offset, rows * columns, gain / Math.sqrt(columns), random);
    }
  }

  /** Fills the biases of {@code rows} units, each with so many inputs, at {@code offset}. */
  void fillBiases(float[] parameters, int offset, int rows, int inputs, Pcg64 random) {
    if (kind == Kind.FAN_IN_UNIFORM) {
      uniform(parameters, offset, rows, 1 / Math.sqrt(inputs), random);
    }
  }

  private static void uniform(
      float[] parameters, int offset, int count, double bound, Pcg64 random) {
    for (int i = 0; i < count; i++) {
      parameters[offset + i] = (float) random.uniform(-bound, bound);
    }
  }

  /** Gram–Schmidt, twice for accuracy, on Gaussian vectors along the shorter side. */
  private static void orthogonal(
      float[] parameters, int offset, int rows, int columns, float gain, Pcg64 random) {
    int vectors = Math.min(rows, columns);
    int length = Math.max(rows, columns);
    double[][] basis = new double[vectors][length];
    for (int v = 0; v < vectors; v++) {
      for (int i = 0; i < length; i++) {
        basis[v][i] = random.nextGaussian();
      }
      for (int pass = 0; pass < 2; pass++) {
        for (int w = 0; w < v; w++) {
          double projection = dot(basis[v], basis[w]);
          for (int i = 0; i < length; i++) {
            basis[v][i] -= projection * basis[w][i];
          }
        }
      }
      double norm = Math.sqrt(dot(basis[v], basis[v]));
      for (int i = 0; i < length; i++) {
        basis[v][i] /= norm;
      }
    }
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        double value = rows <= columns ? basis[r][c] : basis[c][r];
        parameters[offset + r * columns + c] = (float) (gain * value);
      }
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
