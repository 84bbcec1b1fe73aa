package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;

/** What every environment must keep; extend it and hand over yours. */
public abstract class EnvironmentContract {
  private static final int STEPS = 300;

  /** Makes environments that are equal but independent. */
  protected abstract EnvironmentFactory factory();

  @Test
  void theCheckerFindsNoBrokenPromise() {
    assertThat(EnvironmentChecker.check(factory())).isEmpty();
  }

  @Test
  void theSameSeedAndActionsLeadToTheSameTrajectory() {
    try (Environment first = factory().create();
        Environment second = factory().create()) {
      assertThat(trajectory(first, 7, STEPS)).isEqualTo(trajectory(second, 7, STEPS));
      assertThat(trajectory(first, 7, STEPS)).isEqualTo(trajectory(first, 7, STEPS));
    }
  }

  @Test
  void observationsBelongToTheirSpace() {
    try (Environment environment = factory().create()) {
      Step step = new Step(environment.observationSpace());
      Pcg64 random = new Pcg64(1);
      environment.reset(Reset.seeded(1), step.observation);
      for (int i = 0; i < STEPS; i++) {
        assertThat(environment.observationSpace().contains(step.observation, 0))
            .as("%s in %s", Arrays.toString(step.observation), environment.observationSpace())
            .isTrue();
        advance(environment, random, step);
      }
    }
  }

  @Test
  void aRestoredStateGoesOnIdenticallyOrThereIsNone() throws IOException {
    try (Environment original = factory().create();
        Environment restored = factory().create()) {
      if (!original.savesState()) {
        DataOutputStream nowhere = new DataOutputStream(new ByteArrayOutputStream());
        assertThatThrownBy(() -> original.writeState(nowhere))
            .isInstanceOf(UnsupportedOperationException.class);
        return;
      }
      Step step = new Step(original.observationSpace());
      Pcg64 random = new Pcg64(2);
      original.reset(Reset.seeded(2), step.observation);
      for (int i = 0; i < 5; i++) {
        advance(original, random, step);
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      original.writeState(new DataOutputStream(bytes));
      restored.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
      assertThat(restored.renderText()).isEqualTo(original.renderText());
      Pcg64 sameRandom = new Pcg64(0);
      sameRandom.restore(random.state());
      for (int i = 0; i < STEPS; i++) {
        assertThat(advance(restored, sameRandom, step)).isEqualTo(advance(original, random, step));
      }
    }
  }

  @Test
  void closesTwice() {
    Environment environment = factory().create();
    environment.close();
    assertThatCode(environment::close).doesNotThrowAnyException();
  }

  private static List<String> trajectory(Environment environment, long seed, int steps) {
    List<String> trajectory = new ArrayList<>();
    Step step = new Step(environment.observationSpace());
    Pcg64 random = new Pcg64(seed);
    environment.reset(Reset.seeded(seed), step.observation);
    trajectory.add(Arrays.toString(step.observation));
    for (int i = 0; i < steps; i++) {
      trajectory.add(advance(environment, random, step));
    }
    return trajectory;
  }

  /** A step with a random allowed action, and a reset where it ended the episode. */
  private static String advance(Environment environment, Pcg64 random, Step step) {
    float[] action = new float[environment.actionSpace().size()];
    environment.actionSpace().sample(random, action, 0);
    boolean[] mask = new boolean[environment.actionSpace().maskSize()];
    environment.actionMask(mask);
    assertThat(MaskedChoice.obey(environment.actionSpace(), mask, random, action)).isEmpty();
    step.clear();
    environment.step(action, step);
    String outcome =
        Arrays.toString(step.observation)
            + step.reward
            + step.terminated
            + step.truncated
            + Arrays.toString(mask);
    if (step.done()) {
      environment.reset(Reset.unseeded(), step.observation);
      outcome += Arrays.toString(step.observation);
    }
    return outcome;
  }
}
