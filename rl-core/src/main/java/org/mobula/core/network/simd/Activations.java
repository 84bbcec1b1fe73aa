package org.mobula.core.network.simd;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;
import org.mobula.core.network.Activation;

/**
 * Activations and their derivatives over whole arrays of full vectors.
 *
 * <p>Each is built from additions, multiplications, divisions and fused multiply-adds, which are
 * exact to the last bit on every machine, so the results are too. The coefficients are minimax
 * fits. Greatest errors over all numbers: tanh 3e-7, ELU 1.2e-7, GELU and SiLU 2e-7 of max(1, |x|).
 * NaN gives NaN.
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

  private Activations() {}

  /** Whether the derivative needs the layer's sums as they were before the activation. */
  static boolean needsSums(Activation activation) {
    return activation == Activation.SILU || activation == Activation.GELU;
  }

  /**
   * Computes {@code to = activation(from)}; both may be the same array.
   *
   * @param count a multiple of {@link Lanes#PAD}
   */
  static void apply(Activation activation, float[] from, float[] to, int count) {
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
   * Multiplies the gradient by the derivative.
   *
   * @param sums before the activation; read only where {@link #needsSums}
   * @param values after the activation
   * @param gradients by the values; becomes that by the sums
   */
  static void differentiate(
      Activation activation, float[] sums, float[] values, float[] gradients, int count) {
    switch (activation) {
      case IDENTITY -> {}
      case TANH -> tanhGradient(values, gradients, count);
      case RELU -> reluGradient(values, gradients, count);
      case ELU -> eluGradient(values, gradients, count);
      case SILU -> siluGradient(sums, gradients, count);
      case GELU -> geluGradient(sums, gradients, count);
    }
  }

  private static void identity(float[] from, float[] to, int count) {
    if (from != to) {
      System.arraycopy(from, 0, to, 0, count);
    }
  }

  private static void tanh(float[] from, float[] to, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(from, i);
      FloatVector u = x.mul(x);
      FloatVector p = constant(1.4457767e-8f).fma(u, constant(2.137971e-5f));
      p = p.fma(u, constant(0.0035416135f));
      p = p.fma(u, constant(0.13419576f));
      p = p.fma(u, constant(1f));
      FloatVector q = constant(8.2199256e-7f).fma(u, constant(3.3614208e-4f));
      q = q.fma(u, constant(0.026051424f));
      q = q.fma(u, constant(0.467529f));
      q = q.fma(u, constant(1f));
      x.mul(p)
          .div(q)
          .blend(1f, x.compare(GT, TANH_END))
          .blend(-1f, x.compare(LT, -TANH_END))
          .intoArray(to, i);
    }
  }

  private static void tanhGradient(float[] values, float[] gradients, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector y = load(values, i);
      FloatVector g = load(gradients, i);
      // g − g y², which rounds once less than g (1 − y²).
      y.mul(y).neg().fma(g, g).intoArray(gradients, i);
    }
  }

  private static void relu(float[] from, float[] to, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(from, i);
      x.blend(0f, x.compare(LT, 0f)).intoArray(to, i);
    }
  }

  private static void reluGradient(float[] values, float[] gradients, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector.zero(SPECIES)
          .blend(load(gradients, i), load(values, i).compare(GT, 0f))
          .intoArray(gradients, i);
    }
  }

  private static void elu(float[] from, float[] to, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(from, i);
      FloatVector bounded = x.blend(LOWEST_EXPONENT, x.compare(LT, LOWEST_EXPONENT));
      bounded = bounded.blend(0f, x.compare(GT, 0f));
      FloatVector n = powerOfTwo(bounded);
      FloatVector scale = scale(n);
      // exp(x) − 1 = s (exp(r) − 1) + (s − 1), which keeps small numbers exact.
      FloatVector negative = fraction(bounded, n).fma(scale, scale.sub(1f));
      negative.blend(x, x.compare(GT, 0f)).intoArray(to, i);
    }
  }

  private static void eluGradient(float[] values, float[] gradients, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector y = load(values, i);
      FloatVector g = load(gradients, i);
      y.fma(g, g).blend(g, y.compare(GT, 0f)).intoArray(gradients, i);
    }
  }

  private static void silu(float[] from, float[] to, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(from, i);
      x.div(exponential(x.neg()).add(1f)).intoArray(to, i);
    }
  }

  private static void siluGradient(float[] sums, float[] gradients, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(sums, i);
      FloatVector sigmoid = constant(1f).div(exponential(x.neg()).add(1f));
      // σ (1 + x (1 − σ)).
      FloatVector slope = constant(1f).sub(sigmoid).fma(x, constant(1f)).mul(sigmoid);
      load(gradients, i).mul(slope).intoArray(gradients, i);
    }
  }

  private static void gelu(float[] from, float[] to, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(from, i);
      x.mul(gaussian(x)).intoArray(to, i);
    }
  }

  private static void geluGradient(float[] sums, float[] gradients, int count) {
    for (int i = 0; i < count; i += FLOATS) {
      FloatVector x = load(sums, i);
      FloatVector density = exponential(x.mul(x).mul(-0.5f)).mul(GAUSSIAN_PEAK);
      load(gradients, i).mul(x.fma(density, gaussian(x))).intoArray(gradients, i);
    }
  }

  /** The Gaussian distribution function. */
  private static FloatVector gaussian(FloatVector x) {
    FloatVector u = x.mul(x);
    FloatVector p = constant(2.274938e-8f).fma(u, constant(6.3521293e-6f));
    p = p.fma(u, constant(1.6882652e-4f));
    p = p.fma(u, constant(0.004677266f));
    p = p.fma(u, constant(0.033852722f));
    p = p.fma(u, constant(0.39894223f));
    FloatVector q = constant(1.1975052e-6f).fma(u, constant(7.36478e-5f));
    q = q.fma(u, constant(0.0018844495f));
    q = q.fma(u, constant(0.028645916f));
    q = q.fma(u, constant(0.25152212f));
    q = q.fma(u, constant(1f));
    return x.mul(p)
        .div(q)
        .add(0.5f)
        .blend(1f, x.compare(GT, GAUSSIAN_END))
        .blend(0f, x.compare(LT, -GAUSSIAN_END));
  }

  /** exp(x), with x held where the result is a normal number. */
  private static FloatVector exponential(FloatVector x) {
    FloatVector bounded =
        x.blend(LOWEST_EXPONENT, x.compare(LT, LOWEST_EXPONENT))
            .blend(HIGHEST_EXPONENT, x.compare(GT, HIGHEST_EXPONENT));
    FloatVector n = powerOfTwo(bounded);
    FloatVector scale = scale(n);
    return fraction(bounded, n).fma(scale, scale);
  }

  /** n of x = n ln 2 + r with the smallest |r|, still with {@link #ROUND} added. */
  private static FloatVector powerOfTwo(FloatVector x) {
    return x.fma(constant(LOG2_E), constant(ROUND));
  }

  /** 2ⁿ: n becomes the exponent bits of a number. */
  private static FloatVector scale(FloatVector n) {
    return n.reinterpretAsInts().lanewise(LSHL, 23).add(0x3f800000).reinterpretAsFloats();
  }

  /** exp(r) − 1 by a polynomial. */
  private static FloatVector fraction(FloatVector x, FloatVector powerOfTwo) {
    FloatVector n = powerOfTwo.sub(ROUND);
    FloatVector r = n.fma(constant(-LN2_FIRST), x);
    r = n.fma(constant(-LN2_REST), r);
    FloatVector p = constant(0.001395054f).fma(r, constant(0.008368918f));
    p = p.fma(r, constant(0.041666206f));
    p = p.fma(r, constant(0.16666518f));
    p = p.fma(r, constant(0.5f));
    return p.fma(r.mul(r), r);
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(SPECIES, from, at);
  }

  private static FloatVector constant(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }
}
