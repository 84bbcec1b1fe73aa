package org.mobula.core.network.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

class DjlAutogradTest {
  @Test
  void differentiatesTheMeanOfTheLogSoftmax() {
    float[] logits = {1, 2, -1, 0.5f, 0, 3};
    Shape shape = new Shape(2, 3);
    float[] gradient =
        DjlAutograd.gradient(logits, shape, array -> array.logSoftmax(1).get("0, 1").mul(2));
    double sum = Math.exp(1) + Math.exp(2) + Math.exp(-1);
    assertThat(gradient[0]).isCloseTo((float) (-2 * Math.exp(1) / sum), within(1e-6f));
    assertThat(gradient[1]).isCloseTo((float) (2 - 2 * Math.exp(2) / sum), within(1e-6f));
    assertThat(gradient[3]).isZero();
    assertThat(DjlAutograd.value(logits, shape, array -> array.sum())).isEqualTo(5.5f);
  }
}
