package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mobula.rollout.Runs.config;
import static org.mobula.rollout.Runs.parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/** Ends within a collection: asked for, or forced by a step that never returns. */
class WorkerEndingTest {
  @TempDir Path directory;

  private static TrainingConfig workers(boolean asynchronous) {
    return config("given in Java")
        .withWorkers(WorkersConfig.defaults().withCount(2).withAsynchronous(asynchronous));
  }

  private static TaskRuntime runtime() {
    // Not strict, because the test shares what it counts with the environments.
    return LocalTaskRuntime.builder().cpus(2).strict(false).build();
  }

  private static EnvironmentFactory cartPole(Runnable step) {
    return () ->
        new EnvironmentWrapper(new CartPole()) {
          @Override
          public void step(float[] action, Step out) {
            step.run();
            inner().step(action, out);
          }
        };
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void collectionThatWasEndedIsContinuedBitForBit(boolean asynchronous) throws IOException {
    int rollout = 4 * 2048;
    TrainingConfig config =
        workers(asynchronous)
            .withAlgorithm(
                PpoConfig.defaults().withSteps(2048).withMinibatchSize(1024).withEpochs(1))
            .withStop(StopConfig.defaults().withEnvironmentSteps(4L * rollout));
    try (TaskRuntime runtime = runtime()) {
      float[] whole =
          parameters(
              Trainer.builder(config)
                  .environment(CartPole::new)
                  .experience(RolloutWorkers.on(runtime))
                  .build()
                  .train());

      Trainer[] trainer = new Trainer[1];
      AtomicInteger steps = new AtomicInteger();
      // In the third rollout; its other half would take seconds.
      EnvironmentFactory stopping =
          cartPole(
              () -> {
                int step = steps.incrementAndGet();
                if (step == 2 * rollout + 50) {
                  trainer[0].stop("enough");
                } else if (step > 2 * rollout + 50) {
                  LockSupport.parkNanos(this, 1_000_000);
                }
              });
      trainer[0] =
          Trainer.builder(config)
              .environment(stopping)
              .experience(RolloutWorkers.on(runtime))
              .directory(directory)
              .build();
      TrainingResult part = trainer[0].train();
      assertThat(part.reason()).isEqualTo("enough");
      assertThat(part.progress().iterations()).isBetween(asynchronous ? 1L : 2L, 2L);
      assertThat(steps.get()).as("steps of the rollout that was ended").isLessThan(3 * rollout);

      Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
      TrainingResult resumed =
          Trainer.builder(config)
              .environment(CartPole::new)
              .experience(RolloutWorkers.on(runtime))
              .resume(checkpoint)
              .build()
              .train();
      assertThat(parameters(resumed)).isEqualTo(whole);
    }
  }

  /**
   * The end comes while one of the workers is in the first or the last step of its share of the
   * third rollout; whether the other one has finished its share is left to chance.
   */
  @ParameterizedTest
  @CsvSource({
    "false, 0, 1", "false, 1, 1", "false, 0, 128", "false, 1, 128",
    "true, 0, 1", "true, 1, 1", "true, 0, 128", "true, 1, 128",
  })
  void collectionIsContinuedBitForBitWhicheverStepItWasEndedIn(
      boolean asynchronous, int worker, int step) throws IOException {
    int share = 2 * 64; // steps of a worker's two environments
    TrainingConfig config =
        workers(asynchronous)
            .withAlgorithm(PpoConfig.defaults().withSteps(64).withMinibatchSize(256).withEpochs(1))
            .withStop(StopConfig.defaults().withEnvironmentSteps(4L * 2 * share));
    try (TaskRuntime runtime = runtime()) {
      float[] whole =
          parameters(
              Trainer.builder(config)
                  .environment(CartPole::new)
                  .experience(RolloutWorkers.on(runtime))
                  .build()
                  .train());

      Trainer[] trainer = new Trainer[1];
      AtomicInteger steps = new AtomicInteger();
      EnvironmentFactory stopping =
          cartPole(
              () -> {
                if (Thread.currentThread().getName().equals("rollout-worker-" + worker)
                    && steps.incrementAndGet() == 2 * share + step) {
                  long before = runtime.metrics().cancelled();
                  trainer[0].stop("enough");
                  while (runtime.metrics().cancelled() == before) {
                    Thread.onSpinWait();
                  }
                }
              });
      trainer[0] =
          Trainer.builder(config)
              .environment(stopping)
              .experience(RolloutWorkers.on(runtime))
              .directory(directory)
              .build();
      assertThat(trainer[0].train().reason()).isEqualTo("enough");

      Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
      TrainingResult resumed =
          Trainer.builder(config)
              .environment(CartPole::new)
              .experience(RolloutWorkers.on(runtime))
              .resume(checkpoint)
              .build()
              .train();
      assertThat(parameters(resumed)).isEqualTo(whole);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void stepsEndSoonAfterTheStop(boolean asynchronous) throws IOException {
    Trainer[] trainer = new Trainer[1];
    AtomicInteger steps = new AtomicInteger();
    // A rollout of which nobody would see the end.
    TrainingConfig config =
        workers(asynchronous).withAlgorithm(PpoConfig.defaults().withSteps(1_000_000));
    EnvironmentFactory stopping =
        cartPole(
            () -> {
              if (steps.incrementAndGet() == 1000) {
                trainer[0].stop("enough");
              }
            });
    try (TaskRuntime runtime = runtime()) {
      trainer[0] =
          Trainer.builder(config.withStop(config.stop().withEnvironmentSteps(100_000_000)))
              .environment(stopping)
              .experience(RolloutWorkers.on(runtime))
              .directory(directory)
              .build();
      TrainingResult result = trainer[0].train();
      assertThat(result.interrupted()).isTrue();
      assertThat(result.progress().iterations()).isZero();
    }
  }

  @Test
  void workerWhoseStepNeverReturnsIsStartedAgain() {
    CountDownLatch never = new CountDownLatch(1);
    AtomicInteger made = new AtomicInteger();
    List<WorkerFailure> failures = new ArrayList<>();
    EnvironmentFactory hanging =
        () -> {
          int number = made.getAndIncrement();
          return new EnvironmentWrapper(new CartPole()) {
            private int steps;

            @Override
            public void step(float[] action, Step step) {
              if (number == 2 && ++steps == 40) {
                awaitThroughInterrupts(never);
              }
              inner().step(action, step);
            }
          };
        };
    WorkersConfig workers =
        workers(false)
            .workers()
            .withStepTimeout(Duration.ofSeconds(2))
            .withMaxRestarts(1_000_000); // a busy machine's steps may take as long, and often
    TrainingConfig config = workers(false).withWorkers(workers);
    try (TaskRuntime runtime = runtime()) {
      TrainingResult result =
          Trainer.builder(config)
              .environment(hanging)
              .experience(RolloutWorkers.on(runtime, failures::add))
              .build()
              .train();

      assertThat(result.progress().environmentSteps()).isEqualTo(1024);
      assertThat(failures).isNotEmpty();
      assertThat(failures.get(0).message())
          .matches(
              "rollout worker [01]: its environment [01] \\(CartPole\\) in step \\d+ of episode"
                  + " \\d+ after seed \\d+ has not returned for 2\\.0 s, and workers\\.step-timeout"
                  + " allows no more");
    } finally {
      never.countDown();
    }
  }

  private static void awaitThroughInterrupts(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // as a native call does
      }
    }
  }
}
