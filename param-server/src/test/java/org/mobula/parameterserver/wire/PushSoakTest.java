package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A short soak; {@link PushSoak} itself runs for as long as one likes. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "open files are counted in /proc")
class PushSoakTest {
  @Test
  void thousandsOfPushesLeaveNothingBehind() throws IOException {
    PushSoak soak = new PushSoak(2, 20_000);
    try (soak) {
      soak.push(() -> soak.pushes() >= 1000);
      PushSoak.Holdings warm = soak.holdings();
      soak.push(() -> soak.pushes() >= 6000);
      PushSoak.Holdings later = soak.holdings();
      assertThat(later.files()).isLessThanOrEqualTo(warm.files() + 2);
      // A chunk of the pool more or less: 5,000 gradients of 80 kB would be 25 chunks.
      assertThat(later.directBytes()).isLessThanOrEqualTo(warm.directBytes() + (16 << 20));
      assertThat(later.heapBytes()).isLessThan(warm.heapBytes() + (16 << 20));
    }
    assertThat(soak.unreleasedBuffers()).isZero();
  }
}
