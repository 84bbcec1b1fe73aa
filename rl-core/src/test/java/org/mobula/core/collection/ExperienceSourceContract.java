package org.mobula.core.collection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.Experience;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.random.Pcg64;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * What every source of experience must keep, wherever its environments are. Extend it and say how
 * yours is made.
 */
public abstract class ExperienceSourceContract {
  private static final int ENVIRONMENTS = 4;
  private static final int STEPS = 16;

  /** A source that {@link #configured} is for, closed by the test. */
  protected abstract ExperienceSource create(ExperienceSetup setup);

  /** A run's configuration, as the source needs it. */
  protected TrainingConfig configured(TrainingConfig config) {
    return config;
  }

  /** How many iterations old a policy may be by which it collects. */
  protected int maxLag() {
    return 0;
  }

  /** The setup of all tests: CartPole, whose episodes end now and then within a collection. */
  protected final ExperienceSetup setup() {
    TrainingConfig config =
        configured(
            TrainingConfig.defaults(
                    EnvironmentConfig.defaults("CartPole-v1").withCount(ENVIRONMENTS),
                    PpoConfig.defaults().withSteps(STEPS))
                .withSeed(11));
    EnvironmentFactory cartPole = EnvironmentCatalogue.standard().factory("CartPole-v1");
    return new ExperienceSetup(config, ExperienceSetup.policy(config, cartPole), cartPole);
  }

  private ExperienceSource create() {
    return create(setup());
  }

  private PolicySnapshot policy(long version) {
    float[] values = setup().policy().network().initialParameters(new Pcg64(version));
    return new PolicySnapshot(new ParameterSnapshot(version, values), null);
  }

  private byte[] collect(ExperienceSource source, long version) throws IOException {
    Experience experience = source.collect(policy(version), version * ENVIRONMENTS * STEPS);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    experience.writeState(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static byte[] state(ExperienceSource source) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    source.writeState(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static DataInputStream reader(byte[] state) {
    return new DataInputStream(new ByteArrayInputStream(state));
  }

  @Test
  void collectsTheStepsOfAllEnvironmentsByThePolicy() {
    try (ExperienceSource source = create()) {
      assertThat(source.environments()).isEqualTo(ENVIRONMENTS);
      for (int version = 0; version < 4; version++) {
        Experience experience = source.collect(policy(version), 0);
        assertThat(experience.environments).isEqualTo(ENVIRONMENTS);
        assertThat(experience.steps).isEqualTo(STEPS);
        assertThat(version - experience.parameterVersion).isBetween(0L, (long) maxLag());
        assertThat(experience.rewards).containsOnly(1f);
        assertThat(source.inProgress()).isEmpty();
      }
    }
  }

  /** Those of all environments, from a row on. */
  private static float[] observations(Experience experience, int from) {
    int size = experience.shape.observationSize();
    float[] observations = new float[experience.environments * size];
    for (int i = 0; i < experience.environments; i++) {
      experience.observations.get(from + i, observations, i * size);
    }
    return observations;
  }

  @Test
  void episodesGoOnFromOneCollectionToTheNext() {
    try (ExperienceSource source = create()) {
      float[] last = {};
      int episodes = 0;
      for (int version = 0; version < 6; version++) {
        Experience experience = source.collect(policy(version), 0);
        if (version > 0) {
          assertThat(observations(experience, 0)).isEqualTo(last);
        }
        last = observations(experience, experience.rows());
        episodes += experience.episodes.count();
      }
      assertThat(episodes).isPositive();
    }
  }

  @Test
  void theSameSetupGivesTheSameBits() throws IOException {
    try (ExperienceSource first = create();
        ExperienceSource second = create()) {
      for (int version = 0; version < 4; version++) {
        assertThat(collect(second, version)).isEqualTo(collect(first, version));
      }
    }
  }

  @Test
  void continuesFromItsStateBitForBit() throws IOException {
    try (ExperienceSource whole = create();
        ExperienceSource resumed = create()) {
      collect(whole, 0);
      collect(whole, 1);
      resumed.readState(reader(state(whole)));
      for (int version = 2; version < 5; version++) {
        assertThat(collect(resumed, version)).isEqualTo(collect(whole, version));
      }
    }
  }

  /** A run that is to end does not wait for a whole collection, and loses nothing. */
  @Test
  void aCollectionThatIsStoppedIsContinuedBitForBit() throws IOException {
    try (ExperienceSource whole = create();
        ExperienceSource stopped = create();
        ExperienceSource resumed = create()) {
      assertThat(collect(stopped, 0)).isEqualTo(collect(whole, 0));
      stopped.stopWhen(() -> true);
      // What was collected ahead may be there before anybody asks.
      byte[] second = null;
      try {
        second = collect(stopped, 1);
      } catch (CollectionStoppedException e) {
        assertThat(e).hasMessage("the collection was stopped");
      }
      byte[] state = state(stopped);
      resumed.readState(reader(state));
      stopped.stopWhen(() -> false);
      byte[] expected = collect(whole, 1);
      if (second == null) {
        assertThat(collect(resumed, 1)).isEqualTo(expected);
        second = collect(stopped, 1);
      }
      assertThat(second).isEqualTo(expected);
      for (int version = 2; version < 4; version++) {
        byte[] next = collect(whole, version);
        assertThat(collect(stopped, version)).isEqualTo(next);
        assertThat(collect(resumed, version)).isEqualTo(next);
      }
    }
  }

  /** All that is left where a collection has failed. */
  @Test
  void newEpisodesBeginFromAStateWithoutEpisodes() throws IOException {
    try (ExperienceSource failed = create();
        ExperienceSource first = create();
        ExperienceSource second = create()) {
      byte[] ahead = collect(failed, 0);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      failed.writeNewEpisodes(new DataOutputStream(bytes));
      first.readState(reader(bytes.toByteArray()));
      second.readState(reader(bytes.toByteArray()));
      byte[] next = collect(first, 1);
      assertThat(next).isNotEqualTo(ahead).isEqualTo(collect(second, 1));
    }
  }

  @Test
  void aStateThatEndsTooEarlyIsRefused() throws IOException {
    try (ExperienceSource source = create();
        ExperienceSource other = create()) {
      collect(source, 0);
      byte[] state = state(source);
      assertThatThrownBy(() -> other.readState(reader(Arrays.copyOf(state, state.length / 2))))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void measuresNumbers() {
    try (ExperienceSource source = create()) {
      source.collect(policy(0), 0);
      Map<String, Double> measurements = new HashMap<>();
      source.measure(measurements);
      assertThat(measurements.values()).allMatch(Double::isFinite);
    }
  }

  @Test
  void closesTwice() {
    ExperienceSource source = create();
    source.collect(policy(0), 0);
    source.close();
    assertThatCode(source::close).doesNotThrowAnyException();
  }
}
