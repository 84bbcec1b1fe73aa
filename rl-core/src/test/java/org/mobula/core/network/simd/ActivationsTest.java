package org.mobula.core.network.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.network.Activation;

class ActivationsTest {
  private static final int BLOCK = 1 << 12;

  private final Activations activations = new Activations();

  @ParameterizedTest
  @EnumSource
  void staysWithinItsStatedErrorOnAllNumbers(Activation activation) {
    double bound =
        switch (activation) {
          case IDENTITY, RELU -> 0;
          case TANH -> 3e-7;
          case ELU -> 1.2e-7;
          case SILU, GELU -> 2e-7;
        };
    double worst = 0;
    float[] from = new float[BLOCK];
    float[] to = new float[BLOCK];
    // A sample of all finite floats up to 1000, from the smallest magnitudes on.
    for (int sign = 0; sign < 2; sign++) {
      int bits = 0;
      while (Float.intBitsToFloat(bits) < 1000) {
        for (int i = 0; i < BLOCK; i++) {
          from[i] = Float.intBitsToFloat(bits) * (sign == 0 ? 1 : -1);
          bits += 1511;
        }
        activations.apply(activation, from, to, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
          double scale =
              activation == Activation.TANH ? 1 : Math.max(1, Math.abs((double) from[i]));
          double error = Math.abs(to[i] - exact(activation, from[i])) / scale;
          worst = Math.max(worst, error);
        }
      }
    }
    assertThat(worst).isLessThanOrEqualTo(bound);
  }

  @ParameterizedTest
  @EnumSource
  void derivativeIsTheSlope(Activation activation) {
    float[] sums = new float[BLOCK];
    float[] values = new float[BLOCK];
    float[] gradients = new float[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      sums[i] = (i - BLOCK / 2f + 0.5f) * 12 / BLOCK;
      gradients[i] = 2;
    }
    activations.apply(activation, sums, values, BLOCK);
    float[] total = new float[Lanes.PAD];
    activations.differentiate(
        activation, sums, values, gradients, BLOCK / Lanes.PAD, Lanes.PAD, total);
    double step = 1e-5;
    for (int i = 0; i < BLOCK; i++) {
      double slope =
          (exact(activation, sums[i] + step) - exact(activation, sums[i] - step)) / (2 * step);
      assertThat((double) gradients[i] / 2)
          .as("%s at %s", activation, sums[i])
          .isCloseTo(slope, within(2e-6));
    }
  }

  @Test
  void tanhNeverLeavesItsRange() {
    float[] from = new float[BLOCK];
    float[] to = new float[BLOCK];
    for (int bits = Float.floatToIntBits(6.5f); bits < Float.floatToIntBits(8.5f); ) {
      for (int i = 0; i < BLOCK; i++) {
        from[i] = Float.intBitsToFloat(bits++);
      }
      activations.apply(Activation.TANH, from, to, BLOCK);
      for (float value : to) {
        assertThat(value <= 1f).isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void keepsInfinitiesAndNotANumberInTheirPlace(Activation activation) {
    float[] from = new float[Lanes.PAD];
    from[0] = Float.POSITIVE_INFINITY;
    from[1] = Float.NaN;
    float[] to = new float[Lanes.PAD];
    activations.apply(activation, from, to, Lanes.PAD);
    assertThat(to[0]).isEqualTo(activation == Activation.TANH ? 1 : Float.POSITIVE_INFINITY);
    assertThat(to[1]).isNaN();
    assertThat(to[2]).isZero();
  }

  private static double exact(Activation activation, double x) {
    return switch (activation) {
      case IDENTITY -> x;
      case TANH -> Math.tanh(x);
      case RELU -> Math.max(0, x);
      case ELU -> x > 0 ? x : Math.expm1(x);
      case SILU -> x / (1 + Math.exp(-x));
      case GELU -> x * gaussian(x);
    };
  }

  /** The Gaussian distribution function by its series (Marsaglia 2004), exact in double. */
  private static double gaussian(double x) {
    if (Math.abs(x) > 8) {
      return x < 0 ? 0 : 1;
    }
    double sum = x;
    double term = x;
    for (int i = 3; Math.abs(term) > 1e-18; i += 2) {
      term *= x * x / i;
      sum += term;
    }
    return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }
}
