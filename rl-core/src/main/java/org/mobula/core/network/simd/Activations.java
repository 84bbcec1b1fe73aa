package org.mobula.core.network.simd;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.mobula.core.network.Activation;

/**
 * Activations and their derivatives over whole arrays of full vectors.
 *
 * <p>Each is built from additions, multiplications, divisions and fused multiply-adds, which are
 * exact to the last bit on every machine, so the results are too. The coefficients are minimax
 * fits. Greatest errors over all numbers: tanh 3e-7, ELU 1.2e-7, GELU and SiLU 2e-7 of max(1, |x|).
 * NaN gives NaN.
 *
 * <p>Constants are made from the species outside the long chains: JDK 17 does not always see
 * through the methods that take a scalar, and boxes what it does not see through.
 */
final class Activations {
  private static final float LOG2_E = 1.442695f;
  // ln 2 in two parts, the first with trailing zero bits, so that n · first is exact.
  private static final float LN2_FIRST = 0.6933594f;
  private static final float LN2_REST = -2.12194440e-4f;
  // Adding 1.5 · 2²³ leaves a number's nearest integer in the low bits.
  private static final float ROUND = 12582912f;
  // exp stays a normal number between these.
  private static final float LOWEST_EXPONENT = -87f;
  private static final float HIGHEST_EXPONENT = 87f;
  // From here on tanh is ±1 but for 3e-7.
  private static final float TANH_END = 7.9f;
  // From here on the Gaussian distribution function is 0 or 1 but for 2e-8.
  private static final float GAUSSIAN_END = 5.5f;
  private static final float GAUSSIAN_PEAK = 0.3989423f;

  // Numbers that go through the workspace at once.
  private static final int CHUNK = 32 * Lanes.PAD;

  private final float[] exponentials = new float[CHUNK];
  private final float[] distribution = new float[CHUNK];

  /** Whether the derivative needs the layer's sums as they were before the activation. */
  static boolean needsSums(Activation activation) {
    return activation == Activation.SILU || activation == Activation.GELU;
  }

  /**
   * Computes {@code to = activation(from)}; both may be the same array.
   *
   * @param count a multiple of {@link Lanes#PAD}
   */
  void apply(Activation activation, float[] from, float[] to, int count) {
    switch (activation) {
      case IDENTITY -> identity(from, to, count);
      case TANH -> tanh(from, to, count);
      case RELU -> relu(from, to, count);
      case ELU -> elu(from, to, count);
      case SILU -> silu(from, to, count);
      case GELU -> gelu(from, to, count);
    }
  }

  /**
   * Multiplies the gradient by the derivative and adds up its rows.
   *
   * @param sums {@code [rows][columns]} before the activation; read only where {@link #needsSums}
   * @param values {@code [rows][columns]} after the activation
   * @param gradients by the values; becomes that by the sums
   * @param total receives the sum of the gradient's rows
   */
  void differentiate(
      Activation activation,
      float[] sums,
      float[] values,
      float[] gradients,
      int rows,
      int columns,
      float[] total) {
    switch (activation) {
      case IDENTITY -> {}
      case TANH -> {
        tanhGradient(values, gradients, rows, columns, total);
        return;
      }
      case RELU -> reluGradient(values, gradients, rows * columns);
      case ELU -> eluGradient(values, gradients, rows * columns);
      case SILU -> siluGradient(sums, gradients, rows * columns);
      case GELU -> geluGradient(sums, gradients, rows * columns);
    }
    Rows.sum(gradients, rows, columns, total);
  }

  private static void identity(float[] from, float[] to, int count) {
    if (from != to) {
      System.arraycopy(from, 0, to, 0, count);
    }
  }

