package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mobula.rollout.Runs.config;
import static org.mobula.rollout.Runs.policy;
import static org.mobula.rollout.Runs.setup;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.experience.Experience;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/** Slow workers hold up nobody until the lag allowed is used up, and it is never more. */
@Timeout(300)
class PolicyLagTest {
  /** Of environment 0 where the run's seed is 5; 2 and 3 belong to worker 1. */
  private static final long FIRST_SEED =
      SeedSequence.of(5).stream("environments").generateState(1)[0] >>> 33;

  private static TrainingConfig workers(int count, int maxPolicyLag) {
    WorkersConfig workers =
        WorkersConfig.defaults()
            .withCount(count)
            .withCpus(0.25)
            .withAsynchronous(true)
            .withMaxPolicyLag(maxPolicyLag);
    return config("given in Java").withWorkers(workers);
  }

  private static TaskRuntime runtime() {
    // Not strict, because the tests share latches with the environments.
    return LocalTaskRuntime.builder().cpus(2).strict(false).build();
  }

  @Test
  void fastWorkersGoOnWithoutASlowOneUntilItsPolicyIsAsOldAsItMayBe() {
    CountDownLatch released = new CountDownLatch(1);
    EnvironmentFactory environment =
        FragileEnvironment.factory(seed -> seed == FIRST_SEED + 2, 5, step -> released.await());
    ExperienceSetup setup = setup(workers(2, 3), environment);
    try (TaskRuntime runtime = runtime();
        ExperienceSource source = RolloutWorkers.on(runtime).apply(setup)) {
      for (int version = 0; version < 3; version++) { // would wait for ever for the slow one
        Experience rollout = source.collect(policy(setup, version), 0);
        assertThat(rollout.environments).isEqualTo(4);
      }
      released.countDown();
      Experience due = source.collect(policy(setup, 3), 0);
      assertThat(due.parameterVersion).as("with the slow worker's share").isZero();
      for (int version = 4; version < 20; version++) {
        assertThat(source.collect(policy(setup, version), 0).parameterVersion)
            .isBetween(version - 3L, (long) version);
      }
    } finally {
      released.countDown();
    }
  }

  /** Each step of each environment takes as long as chance has it, now and then very long. */
  private static EnvironmentFactory unsteady() {
    return () ->
        new EnvironmentWrapper(new CartPole()) {
          @Override
          public void step(float[] action, Step step) {
            ThreadLocalRandom chance = ThreadLocalRandom.current();
            if (chance.nextInt(20) == 0) {
              LockSupport.parkNanos(this, chance.nextInt(1 + chance.nextInt(400_000)));
            }
            inner().step(action, step);
          }
        };
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void policyIsNeverOlderThanAllowedWhateverTheTiming(int maxPolicyLag) throws IOException {
    ExperienceSetup setup = setup(workers(4, maxPolicyLag), unsteady());
    try (TaskRuntime runtime = runtime();
        ExperienceSource first = RolloutWorkers.on(runtime).apply(setup);
        ExperienceSource resumed = RolloutWorkers.on(runtime).apply(setup)) {
      requireLag(first, setup, 0, 40, maxPolicyLag);
      ByteArrayOutputStream state = new ByteArrayOutputStream();
      first.writeState(new DataOutputStream(state));
      resumed.readState(new DataInputStream(new ByteArrayInputStream(state.toByteArray())));
      requireLag(resumed, setup, 40, 60, maxPolicyLag);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void policyIsNeverOlderThanAllowedAfterAnInterruption(int maxPolicyLag) throws IOException {
    ExperienceSetup setup = setup(workers(4, maxPolicyLag), unsteady());
    boolean[] stopped = new boolean[1];
    try (TaskRuntime runtime = runtime();
        ExperienceSource first = RolloutWorkers.on(runtime).apply(setup);
        ExperienceSource resumed = RolloutWorkers.on(runtime).apply(setup)) {
      first.stopWhen(() -> stopped[0]);
      requireLag(first, setup, 0, 10, maxPolicyLag);
      stopped[0] = true;
      ByteArrayOutputStream state = new ByteArrayOutputStream();
      first.writeState(new DataOutputStream(state));
      resumed.readState(new DataInputStream(new ByteArrayInputStream(state.toByteArray())));
      requireLag(resumed, setup, 10, 30, maxPolicyLag);
    }
  }

  private static void requireLag(
      ExperienceSource source, ExperienceSetup setup, int from, int to, int most) {
    for (int version = from; version < to; version++) {
      Experience rollout = source.collect(policy(setup, version), 0);
      assertThat(version - rollout.parameterVersion).isBetween(0L, (long) most);
      if (most == 1 && version > 0) {
        assertThat(rollout.parameterVersion).isEqualTo(version - 1);
      }
      for (float logProbability : rollout.column(SamplingActor.LOG_PROBABILITY)) {
        assertThat(logProbability).isNegative();
      }
    }
  }

  @Test
  void workerThatFailsIsStartedAgainWhileTheOthersGoOn() {
    EnvironmentFactory environment =
        FragileEnvironment.throwing(seed -> seed == FIRST_SEED + 3, 77);
    List<WorkerFailure> failures = new ArrayList<>();
    try (TaskRuntime runtime = runtime()) {
      TrainingResult result =
          Trainer.builder(workers(2, 4))
              .environment(environment)
              .experience(RolloutWorkers.on(runtime, failures::add))
              .build()
              .train();
      assertThat(result.progress().environmentSteps()).isEqualTo(1024);
      assertThat(failures).allSatisfy(failure -> assertThat(failure.worker()).isEqualTo(1));
    }
  }

  @Test
  void lagNeedsAsynchronousWorkers() {
    WorkersConfig inStep = WorkersConfig.defaults().withCount(2);
    assertThatThrownBy(() -> inStep.withMaxPolicyLag(4))
        .isInstanceOf(InvalidValueException.class)
        .hasMessage("max-policy-lag is 4 but must be 1 unless workers are asynchronous");
  }
}
