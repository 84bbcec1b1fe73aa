package org.mobula.parameterserver.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Adam;

/** The whole contract over the text of the kernels, on a machine without a GPU. */
class InterpretedArithmeticTest extends ShardArithmeticContract {
  @Override
  protected ShardArithmetic create() {
    return new KernelArithmetic(new InterpretedDevice());
  }

  @Test
  void givesAllMemoryBack() {
    InterpretedDevice device = new InterpretedDevice();
    KernelArithmetic kernels = new KernelArithmetic(device);
    int scratch = device.arrays();
    ParameterLayout layout = new ParameterLayout.Builder().add("a", 5000).build();
    try (ShardArithmetic.Vector vector = kernels.vector(5000);
        ShardArithmetic.Vector lent = kernels.lend(new float[5000], 0, 5000);
        ShardOptimizer optimizer = kernels.optimizer(Adam.defaults(), layout, 0, 5000)) {
      kernels.sum(List.of(vector, lent), vector);
      kernels.sumsOfSquares(vector, new double[2]);
      optimizer.step(vector, lent, 0.1, 1);
      assertThat(device.arrays()).isEqualTo(scratch + 4);
    }
    assertThat(device.arrays()).isEqualTo(scratch);
  }

  @Test
  void refusesAVectorOfAnotherDevice() {
    KernelArithmetic one = new KernelArithmetic(new InterpretedDevice());
    KernelArithmetic other = new KernelArithmetic(new InterpretedDevice());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> one.scale(other.vector(3), 2))
        .withMessageContaining("made by another arithmetic");
  }
}
