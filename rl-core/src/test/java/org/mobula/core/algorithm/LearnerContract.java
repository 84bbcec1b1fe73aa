package org.mobula.core.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.Experience;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * What the learning half of every algorithm must keep; {@code AlgorithmContract} holds whole runs.
 * Extend it with settings of yours.
 */
public abstract class LearnerContract {
  private static final int ENVIRONMENTS = 2;
  private static final int CALLS = 6;

  /** Settings by which it pushes within a few collections. */
  protected abstract AlgorithmConfig config();

  /** An environment of the kind that the algorithm is for. */
  protected String environment() {
    return "CartPole-v1";
  }

  /** A learner with a store of its own, and what it learns from. */
  private final class Lesson implements AutoCloseable {
    final TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults(environment()).withCount(ENVIRONMENTS),
                LearnerContract.this.config())
            .withSeed(3);
    final EnvironmentFactory environments = EnvironmentCatalogue.standard().factory(environment());
    final PolicySpec policy = ExperienceSetup.policy(config, environments);
    final ExperienceSource source = new ExperienceSetup(config, policy, environments).inProcess();
    final LocalParameterStore store =
        new LocalParameterStore(
            config.layout(policy),
            config.initialParameters(policy, new Pcg64(1)),
            config.algorithm().optimizer(),
            config.algorithm().maxGradientNorm());
    final Learner learner =
        config
            .algorithm()
            .learner(
                new LearnerSetup(
                    policy,
                    config.algorithm().networks(policy, config.network()),
                    config.network().engine(),
                    ENVIRONMENTS,
                    1,
                    0,
                    null,
                    new Pcg64(2)));
    long steps;

    Experience collect() {
      Experience experience = source.collect(new PolicySnapshot(store.snapshot(), null), steps);
      steps += experience.rows();
      return experience;
    }

    void learn(Experience experience) {
      learner.learn(experience, store, new LearningMoment(0.1, steps, null));
    }

    void learn(int calls) {
      for (int i = 0; i < calls; i++) {
        learn(collect());
      }
    }

    float[] parameters() {
      return store.save().parameters().values();
    }

    @Override
    public void close() {
      learner.close();
      store.close();
      source.close();
    }
  }

  private static byte[] bytes(Experience experience) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    experience.writeState(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  @Test
  void pushesNumbers() {
    try (Lesson lesson = new Lesson()) {
      float[] before = lesson.parameters();
      lesson.learn(CALLS);
      assertThat(lesson.store.snapshot().version()).isPositive();
      assertThat(lesson.parameters()).isNotEqualTo(before);
      for (float parameter : lesson.parameters()) {
        assertThat(parameter).isFinite();
      }
    }
  }

  /** What happened is other people's, too: it may be written into a checkpoint afterwards. */
  @Test
  void leavesExperienceAsItHappened() throws IOException {
    try (Lesson lesson = new Lesson()) {
      for (int i = 0; i < CALLS; i++) {
        Experience experience = lesson.collect();
        byte[] before = bytes(experience);
        lesson.learn(experience);
        assertThat(bytes(experience)).isEqualTo(before);
      }
    }
  }

  @Test
  void theSameExperienceLeadsToTheSameBits() {
    try (Lesson first = new Lesson();
        Lesson second = new Lesson()) {
      first.learn(CALLS);
      second.learn(CALLS);
      assertThat(second.parameters()).isEqualTo(first.parameters());
    }
  }

  @Test
  void continuesFromItsStateBitForBit() throws IOException {
    try (Lesson whole = new Lesson();
        Lesson resumed = new Lesson()) {
      whole.learn(CALLS);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      whole.learner.writeState(new DataOutputStream(bytes));
      resumed.learner.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
      resumed.store.restore(whole.store.save());
      resumed.steps = whole.steps;
      for (int i = 0; i < CALLS; i++) {
        Experience experience = whole.collect();
        resumed.steps = whole.steps;
        whole.learn(experience);
        resumed.learn(experience);
        assertThat(resumed.parameters()).isEqualTo(whole.parameters());
      }
    }
  }

  @Test
  void measuresByNamesInRooms() {
    try (Lesson lesson = new Lesson()) {
      lesson.learn(CALLS);
      Map<String, Double> measurements = new HashMap<>();
      lesson.learner.measure(measurements);
      assertThat(measurements).isNotEmpty();
      assertThat(measurements.keySet()).allMatch(name -> name.matches("[a-z]+/[a-z0-9_/]+"));
    }
  }

  @Test
  void closesTwice() {
    Lesson lesson = new Lesson();
    lesson.learn(1);
    lesson.close();
    assertThatCode(lesson.learner::close).doesNotThrowAnyException();
  }
}
