package org.mobula.core.network.simd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SumsTest {
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
