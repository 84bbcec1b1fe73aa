package org.mobula.core.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class TargetNetworkTest {
  @Test
  void followsSlowly() {
    TargetNetwork target = new TargetNetwork(2, 0.005);
    target.copy(new float[] {1, -2});
    float[] online = {3, 2};
    for (int i = 0; i < 100; i++) {
      target.update(online);
    }
    double left = Math.pow(0.995, 100);
    assertThat(target.parameters()[0]).isCloseTo((float) (3 - 2 * left), within(1e-5f));
    assertThat(target.parameters()[1]).isCloseTo((float) (2 - 4 * left), within(1e-5f));
  }

  @Test
  void manyUpdatesAtOnceAreAsManyOneByOne() {
    TargetNetwork target = new TargetNetwork(1, 0.005);
    target.copy(new float[] {1});
    target.update(new float[] {3}, 100);
    assertThat(target.parameters()[0])
        .isCloseTo((float) (3 - 2 * Math.pow(0.995, 100)), within(1e-6f));
  }

  @Test
  void aRateOfOneIsACopy() {
    TargetNetwork target = new TargetNetwork(2, 1);
    float[] online = {0.1f, Float.MIN_VALUE};
    target.update(online);
    assertThat(target.parameters()).isEqualTo(online).isNotSameAs(online);
  }

  @Test
  void restoresEachBit() throws IOException {
    TargetNetwork target = new TargetNetwork(2, 0.1);
    target.copy(new float[] {0.1f, -0f});
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    target.writeState(new DataOutputStream(bytes));
    TargetNetwork restored = new TargetNetwork(2, 0.1);
    restored.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    assertThat(restored.parameters()).isEqualTo(target.parameters());
  }

  @Test
  void theRateIsAShare() {
    for (double rate : new double[] {0, 1.5, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new TargetNetwork(1, rate))
          .withMessage("rate is " + rate + " but must be in (0, 1]");
    }
  }
}
