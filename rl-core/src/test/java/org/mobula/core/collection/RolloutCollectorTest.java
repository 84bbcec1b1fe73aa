package org.mobula.core.collection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.algorithm.ActorSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

class RolloutCollectorTest {
  private static final PolicySpec SPEC =
      ActorCritic.policy(
          new CartPole().observationSpace(),
          new CartPole().actionSpace(),
          NetworkConfig.defaults(),
          0);

  private static RolloutCollector collector(
      SyncVectorEnvironment environments, double clip, long seed) {
    ActorSetup setup = new ActorSetup(SPEC, NetworkEngine.AUTO, 2, 2, clip);
    return new RolloutCollector(
        environments, new SamplingActor(setup), setup, 8, seed, new Pcg64(1));
  }

  @ParameterizedTest
  @EnumSource(names = "SAME_STEP", mode = EnumSource.Mode.EXCLUDE)
  void refusesEnvironmentsThatResetOtherwise(AutoresetMode mode) {
    try (SyncVectorEnvironment environments = new SyncVectorEnvironment(CartPole::new, 2, mode)) {
      assertThatThrownBy(() -> collector(environments, 0, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the environments' reset mode is "
                  + mode
                  + " but must be SAME_STEP to collect rollouts");
    }
  }

  @Test
  void closesItsEnvironmentsIfTheFirstResetFails() {
    List<Unsteady> made = new ArrayList<>();
    EnvironmentFactory factory =
        () -> {
          made.add(new Unsteady(made.size() == 1));
          return made.get(made.size() - 1);
        };
    SyncVectorEnvironment environments =
        new SyncVectorEnvironment(factory, 2, AutoresetMode.SAME_STEP);
    assertThatThrownBy(() -> collector(environments, 0, 1)).hasMessageContaining("no start");
    assertThat(made).hasSize(2).allMatch(environment -> environment.closed);
  }

  /** As those that throw: a new environment, that seed, the episodes before, and there it is. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1 | 0 | false | the reset of episode 1 after seed 41: element 2 of the observation",
        "3 | 0 | false | the reset of episode 3 after seed 41: element 2 of the observation",
        "2 | 1 | false | step 1 of episode 2 after seed 41: element 2 of the observation",
        "2 | 4 | false | step 4 of episode 2 after seed 41: element 2 of the final observation",
        "1 | 3 | true | step 3 of episode 1 after seed 41: the reward",
        "2 | 4 | true | step 4 of episode 2 after seed 41: the reward"
      })
  void numberThatIsNoneIsFoundInItsEnvironment(
      int episode, int step, boolean reward, String where) {
    List<Environment> made = new ArrayList<>();
    EnvironmentFactory factory =
        () -> {
          made.add(
              made.size() == 1 ? new Poisoned(episode, step, reward) : new Poisoned(0, 0, false));
          return made.get(made.size() - 1);
        };
    SyncVectorEnvironment environments =
        new SyncVectorEnvironment(factory, 2, AutoresetMode.SAME_STEP);

    assertThatThrownBy(
            () -> {
              try (RolloutCollector collector = collector(environments, 10, 40)) {
                float[] parameters = SPEC.network().initialParameters(new Pcg64(1));
                for (int i = 0; i < 4; i++) {
                  collector.collect(
                      new PolicySnapshot(new ParameterSnapshot(i, parameters), null), 8L * 2 * i);
                }
              }
            })
        .isInstanceOf(EnvironmentException.class)
        .hasMessage(
            "environment 1 (CartPole) failed in "
                + where
                + " is NaN; the environment must not give such numbers: find out where it divides"
                + " by zero or overflows")
        .hasCauseInstanceOf(NonFiniteException.class);
  }

  /** Nothing is scaled, and where an episode ends its last observation stands beside the next. */
  @Test
  void keepsWhatHappenedAsItHappened() throws IOException {
    EnvironmentFactory factory = () -> new Ladder();
    try (RolloutCollector collector =
        collector(new SyncVectorEnvironment(factory, 2, AutoresetMode.SAME_STEP), 10, 40)) {
      float[] parameters = SPEC.network().initialParameters(new Pcg64(1));
      Experience experience =
          collector.collect(new PolicySnapshot(new ParameterSnapshot(7, parameters), null), 0);
      assertThat(experience.parameterVersion).isEqualTo(7);
      for (int t = 0; t <= 8; t++) {
        assertThat(experience.observations.number(t * 2, 0)).isEqualTo(1000f * (t % 3));
      }
      for (int row = 0; row < experience.rows(); row++) {
        boolean end = row / 2 % 3 == 2;
        assertThat(experience.rewards[row]).isEqualTo(-500);
        assertThat(experience.truncated[row]).isEqualTo(end);
        int last = experience.finalObservation(row);
        assertThat(last >= 0).isEqualTo(end);
        if (end) {
          assertThat(experience.finalObservations().number(last, 0)).isEqualTo(3000);
        }
      }
      assertThat(experience.episodes.count()).isEqualTo(4);
      assertThatThrownBy(() -> experience.column("advantage"))
          .hasMessage(
              "the experience has no column 'advantage'; its algorithm asked for [log-probability,"
                  + " value, final-value, features]");

      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      experience.writeState(new DataOutputStream(bytes));
      Experience read = new Experience(experience.shape, 8, 2);
      read.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
      Experience placed = new Experience(experience.shape, 8, 4);
      placed.place(experience, 0);
      placed.place(read, 2);
      assertThat(placed.observations.number(8 * 4 + 3, 0)).isEqualTo(2000);
      assertThat(placed.finalObservations().number(placed.finalObservation(2 * 4 + 3), 0))
          .isEqualTo(3000);
      assertThat(placed.column(SamplingActor.VALUE)[8 * 4 + 2])
          .isEqualTo(experience.column(SamplingActor.VALUE)[8 * 2]);
      assertThat(placed.episodes.count()).isEqualTo(8);
    }
  }

  /** What is allowed at a final observation is asked before the reset. */
  @Test
  void keepsTheMasksOfFinalObservations() throws IOException {
    PolicySpec spec = SPEC.withMasksActions(true);
    ActorSetup setup = new ActorSetup(spec, NetworkEngine.AUTO, 2, 2, 0);
    try (RolloutCollector collector =
        new RolloutCollector(
            new SyncVectorEnvironment(OneWay::new, 2, AutoresetMode.SAME_STEP),
            new SamplingActor(setup),
            setup,
            8,
            1,
            new Pcg64(1))) {
      float[] parameters = spec.network().initialParameters(new Pcg64(1));
      Experience experience =
          collector.collect(new PolicySnapshot(new ParameterSnapshot(0, parameters), null), 0);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      experience.writeState(new DataOutputStream(bytes));
      Experience read = new Experience(experience.shape, 8, 2);
      read.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
      Experience placed = new Experience(experience.shape, 8, 4);
      placed.place(experience, 0);
      placed.place(read, 2);
      for (Experience each : List.of(experience, read, placed)) {
        for (int row = 0; row < each.rows(); row++) {
          if (each.finalObservation(row) >= 0) {
            // After three steps the left is forbidden; after the reset it is not.
            assertThat(each.finalMasks()[each.finalMask(row)]).isFalse();
            assertThat(each.finalMasks()[each.finalMask(row) + 1]).isTrue();
            assertThat(each.masks[(row + each.environments) * 2]).isTrue();
          }
        }
        assertThat(each.episodes.count()).isEqualTo(each == placed ? 8 : 4);
      }
    }
  }

  /** Cut off after three steps, from when on the left is forbidden. */
  private static final class OneWay extends EnvironmentWrapper {
    private int steps;

    OneWay() {
      super(new CartPole());
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      super.reset(reset, observation);
      steps = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      step.terminated = false;
      step.truncated = ++steps == 3;
    }

    @Override
    public boolean masksActions() {
      return true;
    }

    @Override
    public void actionMask(boolean[] mask) {
      mask[0] = steps < 3;
      mask[1] = true;
    }
  }

  /** What is left of a version that kept features cannot be made observations of. */
  @Test
  void aStateWithFeaturesInPlaceOfObservationsIsRefused() throws IOException {
    try (RolloutCollector collector =
        collector(new SyncVectorEnvironment(CartPole::new, 2, AutoresetMode.SAME_STEP), 0, 1)) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      collector.writeNewEpisodes(new DataOutputStream(bytes));
      byte[] state = bytes.toByteArray();
      state[state.length - 1] = 2; // within a rollout of features, which follow
      assertThatThrownBy(
              () -> collector.readState(new DataInputStream(new ByteArrayInputStream(state))))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "the checkpoint lies within a rollout of a version that kept features in place of"
                  + " observations; resume it by that version, or resume the checkpoint before it");
    }
  }

  /** A thousand further at each step, cut off after three. */
  private static final class Ladder extends EnvironmentWrapper {
    private int steps;

    Ladder() {
      super(new CartPole());
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      super.reset(reset, observation);
      steps = 0;
      observation[0] = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      steps++;
      step.observation[0] = 1000 * steps;
      step.reward = -500;
      step.terminated = false;
      step.truncated = steps == 3;
    }
  }

  /** Gives NaN once, in an episode of four steps; step 0 is the reset. */
  private static final class Poisoned extends EnvironmentWrapper {
    private final int poisonedEpisode;
    private final int poisonedStep;
    private final boolean reward;
    private int episode;
    private int steps;

    Poisoned(int episode, int step, boolean reward) {
      super(new CartPole());
      this.poisonedEpisode = episode;
      this.poisonedStep = step;
      this.reward = reward;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      super.reset(reset, observation);
      episode++;
      steps = 0;
      poison(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      steps++;
      step.terminated = false;
      step.truncated = steps == 4;
      if (reward && episode == poisonedEpisode && steps == poisonedStep) {
        step.reward = Double.NaN;
      }
      poison(step.observation);
    }

    private void poison(float[] observation) {
      if (!reward && episode == poisonedEpisode && steps == poisonedStep) {
        observation[2] = Float.NaN;
      }
    }
  }

  /** May refuse to start. */
  private static final class Unsteady extends EnvironmentWrapper {
    private final boolean refuses;
    private boolean closed;

    Unsteady(boolean refuses) {
      super(new CartPole());
      this.refuses = refuses;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      if (refuses) {
        throw new IllegalStateException("no start");
      }
      super.reset(reset, observation);
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
