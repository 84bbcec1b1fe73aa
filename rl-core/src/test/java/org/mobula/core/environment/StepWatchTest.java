package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.classic.CartPole;

class StepWatchTest {
  @Test
  void stepIsOverdueOnceWhenItHasLastedTooLong() {
    AtomicLong seconds = new AtomicLong();
    StepWatch watch = new StepWatch(() -> seconds.get() * 1_000_000_000, Duration.ofSeconds(30));
    StepInProgress first = new StepInProgress(0, "World", 7L, 1, 5);
    StepInProgress next = new StepInProgress(0, "World", 7L, 1, 6);

    assertThat(watch.overdue(List.of(first))).isEmpty();
    seconds.set(29);
    assertThat(watch.overdue(List.of(first))).isEmpty();
    seconds.set(40);
    assertThat(watch.overdue(List.of(next))).isEmpty();
    seconds.set(70);
    assertThat(watch.overdue(List.of(next))).containsExactly(next);
    seconds.set(170);
    assertThat(watch.overdue(List.of(next))).isEmpty();
  }

  @Test
  void stepThatDoesNotReturnIsNamed() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    Environment stuck =
        new EnvironmentWrapper(new CartPole()) {
          @Override
          public void step(float[] action, Step step) {
            begun.countDown();
            try {
              released.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            super.step(action, step);
          }
        };
    try (VectorEnvironment environments =
        new SyncVectorEnvironment(List.of(new CartPole(), stuck), AutoresetMode.SAME_STEP)) {
      VectorStep step = new VectorStep(2, environments.observationSpace());
      environments.reset(Reset.seeded(3), step.observations);
      Thread stepping = new Thread(() -> environments.step(new float[2], step));
      stepping.start();
      begun.await();

      assertThat(environments.inProgress()).hasSize(1);
      assertThat(environments.inProgress().get(0))
          .hasToString("environment 1 (CartPole) in step 1 of episode 1 after seed 4");

      released.countDown();
      stepping.join();
      assertThat(environments.inProgress()).isEmpty();
    }
  }
}
