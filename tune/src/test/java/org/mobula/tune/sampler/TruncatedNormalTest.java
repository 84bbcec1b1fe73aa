package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.apache.commons.numbers.gamma.ErfDifference;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;

class TruncatedNormalTest {
  @Test
  void agreesWithTheErrorFunctionFromTheMiddleToTheTails() {
    Pcg64 random = new Pcg64(5);
    for (int i = 0; i < 20_000; i++) {
      double a = random.uniform(-20, 20);
      double b = a + Math.pow(10, random.uniform(-8, 1.6));
      double expected = Math.log(0.5 * ErfDifference.value(a / Math.sqrt(2), b / Math.sqrt(2)));
      assertThat(TruncatedNormal.logMass(a, b))
          .as("%s to %s", a, b)
          .isCloseTo(expected, within(1e-10));
    }
  }

  @Test
  void isSymmetricAndExactWhereProbabilitiesAreNoLongerNumbers() {
    assertThat(TruncatedNormal.logMass(-2, 9)).isEqualTo(TruncatedNormal.logMass(-9, 2));
    assertThat(TruncatedNormal.logMass(-9, 9)).isZero();
    // Abramowitz and Stegun 26.2.12, to the fourth term.
    double tail = -0.5 * 1600 - Math.log(40 * Math.sqrt(2 * Math.PI));
    double series = Math.log1p(-1 / 1600.0 + 3 / 2.56e6 - 15 / 4.096e9);
    assertThat(TruncatedNormal.logMass(40, 100)).isCloseTo(tail + series, within(1e-9));
  }
}
