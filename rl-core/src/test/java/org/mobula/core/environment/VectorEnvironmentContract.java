package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Space;

/**
 * What every batch of environments must keep to be collected from, by workers too, and evaluated
 * in. Extend it and hand over a factory of yours; its episodes should end within some hundred
 * random steps.
 */
public abstract class VectorEnvironmentContract {
  private static final int COUNT = 3;
  private static final int STEPS = 300;

  /** Makes batches that are equal but independent. */
  protected abstract VectorEnvironmentFactory factory();

  /** A batch, and all that is known of where it is. */
  private static final class Played implements AutoCloseable {
    final VectorEnvironment batch;
    final VectorStep step;
    final float[] actions;
    final boolean[] masks;

    Played(VectorEnvironment batch) {
      this.batch = batch;
      int maskSize = batch.masksActions() ? batch.actionSpace().maskSize() : 0;
      step = new VectorStep(batch.count(), batch.observationSpace(), maskSize);
      actions = new float[batch.count() * batch.actionSpace().size()];
      masks = new boolean[batch.count() * maskSize];
    }

    /** The same action wherever the same is allowed. */
    void advance(Pcg64 random) {
      Space space = batch.actionSpace();
      if (masks.length > 0) {
        batch.actionMasks(masks);
      }
      for (int i = 0; i < batch.count(); i++) {
        float[] action = new float[space.size()];
        space.sample(random, action, 0);
        if (masks.length > 0) {
          int size = space.maskSize();
          boolean[] mask = Arrays.copyOfRange(masks, i * size, (i + 1) * size);
          assertThat(MaskedChoice.obey(space, mask, random, action)).isEmpty();
        }
        System.arraycopy(action, 0, actions, i * space.size(), space.size());
      }
      batch.step(actions, step);
    }

    boolean isOver(int environment) {
      return step.terminated[environment] || step.truncated[environment];
    }

    /** All that a step says, but for final observations that have no meaning. */
    String told() {
      StringBuilder text = new StringBuilder();
      text.append(Arrays.toString(step.observations)).append(Arrays.toString(step.rewards));
      text.append(Arrays.toString(step.terminated)).append(Arrays.toString(step.truncated));
      int size = batch.observationSpace().size();
      for (int i = 0; i < batch.count(); i++) {
        if (isOver(i)) {
          text.append(
              Arrays.toString(
                  Arrays.copyOfRange(step.finalObservations, i * size, (i + 1) * size)));
        }
      }
      return text.toString();
    }

    @Override
    public void close() {
      batch.close();
    }
  }

  private Played create(int count) {
    return new Played(factory().create(count));
  }

  @Test
  void hasAsManyEnvironmentsAsAreAskedForAndResetsWithinTheStep() {
    for (int count : new int[] {1, COUNT}) {
      try (VectorEnvironment batch = factory().create(count)) {
        assertThat(batch.count()).isEqualTo(count);
        assertThat(batch.autoresetMode()).isEqualTo(AutoresetMode.SAME_STEP);
      }
    }
  }

  @Test
  void theSameSeedAndActionsLeadToTheSameTrajectories() {
    try (Played first = create(COUNT);
        Played second = create(COUNT)) {
      for (int time = 0; time < 2; time++) {
        first.batch.reset(Reset.seeded(7), first.step.observations);
        second.batch.reset(Reset.seeded(7), second.step.observations);
        assertThat(second.step.observations).isEqualTo(first.step.observations);
        Pcg64 random = new Pcg64(7);
        Pcg64 sameRandom = new Pcg64(7);
        for (int t = 0; t < STEPS; t++) {
          first.advance(random);
          second.advance(sameRandom);
          assertThat(second.told()).isEqualTo(first.told());
        }
      }
    }
  }

  @Test
  void environmentIStartsWithTheSeedPlusI() {
    try (Played all = create(COUNT)) {
      all.batch.reset(Reset.seeded(40), all.step.observations);
      int size = all.batch.observationSpace().size();
      for (int i = 0; i < COUNT; i++) {
        try (Played alone = create(1)) {
          alone.batch.reset(Reset.seeded(40 + i), alone.step.observations);
          assertThat(alone.step.observations)
              .isEqualTo(Arrays.copyOfRange(all.step.observations, i * size, (i + 1) * size));
        }
      }
    }
  }