  private static void tanh(float[] from, float[] to, int count) {
    FloatVector one = FloatVector.broadcast(SPECIES, 1f);
    FloatVector minusOne = FloatVector.broadcast(SPECIES, -1f);
    FloatVector end = FloatVector.broadcast(SPECIES, TANH_END);
    FloatVector beginning = FloatVector.broadcast(SPECIES, -TANH_END);
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = FloatVector.fromArray(SPECIES, from, i);
      FloatVector u = x.mul(x);
      FloatVector p =
          FloatVector.broadcast(SPECIES, 1.4457767e-8f)
              .fma(u, FloatVector.broadcast(SPECIES, 2.137971e-5f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 0.0035416135f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 0.13419576f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 1f));
      FloatVector q =
          FloatVector.broadcast(SPECIES, 8.2199256e-7f)
              .fma(u, FloatVector.broadcast(SPECIES, 3.3614208e-4f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 0.026051424f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 0.467529f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 1f));
      x.mul(p)
          .div(q)
          .blend(one, x.compare(GT, end))
          .blend(minusOne, x.compare(LT, beginning))
          .intoArray(to, i);
    }
  }

  /** The usual case of reinforcement learning adds up in the same pass over memory. */
  private static void tanhGradient(
      float[] values, float[] gradients, int rows, int columns, float[] total) {
    for (int column = 0; column < columns; column += FLOATS) {
      FloatVector sum = FloatVector.broadcast(SPECIES, 0f);
      for (int row = 0; row < rows; row++) {
        int i = row * columns + column;
        FloatVector y = FloatVector.fromArray(SPECIES, values, i);
        FloatVector g = FloatVector.fromArray(SPECIES, gradients, i);
        // g − g y².
        FloatVector product = y.mul(y).neg().fma(g, g);
        product.intoArray(gradients, i);
        sum = sum.add(product);
      }
      sum.intoArray(total, column);
    }
  }

  private static void relu(float[] from, float[] to, int count) {
    FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = FloatVector.fromArray(SPECIES, from, i);
      x.blend(zero, x.compare(LT, zero)).intoArray(to, i);
    }
  }

  private static void reluGradient(float[] values, float[] gradients, int count) {
    FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector y = FloatVector.fromArray(SPECIES, values, i);
      zero.blend(FloatVector.fromArray(SPECIES, gradients, i), y.compare(GT, zero))
          .intoArray(gradients, i);
    }
  }

  private void elu(float[] from, float[] to, int count) {
    FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
    for (int start = 0; start < count; start += CHUNK) {
      int part = Math.min(CHUNK, count - start);
      System.arraycopy(from, start, exponentials, 0, part);
      exponential(exponentials, 1, part);
      for (int i = 0; i < part; i += FLOATS) {
        FloatVector x = FloatVector.fromArray(SPECIES, from, start + i);
        FloatVector.fromArray(SPECIES, exponentials, i)
            .blend(x, x.compare(GT, zero))
            .intoArray(to, start + i);
      }
    }
  }

  private static void eluGradient(float[] values, float[] gradients, int count) {
    FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector y = FloatVector.fromArray(SPECIES, values, i);
      FloatVector g = FloatVector.fromArray(SPECIES, gradients, i);
      y.fma(g, g).blend(g, y.compare(GT, zero)).intoArray(gradients, i);
    }
  }

  private void silu(float[] from, float[] to, int count) {
    FloatVector one = FloatVector.broadcast(SPECIES, 1f);
    for (int start = 0; start < count; start += CHUNK) {
      int part = Math.min(CHUNK, count - start);
      exponentialOfNegative(from, start, part);
      for (int i = 0; i < part; i += FLOATS) {
        FloatVector e = FloatVector.fromArray(SPECIES, exponentials, i);
        FloatVector x = FloatVector.fromArray(SPECIES, from, start + i);
        x.div(e.add(one)).intoArray(to, start + i);
      }
    }
  }

  private void siluGradient(float[] sums, float[] gradients, int count) {
    FloatVector one = FloatVector.broadcast(SPECIES, 1f);
    for (int start = 0; start < count; start += CHUNK) {
      int part = Math.min(CHUNK, count - start);
      exponentialOfNegative(sums, start, part);
      for (int i = 0; i < part; i += FLOATS) {
        FloatVector sigmoid = one.div(FloatVector.fromArray(SPECIES, exponentials, i).add(one));
        FloatVector x = FloatVector.fromArray(SPECIES, sums, start + i);
        // σ (1 + x (1 − σ)).
        FloatVector slope = one.sub(sigmoid).fma(x, one).mul(sigmoid);
        FloatVector.fromArray(SPECIES, gradients, start + i)
            .mul(slope)
            .intoArray(gradients, start + i);
      }
    }
  }

  private void gelu(float[] from, float[] to, int count) {
    for (int start = 0; start < count; start += CHUNK) {
      int part = Math.min(CHUNK, count - start);
      gaussian(from, start, part);
      for (int i = 0; i < part; i += FLOATS) {
        FloatVector.fromArray(SPECIES, distribution, i)
            .mul(FloatVector.fromArray(SPECIES, from, start + i))
            .intoArray(to, start + i);
      }
    }
  }

  private void geluGradient(float[] sums, float[] gradients, int count) {
    FloatVector minusHalf = FloatVector.broadcast(SPECIES, -0.5f);
    FloatVector peak = FloatVector.broadcast(SPECIES, GAUSSIAN_PEAK);
    for (int start = 0; start < count; start += CHUNK) {
      int part = Math.min(CHUNK, count - start);
      gaussian(sums, start, part);
      for (int i = 0; i < part; i += FLOATS) {
        FloatVector x = FloatVector.fromArray(SPECIES, sums, start + i);
        x.mul(x).mul(minusHalf).intoArray(exponentials, i);
      }
      exponential(exponentials, 0, part);
      for (int i = 0; i < part; i += FLOATS) {
        FloatVector x = FloatVector.fromArray(SPECIES, sums, start + i);
        FloatVector density = FloatVector.fromArray(SPECIES, exponentials, i).mul(peak);
        FloatVector slope = x.fma(density, FloatVector.fromArray(SPECIES, distribution, i));
        FloatVector.fromArray(SPECIES, gradients, start + i)
            .mul(slope)
            .intoArray(gradients, start + i);
      }
    }
  }

  /** Puts the Gaussian distribution function of {@code from} into the workspace. */
  private void gaussian(float[] from, int start, int count) {
    FloatVector zero = FloatVector.broadcast(SPECIES, 0f);
    FloatVector half = FloatVector.broadcast(SPECIES, 0.5f);
    FloatVector one = FloatVector.broadcast(SPECIES, 1f);
    FloatVector end = FloatVector.broadcast(SPECIES, GAUSSIAN_END);
    FloatVector beginning = FloatVector.broadcast(SPECIES, -GAUSSIAN_END);
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = FloatVector.fromArray(SPECIES, from, start + i);
      FloatVector u = x.mul(x);
      FloatVector p =
          FloatVector.broadcast(SPECIES, 2.274938e-8f)
              .fma(u, FloatVector.broadcast(SPECIES, 6.3521293e-6f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 1.6882652e-4f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 0.004677266f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 0.033852722f));
      p = p.fma(u, FloatVector.broadcast(SPECIES, 0.39894223f));
      FloatVector q =
          FloatVector.broadcast(SPECIES, 1.1975052e-6f)
              .fma(u, FloatVector.broadcast(SPECIES, 7.36478e-5f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 0.0018844495f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 0.028645916f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 0.25152212f));
      q = q.fma(u, FloatVector.broadcast(SPECIES, 1f));
      x.mul(p)
          .div(q)
          .add(half)
          .blend(one, x.compare(GT, end))
          .blend(zero, x.compare(LT, beginning))
          .intoArray(distribution, i);
    }
  }

  private void exponentialOfNegative(float[] from, int start, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector.fromArray(SPECIES, from, start + i).neg().intoArray(exponentials, i);
    }
    exponential(exponentials, 0, count);
  }

  /**
   * Replaces x by exp(x) − c, with x held where exp(x) is a normal number.
   *
   * @param c 0 or 1; for 1 small results keep their relative precision
   */
  private static void exponential(float[] values, float c, int count) {
    FloatVector lowest = FloatVector.broadcast(SPECIES, LOWEST_EXPONENT);
    FloatVector highest = FloatVector.broadcast(SPECIES, HIGHEST_EXPONENT);
    FloatVector log2e = FloatVector.broadcast(SPECIES, LOG2_E);
    FloatVector round = FloatVector.broadcast(SPECIES, ROUND);
    FloatVector constant = FloatVector.broadcast(SPECIES, c);
    IntVector oneAsInts = FloatVector.broadcast(SPECIES, 1f).reinterpretAsInts();
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = FloatVector.fromArray(SPECIES, values, i);
      x = x.blend(lowest, x.compare(LT, lowest));
      x = x.blend(highest, x.compare(GT, highest));
      // x = n ln 2 + r with the smallest |r|; n's bits become the exponent of a number.
      FloatVector rounded = x.fma(log2e, round);
      FloatVector power =
          rounded.reinterpretAsInts().lanewise(LSHL, 23).add(oneAsInts).reinterpretAsFloats();
      FloatVector n = rounded.sub(round);
      FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_FIRST), x);
      r = n.fma(FloatVector.broadcast(SPECIES, -LN2_REST), r);
      FloatVector p =
          FloatVector.broadcast(SPECIES, 0.001395054f)
              .fma(r, FloatVector.broadcast(SPECIES, 0.008368918f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0.041666206f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0.16666518f));
      p = p.fma(r, FloatVector.broadcast(SPECIES, 0.5f));
      p = p.fma(r.mul(r), r);
      // 2ⁿ (exp(r) − 1) + (2ⁿ − c).
      p.fma(power, power.sub(constant)).intoArray(values, i);
    }
  }
}
