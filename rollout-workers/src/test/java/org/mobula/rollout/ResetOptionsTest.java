package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mobula.rollout.Runs.config;
import static org.mobula.rollout.Runs.measurements;
import static org.mobula.rollout.Runs.parameters;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

/** Options of resets reach workers, and what environments tell at episodes' ends comes back. */
class ResetOptionsTest {
  @TempDir private Path directory;

  /** Episodes of four steps; their level is observed, rewarded and told. */
  private static final class Levels implements Environment {
    private double level;
    private int steps;

    @Override
    public Space observationSpace() {
      return Box.unbounded(2);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      level = reset.options().get("level") instanceof Double number ? number : Double.NaN;
      steps = 0;
      observe(observation);
    }

    @Override
    public void step(float[] action, Step step) {
      steps++;
      step.reward = level * action[0];
      step.terminated = steps == 4;
      step.putInfo("level", level);
      observe(step.observation);
    }

    private void observe(float[] observation) {
      observation[0] = (float) level;
      observation[1] = steps;
    }

    @Override
    public boolean savesState() {
      return true;
    }

    @Override
    public void writeState(DataOutput out) throws IOException {
      out.writeDouble(level);
      out.writeInt(steps);
    }

    @Override
    public void readState(DataInput in) throws IOException {
      level = in.readDouble();
      steps = in.readInt();
    }
  }

  private static TrainingConfig levels(int workers, boolean asynchronous) {
    TrainingConfig config = config("Levels");
    return config
        .withEnvironment(
            config.environment().withResetOptions(Map.of("level", Schedule.linear(0, 8))))
        .withCheckpoint(CheckpointConfig.defaults().withEvery(512).withKeep(9))
        .withWorkers(WorkersConfig.defaults().withCount(workers).withAsynchronous(asynchronous));
  }

  private static Trainer.Builder trainer(
      TaskRuntime runtime, TrainingConfig config, List<Map<String, Double>> measured) {
    return Trainer.builder(config)
        .environment(Levels::new)
        .experience(RolloutWorkers.on(runtime))
        .listener(measurements(measured));
  }

  private static List<Double> told(List<Map<String, Double>> measured) {
    return measured.stream().map(values -> values.get("environment/level")).toList();
  }

  @Test
  void workersStartEpisodesAtThePresentLevel() {
    // Of eight episodes of an environment the first one started in the iteration before.
    List<Double> expected = new ArrayList<>(List.of(0.0));
    for (int iteration = 1; iteration < 8; iteration++) {
      expected.add(iteration - 1 / 8.0);
    }
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(2).strict(true).build()) {
      for (int workers : new int[] {0, 1, 2}) {
        List<Map<String, Double>> measured = new ArrayList<>();
        var unused = trainer(runtime, levels(workers, false), measured).build().train();
        assertThat(told(measured)).isEqualTo(expected);
      }
    }
  }

  /** One more before each iteration, whatever the run's progress. */
  private static Map<String, Object> oneMore(
      TrainingProgress progress, Map<String, Object> present) {
    return Map.of("level", present.get("level") instanceof Double level ? level + 1 : 0.0);
  }

  /** Time is up in a step of the third collection, which waits until the trainer knows it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void curriculumContinuesWhereACollectionWasEnded(boolean asynchronous) throws IOException {
    TrainingConfig levels = levels(2, asynchronous);
    TrainingConfig config =
        levels
            .withEnvironment(levels.environment().withResetOptions(Map.of()))
            .withCheckpoint(
                CheckpointConfig.defaults()) // else the state before it is there already
            .withAlgorithm(PpoConfig.defaults().withSteps(512).withMinibatchSize(512).withEpochs(1))
            .withStop(levels.stop().withEnvironmentSteps(4 * 4 * 512));
    // Not strict, because the test shares what it counts with the environments.
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(2).strict(false).build()) {
      List<Map<String, Double>> measured = new ArrayList<>();
      float[] whole =
          parameters(
              trainer(runtime, config, measured)
                  .curriculum(ResetOptionsTest::oneMore)
                  .build()
                  .train());

      AtomicInteger steps = new AtomicInteger();
      AtomicBoolean late = new AtomicBoolean();
      CountDownLatch asked = new CountDownLatch(1);
      long done =
          trainer(
                  runtime,
                  config.withStop(config.stop().withWallTime(Duration.ofHours(1))),
                  new ArrayList<>())
              .environment(
                  () ->
                      new EnvironmentWrapper(new Levels()) {
                        @Override
                        public void step(float[] action, Step step) {
                          if (steps.incrementAndGet() == 2 * 4 * 512 + 50) {
                            late.set(true);
                            awaitUnchecked(asked);
                          }
                          super.step(action, step);
                        }
                      })
              .clock(
                  () -> {
                    if (!late.get()) {
                      return 0;
                    }
                    asked.countDown();
                    return Duration.ofHours(2).toNanos();
                  })
              .curriculum(ResetOptionsTest::oneMore)
              .directory(directory)
              .build()
              .train()
              .progress()
              .iterations();
      assertThat(done).isLessThan(4);

      List<Map<String, Double>> resumed = new ArrayList<>();
      float[] after =
          parameters(
              trainer(runtime, config, resumed)
                  .curriculum(ResetOptionsTest::oneMore)
                  .resume(Checkpoint.read(directory))
                  .build()
                  .train());

      assertThat(after).isEqualTo(whole);
      assertThat(told(resumed)).isEqualTo(told(measured).subList((int) done, 4));
    }
  }

  private static void awaitUnchecked(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void workerInAnothersPlaceStartsAtTheLevelOfItsCollection(boolean asynchronous) {
    AtomicBoolean failed = new AtomicBoolean();
    List<Double> firstLevels = Collections.synchronizedList(new ArrayList<>());
    EnvironmentFactory failing =
        () ->
            new EnvironmentWrapper(new Levels()) {
              @Override
              public void reset(Reset reset, float[] observation) {
                super.reset(reset, observation);
                if (reset.seed() != null) { // the first episode of a worker's environment
                  firstLevels.add((double) observation[0]);
                } else if (observation[0] == 4 && !failed.getAndSet(true)) {
                  throw new IllegalStateException("the level is too hard");
                }
              }
            };
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(2).strict(false).build()) {
      var unused =
          trainer(runtime, levels(1, asynchronous), new ArrayList<>())
              .environment(failing)
              .build()
              .train();
    }
    assertThat(firstLevels).containsExactly(0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0);
  }

  @Test
  void resumedRunThatCollectsAheadGoesOnBitForBit() throws IOException {
    TrainingConfig config = levels(2, true);
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(2).strict(true).build()) {
      List<Map<String, Double>> measured = new ArrayList<>();
      float[] whole =
          parameters(trainer(runtime, config, measured).directory(directory).build().train());
      Path middle = directory.resolve("checkpoints").resolve("step-000000000512");
      List<Map<String, Double>> resumed = new ArrayList<>();

      float[] after =
          parameters(
              trainer(runtime, config, resumed).resume(Checkpoint.read(middle)).build().train());

      assertThat(after).isEqualTo(whole);
      assertThat(told(resumed)).hasSize(4).isEqualTo(told(measured).subList(4, 8));
    }
  }
}