  @Test
  void observationsBelongToTheirSpaceAndRewardsAreNumbers() {
    try (Played played = create(COUNT)) {
      Space space = played.batch.observationSpace();
      played.batch.reset(Reset.seeded(1), played.step.observations);
      Pcg64 random = new Pcg64(1);
      int ends = 0;
      for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < COUNT; i++) {
          assertThat(space.contains(played.step.observations, i * space.size())).isTrue();
        }
        played.advance(random);
        for (int i = 0; i < COUNT; i++) {
          assertThat(played.step.rewards[i]).isFinite();
          if (played.isOver(i)) {
            ends++;
          }
          if (played.step.truncated[i] && !played.step.terminated[i]) {
            assertThat(space.contains(played.step.finalObservations, i * space.size())).isTrue();
          }
        }
      }
      assertThat(ends).as("episodes that ended within %s steps", STEPS).isPositive();
    }
  }

  /** What the learner of a truncated episode asks: a mask without a choice would be a trap. */
  @Test
  void finalMasksLeaveAChoice() {
    try (Played played = create(COUNT)) {
      Space space = played.batch.actionSpace();
      int size = played.batch.masksActions() ? space.maskSize() : 0;
      played.batch.reset(Reset.seeded(3), played.step.observations);
      Pcg64 random = new Pcg64(3);
      for (int t = 0; t < STEPS && size > 0; t++) {
        played.advance(random);
        for (int i = 0; i < COUNT; i++) {
          if (played.step.truncated[i] && !played.step.terminated[i]) {
            boolean[] mask = Arrays.copyOfRange(played.step.finalMasks, i * size, (i + 1) * size);
            assertThat(MaskedChoice.obey(space, mask, random, new float[space.size()])).isEmpty();
          }
        }
      }
    }
  }

  @Test
  void onlyTheChosenAreReset() {
    try (Played played = create(COUNT);
        Played fresh = create(COUNT)) {
      int size = played.batch.observationSpace().size();
      played.batch.reset(Reset.seeded(5), played.step.observations);
      played.advance(new Pcg64(5));
      float[] before = played.step.observations.clone();
      played.batch.reset(
          Reset.seeded(60), new boolean[] {false, true, false}, played.step.observations);
      fresh.batch.reset(Reset.seeded(60), fresh.step.observations);
      for (int i = 0; i < COUNT; i++) {
        assertThat(Arrays.copyOfRange(played.step.observations, i * size, (i + 1) * size))
            .isEqualTo(
                Arrays.copyOfRange(
                    i == 1 ? fresh.step.observations : before, i * size, (i + 1) * size));
      }
    }
  }

  @Test
  void aRestoredStateContinuesIdenticallyWhereThereIsOne() throws IOException {
    try (Played original = create(COUNT);
        Played restored = create(COUNT)) {
      if (!original.batch.savesState()) {
        return;
      }
      original.batch.reset(Reset.seeded(2), original.step.observations);
      Pcg64 random = new Pcg64(2);
      for (int t = 0; t < STEPS / 2; t++) {
        original.advance(random);
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      original.batch.writeState(new DataOutputStream(bytes));
      restored.batch.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
      Pcg64 sameRandom = new Pcg64(0);
      sameRandom.restore(random.state());
      for (int t = 0; t < STEPS; t++) {
        original.advance(random);
        restored.advance(sameRandom);
        assertThat(restored.told()).isEqualTo(original.told());
      }
    }
  }

  /** A worker that is given up is asked from another thread where it was. */
  @Test
  void namesNoStepThatHasReturned() {
    try (Played played = create(COUNT)) {
      played.batch.reset(Reset.seeded(1), played.step.observations);
      played.advance(new Pcg64(1));
      assertThat(played.batch.inProgress()).isEmpty();
      EnvironmentException blamed =
          played.batch.blame(1, false, new IllegalStateException("no number"));
      assertThat(blamed.index()).isEqualTo(1);
      assertThat(blamed).hasMessageContaining("no number");
    }
  }

  @Test
  void closesTwice() {
    VectorEnvironment batch = factory().create(COUNT);
    batch.close();
    assertThatCode(batch::close).doesNotThrowAnyException();
  }
}
