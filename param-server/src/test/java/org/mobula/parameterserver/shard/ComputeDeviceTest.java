package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.gpu.GpuDevices;
import org.mobula.parameterserver.gpu.WhereThereIsAGpu;

class ComputeDeviceTest {
  private static Shard shard(ComputeDevice device, int number) {
    ShardSetup setup =
        new ShardSetup(
            new ParameterLayout.Builder().add("w", 4).build(),
            0,
            4,
            Sgd.defaults(),
            0,
            Consistency.Synchronous.defaults(),
            Duration.ofSeconds(10),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            device,
            number,
            Agreement.NONE);
    return Shard.primary(setup, FloatSlice.of(new float[4]), System::nanoTime);
  }

  private static String device(ComputeDevice device, int number) {
    try (Shard shard = shard(device, number)) {
      return shard.status().join().device();
    }
  }

  @Test
  void theCpuIsTakenWhereItIsWantedOrThereIsNothingElse() {
    GpuDevices found = GpuDevices.find();
    assertThat(device(ComputeDevice.CPU, 0)).isEqualTo("CPU");
    if (found.count() == 0) {
      assertThat(device(ComputeDevice.AUTO, 0)).isEqualTo("CPU");
      assertThatIllegalStateException()
          .isThrownBy(() -> shard(ComputeDevice.GPU, 0))
          .withMessageContaining("parameters.server.device is gpu but this machine has no GPU (")
          .withMessageContaining("set it to cpu");
    }
  }

  @Test
  void autoLeavesSmallSlicesToTheCpu() {
    assertThat(ComputeDevice.AUTO.looksForGpu(9_155)).isFalse();
    assertThat(ComputeDevice.AUTO.looksForGpu(262_143)).isFalse();
    assertThat(ComputeDevice.AUTO.looksForGpu(262_144)).isTrue();
    assertThat(ComputeDevice.GPU.looksForGpu(1)).isTrue();
    assertThat(ComputeDevice.CPU.looksForGpu(10_000_000)).isFalse();
    assertThat(device(ComputeDevice.AUTO, 0)).isEqualTo("CPU"); // of four numbers
  }

  @Test
  @ExtendWith(WhereThereIsAGpu.class)
  void shardsGoRoundTheGpus() {
    int count = GpuDevices.find().count();
    for (int number = 0; number <= count; number++) {
      assertThat(device(ComputeDevice.GPU, number)).endsWith("(device " + number % count + ")");
    }
  }
}
