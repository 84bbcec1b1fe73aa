package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mobula.rollout.Runs.config;
import static org.mobula.rollout.Runs.parameters;
import static org.mobula.rollout.Runs.policy;
import static org.mobula.rollout.Runs.setup;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingException;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/** The run's seed is 5 and each of two workers has two environments: seeds 5, 6 and 7, 8. */
class WorkerFailureTest {
  /** Of environment 0 where the run's seed is 5; the others' follow it. */
  private static final long FIRST_SEED =
      SeedSequence.of(5).stream("environments").generateState(1)[0] >>> 33;

  private final List<WorkerFailure> failures = new ArrayList<>();

  private static TrainingConfig workers(boolean asynchronous, int maxRestarts) {
    return config("fragile")
        .withWorkers(
            WorkersConfig.defaults()
                .withCount(2)
                .withMaxRestarts(maxRestarts)
                .withAsynchronous(asynchronous));
  }

  private static TaskRuntime runtime(boolean strict) {
    return LocalTaskRuntime.builder().cpus(2).strict(strict).build();
  }

  private TrainingResult train(
      TaskRuntime runtime,
      TrainingConfig config,
      EnvironmentFactory environment,
      List<Map<String, Double>> measured) {
    return Trainer.builder(config)
        .environment(environment)
        .experience(RolloutWorkers.on(runtime, failures::add))
        .listener(Runs.measurements(measured))
        .build()
        .train();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void workerWhoseEnvironmentThrewIsStartedAgainAndTrainingGoesOn(boolean asynchronous) {
    EnvironmentFactory environment =
        FragileEnvironment.throwing(seed -> seed == FIRST_SEED + 3, 77);
    List<float[]> results = new ArrayList<>();
    for (boolean strict : new boolean[] {false, true}) {
      try (TaskRuntime runtime = runtime(strict)) {
        List<Map<String, Double>> measured = new ArrayList<>();
        TrainingResult result = train(runtime, workers(asynchronous, 1), environment, measured);
        assertThat(result.progress().environmentSteps()).isEqualTo(1024);
        // Step 77 is in the third rollout of 32 steps.
        assertThat(measured.get(1)).containsEntry("rollout/worker_restarts", 0.0);
        assertThat(measured.get(2)).containsEntry("rollout/worker_restarts", 1.0);
        assertThat(measured.get(7)).containsEntry("rollout/worker_restarts", 1.0);
        results.add(parameters(result));
      }
    }
    assertThat(results.get(1)).isEqualTo(results.get(0));
    assertThat(failures).hasSize(2).allSatisfy(WorkerFailureTest::isTheFloorGivingWay);
  }

  private static void isTheFloorGivingWay(WorkerFailure failure) {
    assertThat(failure.worker()).isEqualTo(1);
    assertThat(failure.failures()).isEqualTo(1);
    assertThat(failure.isRestarted()).isTrue();
    EnvironmentException environment = failure.environment().orElseThrow();
    assertThat(environment.seed()).hasValue(FIRST_SEED + 3);
    assertThat(environment.episode()).isEqualTo(8);
    assertThat(environment.step()).isEqualTo(7);
    assertThat(failure.message())
        .isEqualTo(
            "rollout worker 1: its environment 1 (FragileEnvironment) failed in step 7 of episode 8"
                + " after seed "
                + (FIRST_SEED + 3)
                + ": java.lang.IllegalStateException: the floor gave way");
  }

  @Test
  void runFailsWithTheHistoryWhenNoRestartIsLeft() {
    EnvironmentFactory environment =
        FragileEnvironment.throwing(seed -> seed != FIRST_SEED && seed != FIRST_SEED + 1, 12);
    try (TaskRuntime runtime = runtime(true)) {
      assertThatThrownBy(() -> train(runtime, workers(false, 2), environment, new ArrayList<>()))
          .isInstanceOf(TrainingException.class)
          .hasMessageStartingWith(
              "iteration 1 (0 environment steps): rollout worker 1: its environment 0"
                  + " (FragileEnvironment) failed in step 2 of episode 2 after seed ")
          .hasMessageContainingAll(
              "the floor gave way",
              "; failure 3 of this worker, and workers.max-restarts is 2",
              "; failure 1: its environment 0 (FragileEnvironment) failed in step 2 of episode 2"
                  + " after seed "
                  + (FIRST_SEED + 2)
                  + ": java.lang.IllegalStateException: the floor gave way",
              "; failure 2: ",
              ". Mend the environment, or allow more restarts")
          .hasRootCauseMessage("the floor gave way")
          .cause()
          .isInstanceOfSatisfying(
              WorkerFailedException.class,
              failed -> assertThat(failed.history()).isEqualTo(failures));
      assertThat(failures).hasSize(3);
      assertThat(failures.get(2).isRestarted()).isFalse();
      assertThat(failures.stream().map(failure -> failure.environment().orElseThrow().seed()))
          .doesNotHaveDuplicates();
      assertThat(runtime.metrics().liveActors()).isZero();
    }
  }

  @Test
  void workerThatCannotBeStartedIsTriedAfterPausesThatDouble() {
    EnvironmentFactory environment =
        () -> {
          throw new IllegalStateException("no simulator listens");
        };
    AtomicLong slept = new AtomicLong();
    ExperienceSetup working =
        setup(workers(false, 7), FragileEnvironment.throwing(seed -> false, 1));
    ExperienceSetup setup = new ExperienceSetup(working.config(), working.policy(), environment);
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource source =
            RolloutWorkers.on(runtime, failures::add, slept::addAndGet).apply(setup)) {
      assertThatThrownBy(() -> source.collect(policy(setup, 0), 0))
          .isInstanceOf(WorkerFailedException.class)
          .hasMessageContainingAll(
              "no simulator listens", "; failure 8 of this worker, and workers.max-restarts is 7");
      // At once, then after 0.1, 0.2, 0.4, 0.8, 1.6 and 3.2 s.
      assertThat(slept.get()).isEqualTo(6_300_000_000L);
    }
  }

