package org.mobula.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.policy.ActionValues.CategoricalReturns;
import org.mobula.core.policy.ActionValues.ExpectedReturn;
import org.mobula.core.policy.ActionValues.QuantileReturns;

class ActionValuesTest {
  @Test
  void anActionIsWorthTheMeanOfItsReturns() {
    float[] logits = {9, 0, 0, 0, 0, 0, (float) Math.log(2)};
    CategoricalReturns categorical = new CategoricalReturns(3, -1, 1);
    assertThat(categorical.expected(logits, 1)).isCloseTo(0, within(1e-7f));
    assertThat(categorical.expected(logits, 4)).isCloseTo(0.25f, within(1e-6f));
    assertThat(new QuantileReturns(2).expected(new float[] {9, 1, 3}, 1)).isEqualTo(2);
    assertThat(new ExpectedReturn().expected(new float[] {7, 8}, 1)).isEqualTo(8);
  }

  /** Logits far apart neither overflow nor vanish. */
  @Test
  void greatLogitsAreNoTrouble() {
    float[] logits = {-1e30f, 1e30f, 1e30f};
    assertThat(new CategoricalReturns(3, 0, 4).expected(logits, 0)).isCloseTo(3, within(1e-6f));
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() -> new CategoricalReturns(51, 10, 10))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("greatest is 10 but must be greater than least");
    assertThatThrownBy(() -> new CategoricalReturns(1, -10, 10))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("atoms is 1");
    assertThatThrownBy(() -> new QuantileReturns(0))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("count is 0");
  }
}
