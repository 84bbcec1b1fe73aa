package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.random.Pcg64;

/** What stepping given environments together must keep, whichever threads do it. */
abstract class LaneVectorEnvironmentContract {
  abstract VectorEnvironment vector(List<? extends Environment> environments, AutoresetMode mode);

  private VectorEnvironment counters(AutoresetMode mode) {
    return vector(
        List.of(
            CountingEnvironment.until(2),
            CountingEnvironment.until(3),
            CountingEnvironment.until(3)),
        mode);
  }

  private static VectorStep stepOf(VectorEnvironment vector) {
    return new VectorStep(vector.count(), vector.observationSpace());
  }

  @Test
  void nextStepResetsInAStepOfItsOwn() {
    try (VectorEnvironment vector = counters(AutoresetMode.NEXT_STEP)) {
      VectorStep step = stepOf(vector);
      float[] actions = {1, 2, 3};
      vector.reset(Reset.seeded(0), step.observations);
      assertThat(step.observations).containsExactly(0, 0, 0);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(1, 1, 1);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(2, 2, 2);
      assertThat(step.terminated).containsExactly(true, false, false);
      assertThat(step.finalObservations[0]).isEqualTo(2);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(0, 3, 3);
      assertThat(step.rewards).containsExactly(0, 2, 3);
      assertThat(step.terminated).containsExactly(false, true, true);
      assertThat(step.info(0)).isEmpty();
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(1, 0, 0);
      assertThat(step.rewards).containsExactly(1, 0, 0);
      assertThat(step.terminated).containsExactly(false, false, false);
    }
  }

  @Test
  void sameStepHandsOverBothObservations() {
    try (VectorEnvironment vector = counters(AutoresetMode.SAME_STEP)) {
      VectorStep step = stepOf(vector);
      float[] actions = {1, 2, 3};
      vector.reset(Reset.seeded(0), step.observations);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(1, 1, 1);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(0, 2, 2);
      assertThat(step.terminated).containsExactly(true, false, false);
      assertThat(step.finalObservations[0]).isEqualTo(2);
      assertThat(step.info(0)).isEqualTo(Map.of("length", 2));
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(1, 0, 0);
      assertThat(step.terminated).containsExactly(false, true, true);
      assertThat(step.finalObservations[1]).isEqualTo(3);
      assertThat(step.finalObservations[2]).isEqualTo(3);
      assertThat(step.rewards).containsExactly(1, 2, 3);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(0, 1, 1);
      assertThat(step.terminated).containsExactly(true, false, false);
    }
  }

  @Test
  void disabledLeavesTheResetToTheCaller() {
    try (VectorEnvironment vector = counters(AutoresetMode.DISABLED)) {
      VectorStep step = stepOf(vector);
      float[] actions = {1, 2, 3};
      vector.reset(Reset.seeded(0), step.observations);
      vector.step(actions, step);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(2, 2, 2);
      assertThat(step.terminated).containsExactly(true, false, false);
      vector.reset(Reset.unseeded(), step.terminated.clone(), step.observations);
      assertThat(step.observations).containsExactly(0, 2, 2);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(1, 3, 3);
      assertThatThrownBy(() -> vector.step(actions, step))
          .isInstanceOf(EnvironmentException.class)
          .hasMessageContaining("no episode is running: reset before the next step");
    }
  }

  @Test
  void truncationIsNoTermination() {
    try (VectorEnvironment vector =
        vector(List.of(new CountingEnvironment(1, true, -1)), AutoresetMode.SAME_STEP)) {
      VectorStep step = stepOf(vector);
      vector.reset(Reset.seeded(0), step.observations);
      vector.step(new float[] {0}, step);
      assertThat(step.terminated).containsExactly(false);
      assertThat(step.truncated).containsExactly(true);
      assertThat(step.finalObservations).containsExactly(1);
    }
  }

  @Test
  void seedsCountUpWithTheEnvironments() {
    try (VectorEnvironment vector = cartPoles(3, AutoresetMode.SAME_STEP)) {
      float[] observations = new float[12];
      vector.reset(Reset.seeded(42), observations);
      float[] alone = new float[4];
      for (int i = 0; i < 3; i++) {
        new CartPole().reset(Reset.seeded(42 + i), alone);
        assertThat(Arrays.copyOfRange(observations, 4 * i, 4 * i + 4)).isEqualTo(alone);
      }
    }
  }

