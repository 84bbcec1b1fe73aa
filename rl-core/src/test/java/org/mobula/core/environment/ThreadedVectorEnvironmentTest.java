package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.random.Pcg64;

class ThreadedVectorEnvironmentTest extends LaneVectorEnvironmentContract {
  @Override
  VectorEnvironment vector(List<? extends Environment> environments, AutoresetMode mode) {
    return new ThreadedVectorEnvironment(environments, mode, 2);
  }

  @Test
  void anyNumberOfThreadsGivesTheBitsOfOne() {
    try (VectorEnvironment one =
        new SyncVectorEnvironment(CartPole::new, 7, AutoresetMode.SAME_STEP)) {
      for (int threads : new int[] {1, 2, 3, 16}) {
        try (VectorEnvironment many =
            new ThreadedVectorEnvironment(CartPole::new, 7, AutoresetMode.SAME_STEP, threads)) {
          VectorStep expected = new VectorStep(7, one.observationSpace());
          VectorStep actual = new VectorStep(7, one.observationSpace());
          one.reset(Reset.seeded(9), expected.observations);
          many.reset(Reset.seeded(9), actual.observations);
          Pcg64 random = new Pcg64(threads);
          float[] actions = new float[7];
          for (int t = 0; t < 200; t++) {
            for (int i = 0; i < 7; i++) {
              actions[i] = random.nextInt(2);
            }
            one.step(actions, expected);
            many.step(actions, actual);
            assertThat(actual.observations).isEqualTo(expected.observations);
            assertThat(actual.terminated).isEqualTo(expected.terminated);
          }
        }
      }
    }
  }

  @Test
  void closingEndsItsThreads() {
    VectorEnvironment vector =
        new ThreadedVectorEnvironment(
            () -> new NamedThreadsEnvironment(), 3, AutoresetMode.SAME_STEP, 3);
    VectorStep step = new VectorStep(3, vector.observationSpace());
    vector.reset(Reset.seeded(0), step.observations);
    vector.step(new float[3], step);
    Thread second = thread(step, 1);
    Thread third = thread(step, 2);
    assertThat(step.info(0).get("thread")).isSameAs(Thread.currentThread());
    assertThat(second).isNotSameAs(third).isNotSameAs(Thread.currentThread());
    assertThat(second.isDaemon()).isTrue();
    vector.step(new float[3], step);
    assertThat(step.info(1).get("thread")).isSameAs(second);
    vector.close();
    assertThat(second.isAlive()).isFalse();
    assertThat(third.isAlive()).isFalse();
    vector.close();
  }

  private static Thread thread(VectorStep step, int environment) {
    return (Thread) Objects.requireNonNull(step.info(environment).get("thread"));
  }

  @Test
  void anInterruptWaitsUntilTheStepIsWhole() {
    try (VectorEnvironment vector =
        new ThreadedVectorEnvironment(CartPole::new, 4, AutoresetMode.SAME_STEP, 2)) {
      VectorStep step = new VectorStep(4, vector.observationSpace());
      vector.reset(Reset.seeded(0), step.observations);
      Thread.currentThread().interrupt();
      vector.step(new float[4], step);
      assertThat(step.rewards).containsExactly(1, 1, 1, 1);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void needsAThread() {
    assertThatThrownBy(
            () -> new ThreadedVectorEnvironment(CartPole::new, 2, AutoresetMode.SAME_STEP, 0))
        .hasMessage("threads is 0 but must be >= 1");
  }

  /** Tells which thread stepped it. */
  private static final class NamedThreadsEnvironment extends EnvironmentWrapper {
    NamedThreadsEnvironment() {
      super(CountingEnvironment.until(100));
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      step.putInfo("thread", Thread.currentThread());
    }
  }
}
