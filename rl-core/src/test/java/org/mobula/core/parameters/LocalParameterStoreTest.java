package org.mobula.core.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;

class LocalParameterStoreTest extends ParameterStoreContract {
  @Override
  protected ParameterStore create(
      ParameterLayout layout, float[] initial, OptimizerConfig optimizer, double maxGradientNorm) {
    return new LocalParameterStore(layout, initial, optimizer, maxGradientNorm);
  }

  @Test
  void pullAndPushDoNotAllocate() {
    ParameterLayout layout = new ParameterLayout.Builder().add("weight", 100, 100).build();
    try (ParameterStore store = create(layout, new float[10_000], Adam.defaults(), 0.5)) {
      float[] vector = new float[10_000];
      com.sun.management.ThreadMXBean threads =
          (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 200; i++) {
        store.pull(vector);
        store.push(vector, 0.01);
      }
      // A single vector would be 40,000 bytes; the first calls link a few small things.
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(40_000);
    }
  }

  @Test
  void saysWhatIsWrong() {
    ParameterLayout layout = new ParameterLayout.Builder().add("weight", 3).build();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> create(layout, new float[2], Adam.defaults(), 0))
        .withMessage("the initial parameters have 2 numbers but the layout has 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> create(layout, new float[3], Adam.defaults(), -1))
        .withMessage("max-gradient-norm is -1.0 but must be ≥ 0, where 0 means no limit");
  }
}
