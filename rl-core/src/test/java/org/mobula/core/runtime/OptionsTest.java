package org.mobula.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void fractionsAddUpExactly() {
    long sum = 0;
    for (int i = 0; i < 10; i++) {
      sum += Resources.of("GPU", 0.1).micros("GPU");
    }
    assertThat(sum).isEqualTo(Resources.of("GPU", 1).micros("GPU"));
    assertThat(Resources.cpu(2).with("GPU", 0.5)).hasToString("CPU 2, GPU 0.5");
    assertThat(Resources.cpu(2).with("CPU", 0)).isEqualTo(Resources.NONE).hasToString("nothing");
    assertThat(Resources.of("memory", 137_438_953_472.0).amount("memory"))
        .isEqualTo(137_438_953_472.0);
  }

  @Test
  void impossibleAmountsAreRefused() {
    assertThatThrownBy(() -> Resources.of("GPU", -1))
        .hasMessage("resource GPU is -1.0 but must be a number >= 0");
    assertThatThrownBy(() -> Resources.of("GPU", Double.NaN)).hasMessageContaining("is NaN");
    assertThatThrownBy(() -> Resources.of("GPU", 1e-9))
        .hasMessage("resource GPU is 1.0E-9 but the smallest share is 0.000001");
    assertThatThrownBy(() -> Resources.of(" ", 1)).hasMessageContaining("resource name is blank");
  }

  @Test
  void impossibleOptionsAreRefused() {
    assertThatThrownBy(() -> TaskOptions.named("a").withMaxRetries(-2))
        .hasMessage("maxRetries of task 'a' is -2 but must be >= 0, or -1 for no limit");
    assertThatThrownBy(() -> TaskOptions.named("a").withDeadline(Duration.ZERO))
        .hasMessageContaining("deadline of task 'a' is PT0S but must be > 0");
    assertThatThrownBy(() -> TaskOptions.named("")).hasMessageContaining("name is blank");
    assertThatThrownBy(() -> ActorOptions.named("a").withMaxConcurrency(0))
        .hasMessage("maxConcurrency of actor 'a' is 0 but must be >= 1");
    assertThatThrownBy(() -> ActorOptions.defaults().withMailboxCapacity(0))
        .hasMessage("mailboxCapacity of an actor is 0 but must be >= 1");
    ActorOptions quarter = ActorOptions.named("a").withCallResources(Resources.cpu(0.25));
    assertThatThrownBy(() -> quarter.withResources(Resources.of("GPU", 1)))
        .hasMessage(
            "callResources of actor 'a' are CPU 0.25, but its calls run on the resources that it"
                + " holds (GPU 1); give one of the two");
  }
}
