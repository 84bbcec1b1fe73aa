package org.mobula.parameterserver.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;

class GpuDevicesTest {
  @Test
  void saysHowManyThereAreOrWhyThereIsNone() {
    GpuDevices found = GpuDevices.find();
    if (found.count() == 0) {
      assertThat(found.description()).matches("no GPU \\(.{10,}\\)");
    } else {
      assertThat(found.description()).startsWith(found.count() + " GPU");
    }
  }

  @Test
  void saysWhichDevicesThereAreWhenOneIsMissing() {
    GpuDevices found = GpuDevices.find();
    assertThatIllegalStateException()
        .isThrownBy(() -> ShardArithmetic.onGpu(found.count()))
        .withMessage(
            "device %s is not there, for this machine has %s: choose another or compute on the CPU"
                .formatted(found.count(), found.description()));
  }
}