  private VectorEnvironment cartPoles(int count, AutoresetMode mode) {
    List<Environment> environments = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      environments.add(new TimeLimit(new CartPole(), 30));
    }
    return vector(environments, mode);
  }

  @Test
  void stepsAsEachEnvironmentWouldAlone() {
    int count = 5;
    try (VectorEnvironment vector = cartPoles(count, AutoresetMode.SAME_STEP)) {
      VectorStep step = stepOf(vector);
      vector.reset(Reset.seeded(1), step.observations);
      List<Environment> alone = new ArrayList<>();
      Step single = new Step(vector.observationSpace());
      for (int i = 0; i < count; i++) {
        alone.add(new TimeLimit(new CartPole(), 30));
        alone.get(i).reset(Reset.seeded(1 + i), single.observation);
      }
      Pcg64 random = new Pcg64(3);
      float[] actions = new float[count];
      for (int t = 0; t < 500; t++) {
        for (int i = 0; i < count; i++) {
          actions[i] = random.nextInt(2);
        }
        vector.step(actions, step);
        for (int i = 0; i < count; i++) {
          single.clear();
          alone.get(i).step(new float[] {actions[i]}, single);
          assertThat(step.rewards[i]).isEqualTo((float) single.reward);
          assertThat(step.terminated[i]).isEqualTo(single.terminated);
          assertThat(step.truncated[i]).isEqualTo(single.truncated);
          if (single.done()) {
            assertThat(row(step.finalObservations, i)).isEqualTo(single.observation);
            alone.get(i).reset(Reset.unseeded(), single.observation);
          }
          assertThat(row(step.observations, i)).isEqualTo(single.observation);
        }
      }
    }
  }

  private static float[] row(float[] rows, int i) {
    return Arrays.copyOfRange(rows, 4 * i, 4 * i + 4);
  }

  @Test
  void aRestoredStateGoesOnIdentically() throws IOException {
    for (AutoresetMode mode : List.of(AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP)) {
      try (VectorEnvironment vector = cartPoles(4, mode);
          VectorEnvironment restored = cartPoles(4, mode)) {
        assertThat(vector.savesState()).isTrue();
        VectorStep step = stepOf(vector);
        vector.reset(Reset.seeded(5), step.observations);
        Pcg64 random = new Pcg64(6);
        float[] actions = new float[4];
        for (int t = 0; t < 100; t++) {
          step(vector, random, actions, step);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        vector.writeState(new DataOutputStream(bytes));
        restored.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        VectorStep other = stepOf(vector);
        Pcg64 sameRandom = new Pcg64(0);
        sameRandom.restore(random.state());
        for (int t = 0; t < 100; t++) {
          step(vector, random, actions, step);
          step(restored, sameRandom, actions, other);
          assertThat(other.observations).isEqualTo(step.observations);
          assertThat(other.terminated).isEqualTo(step.terminated);
          assertThat(other.rewards).isEqualTo(step.rewards);
        }
      }
    }
  }

  private static void step(
      VectorEnvironment vector, Pcg64 random, float[] actions, VectorStep step) {
    for (int i = 0; i < actions.length; i++) {
      actions[i] = random.nextInt(2);
    }
    vector.step(actions, step);
  }

  @Test
  void stepsWithoutAllocating() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (VectorEnvironment vector = cartPoles(8, AutoresetMode.SAME_STEP)) {
      VectorStep step = stepOf(vector);
      float[] actions = new float[8];
      vector.reset(Reset.seeded(1), step.observations);
      Pcg64 random = new Pcg64(1);
      for (int t = 0; t < 10_000; t++) {
        step(vector, random, actions, step);
      }
      long[] ids = threads.getAllThreadIds();
      int steps = 5_000;
      // The least of several: the compiler and the listing itself allocate now and then.
      long least = Long.MAX_VALUE;
      for (int attempt = 0; attempt < 4; attempt++) {
        long before = allocated(threads, ids);
        for (int t = 0; t < steps; t++) {
          step(vector, random, actions, step);
        }
        least = Math.min(least, allocated(threads, ids) - before);
      }
      assertThat(least).isLessThan(steps);
    }
  }

  /** Bytes allocated so far by this thread and those that step environments. */
  private static long allocated(ThreadMXBean threads, long[] ids) {
    long sum = 0;
    for (long id : ids) {
      java.lang.management.ThreadInfo info = threads.getThreadInfo(id);
      if (info != null
          && (info.getThreadName().equals(Thread.currentThread().getName())
              || info.getThreadName().startsWith("vector-environment"))) {
        sum += threads.getThreadAllocatedBytes(id);
      }
    }
    return sum;
  }

  @Test
  void anExceptionTellsWhereItHappened() {
    try (VectorEnvironment vector =
        vector(
            List.of(
                CountingEnvironment.until(100),
                CountingEnvironment.until(100),
                CountingEnvironment.failingIn(3),
                CountingEnvironment.failingIn(3)),
            AutoresetMode.SAME_STEP)) {
      VectorStep step = stepOf(vector);
      float[] actions = new float[4];
      vector.reset(Reset.seeded(40), step.observations);
      vector.step(actions, step);
      vector.step(actions, step);
      EnvironmentException failure =
          catchThrowableOfType(EnvironmentException.class, () -> vector.step(actions, step));
      assertThat(failure)
          .hasMessage(
              "environment 2 (CountingEnvironment) failed in step 3 of episode 1 after seed 42:"
                  + " java.lang.IllegalStateException: boom")
          .hasRootCauseMessage("boom");
      assertThat(failure.index()).isEqualTo(2);
      assertThat(failure.environment()).isEqualTo("CountingEnvironment");
      assertThat(failure.seed()).hasValue(42);
      assertThat(failure.episode()).isEqualTo(1);
      assertThat(failure.step()).isEqualTo(3);
      assertThat(failure.getSuppressed()).hasSize(1);
      // The others took their step, and the failed ones can start again.
      assertThat(step.observations[0]).isEqualTo(3);
      vector.reset(Reset.unseeded(), new boolean[] {false, false, true, true}, step.observations);
      vector.step(actions, step);
      assertThat(step.observations).containsExactly(4, 4, 1, 1);
    }
  }

  @Test
  void aFailingResetIsTold() {
    try (VectorEnvironment vector =
        vector(List.of(CountingEnvironment.failingIn(0)), AutoresetMode.SAME_STEP)) {
      assertThatThrownBy(() -> vector.reset(Reset.unseeded(), new float[1]))
          .hasMessage(
              "environment 0 (CountingEnvironment) failed in the reset of episode 1, never seeded:"
                  + " java.lang.IllegalStateException: no start");
    }
  }

  @Test
  void closesEachEnvironmentOnce() {
    List<CountingEnvironment> environments =
        List.of(CountingEnvironment.until(1), CountingEnvironment.until(1));
    VectorEnvironment vector = vector(environments, AutoresetMode.SAME_STEP);
    vector.close();
    vector.close();
    assertThat(environments).allMatch(environment -> environment.closed == 1);
    assertThatThrownBy(() -> vector.reset(Reset.unseeded(), new float[2]))
        .hasMessage("the vector environment is closed");
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> vector(List.of(), AutoresetMode.SAME_STEP))
        .hasMessage("a vector environment needs at least one environment");
    assertThatThrownBy(
            () ->
                vector(
                    List.of(CountingEnvironment.until(1), new CartPole()), AutoresetMode.SAME_STEP))
        .hasMessageContaining("environment 1 has observations Box(4) and actions Discrete(2)");
    try (VectorEnvironment vector = counters(AutoresetMode.SAME_STEP)) {
      assertThatThrownBy(() -> vector.reset(Reset.unseeded(), new float[2]))
          .hasMessage("observations has 2 numbers but 3 environments observe 3");
      assertThatThrownBy(() -> vector.step(new float[4], stepOf(vector)))
          .hasMessage("actions has 4 numbers but 3 environments take 3");
      assertThatThrownBy(() -> vector.step(new float[3], stepOf(vector)))
          .hasMessageContaining("reset before the next step");
    }
  }
}
