package org.mobula.core.network.simd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;

class SumsTest {
  @Test
  void squaresAreAddedInEightSumsSideBySide() {
    Pcg64 random = new Pcg64(1);
    for (int size : new int[] {0, 1, 7, 8, 9, 63, 64, 4095, 4096}) {
      float[] values = new float[size + 5];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (random.nextGaussian() * Math.pow(10, i % 20 - 10));
      }
      assertThat(Sums.ofSquares(values, 5, size + 5)).isEqualTo(inOrder(values, 5, size + 5));
    }
  }

  private static double inOrder(float[] values, int from, int to) {
    double[] sums = new double[8];
    int whole = (to - from) / 8 * 8;
    for (int i = 0; i < whole; i++) {
      sums[i % 8] += (double) values[from + i] * values[from + i];
    }
    double sum =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    for (int i = from + whole; i < to; i++) {
      sum += (double) values[i] * values[i];
    }
    return sum;
  }

  @Test
  void aNumberThatIsNotFiniteIsFoundWhereverItIs() {
    float[] values = new float[300];
    values[0] = Float.MAX_VALUE;
    values[299] = -Float.MAX_VALUE;
    assertThat(Sums.areFinite(values, 0, values.length)).isTrue();
    for (int at = 0; at < values.length; at++) {
      for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY}) {
        float before = values[at];
        values[at] = bad;
        assertThat(Sums.areFinite(values, 0, values.length)).isFalse();
        assertThat(Sums.areFinite(values, at + 1, values.length)).isTrue();
        assertThat(Sums.areFinite(values, 0, at)).isTrue();
        values[at] = before;
      }
    }
  }
}