  @Test
  void numberThatIsNoneEndsTheRunAtOnce() {
    EnvironmentFactory environment =
        FragileEnvironment.factory(
            seed -> seed == FIRST_SEED + 2, 12, step -> step.reward = Double.NaN);
    try (TaskRuntime runtime = runtime(true)) {
      assertThatThrownBy(() -> train(runtime, workers(false, 2), environment, new ArrayList<>()))
          .isInstanceOf(TrainingException.class)
          .hasMessageStartingWith(
              "iteration 1 (0 environment steps): rollout worker 1: its environment 0"
                  + " (FragileEnvironment) failed in step ")
          .hasMessageContaining(" after seed " + (FIRST_SEED + 2) + ": the reward is NaN; ")
          .hasCauseInstanceOf(WorkerFailedException.class)
          .hasRootCauseInstanceOf(NonFiniteException.class);
      assertThat(failures).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void workerKilledBetweenCollectionsIsStartedAgain(boolean strict) {
    ExperienceSetup setup = setup(workers(false, 1), FragileEnvironment.throwing(seed -> false, 1));
    try (TaskRuntime runtime = runtime(strict);
        ExperienceSource source = RolloutWorkers.on(runtime, failures::add).apply(setup);
        ExperienceSource replacement = setup.collector(0, 2, 1)) {
      source.collect(policy(setup, 0), 0);
      runtime.kill(((RolloutWorkers) source).actors().get(0));
      Experience rollout = source.collect(policy(setup, 1), 0);

      assertThat(failures).hasSize(1);
      assertThat(failures.get(0).message()).startsWith("rollout worker 0: ").contains("killed");
      Experience fresh = replacement.collect(policy(setup, 1), 0);
      for (int step = 0; step < rollout.steps; step++) {
        for (int i = 0; i < 2; i++) {
          assertThat(rollout.observations.number(step * 4 + i, 0))
              .isEqualTo(fresh.observations.number(step * 2 + i, 0));
        }
      }
    }
  }

  @Test
  void workerKilledInTheMiddleOfACollectionIsStartedAgain() throws InterruptedException {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch killed = new CountDownLatch(1);
    FragileEnvironment.Accident wait =
        step -> {
          arrived.countDown();
          killed.await();
        };
    ExperienceSetup setup =
        setup(
            workers(false, 1), FragileEnvironment.factory(seed -> seed == FIRST_SEED + 2, 5, wait));
    // Not strict, because the latches are shared with the environment.
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource source = RolloutWorkers.on(runtime, failures::add).apply(setup)) {
      ActorRef<?> victim = ((RolloutWorkers) source).actors().get(1);
      Thread killer =
          new Thread(
              () -> {
                try {
                  arrived.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                runtime.kill(victim);
                killed.countDown();
              });
      killer.start();
      Experience rollout = source.collect(policy(setup, 0), 0);
      killer.join();

      assertThat(rollout.episodes.count()).isEqualTo(4 * 3);
      assertThat(failures).hasSize(1);
      assertThat(failures.get(0).worker()).isEqualTo(1);
      assertThat(failures.get(0).environment()).isEmpty();
    }
  }

  @Test
  void restartsAreCountedOnAfterAResume() throws IOException {
    EnvironmentFactory environment =
        FragileEnvironment.throwing(seed -> seed != FIRST_SEED && seed != FIRST_SEED + 1, 50);
    ExperienceSetup setup = setup(workers(false, 1), environment);
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource saved = RolloutWorkers.on(runtime, failures::add).apply(setup);
        ExperienceSource resumed = RolloutWorkers.on(runtime, failures::add).apply(setup)) {
      saved.collect(policy(setup, 0), 0);
      saved.collect(policy(setup, 1), 0); // fails at step 50, is collected again
      assertThat(failures).hasSize(1);
      ByteArrayOutputStream state = new ByteArrayOutputStream();
      saved.writeState(new DataOutputStream(state));
      resumed.readState(new DataInputStream(new ByteArrayInputStream(state.toByteArray())));
      TreeMap<String, Double> measured = new TreeMap<>();
      resumed.measure(measured);
      assertThat(measured).containsEntry("rollout/worker_restarts", 1.0);
      // Environments that save no state start anew: step 50 comes in the second rollout.
      resumed.collect(policy(setup, 2), 0);
      assertThatThrownBy(() -> resumed.collect(policy(setup, 3), 0))
          .isInstanceOf(WorkerFailedException.class)
          .hasMessageStartingWith("rollout worker 1: ")
          .hasMessageContaining("; failure 2 of this worker, and workers.max-restarts is 1");
    }
  }
}
