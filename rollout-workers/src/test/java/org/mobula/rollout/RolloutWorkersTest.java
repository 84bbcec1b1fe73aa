package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mobula.rollout.Runs.config;
import static org.mobula.rollout.Runs.content;
import static org.mobula.rollout.Runs.parameters;
import static org.mobula.rollout.Runs.policy;
import static org.mobula.rollout.Runs.setup;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

class RolloutWorkersTest {
  private static TrainingConfig workers(String environment, int count, boolean asynchronous) {
    return config(environment)
        .withWorkers(WorkersConfig.defaults().withCount(count).withAsynchronous(asynchronous));
  }

  private static ExperienceSetup catalogue(TrainingConfig config) {
    return setup(
        config,
        EnvironmentCatalogue.standard()
            .factory(config.environment().id(), config.environment().options()));
  }

  private static TaskRuntime runtime(boolean strict) {
    return LocalTaskRuntime.builder().cpus(2).strict(strict).build();
  }

  @Test
  void workersThatTakeHalfACpuCollectFourAtATimeOnTwo() {
    CountDownLatch meeting = new CountDownLatch(4);
    EnvironmentFactory together =
        () ->
            new EnvironmentWrapper(new CartPole()) {
              @Override
              public void step(float[] action, Step step) {
                meeting.countDown();
                try {
                  meeting.await(); // for ever, if one of the four must wait for another's end
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                inner().step(action, step);
              }
            };
    WorkersConfig halves = WorkersConfig.defaults().withCount(4).withCpus(0.5);
    ExperienceSetup setup = setup(config("given in Java").withWorkers(halves), together);
    // Not strict, because the latch is shared with the environments.
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource source = RolloutWorkers.on(runtime).apply(setup)) {
      assertThat(source.collect(policy(setup, 0), 0).environments).isEqualTo(4);
    }
  }

  @Test
  void workerThatNeedsMoreThanTheRuntimeHasIsRefused() {
    WorkersConfig workers = WorkersConfig.defaults().withCount(2).withCpus(2.5);
    ExperienceSetup setup = catalogue(config("CartPole-v1").withWorkers(workers));
    try (TaskRuntime runtime = runtime(false)) {
      assertThatThrownBy(() -> RolloutWorkers.on(runtime).apply(setup))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "workers.cpus is 2.5 but the runtime has 2.0 CPUs in all; a worker must take less,"
                  + " such as 0.1 where its environments wait, or runtime.cpus be more");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void sameSeedTrainsTheSameBitsOverAnyRuntime(boolean asynchronous) {
    TrainingConfig config = workers("Pendulum-v1", 2, asynchronous);
    List<float[]> results = new ArrayList<>();
    for (boolean strict : new boolean[] {false, false, true}) {
      try (TaskRuntime runtime = runtime(strict)) {
        Trainer trainer = Trainer.builder(config).experience(RolloutWorkers.on(runtime)).build();
        results.add(parameters(trainer.train()));
      }
    }
    try (TaskRuntime narrow = LocalTaskRuntime.builder().cpus(1).build()) {
      Trainer trainer = Trainer.builder(config).experience(RolloutWorkers.on(narrow)).build();
      results.add(parameters(trainer.train()));
    }
    assertThat(results).hasSize(4).allSatisfy(same -> assertThat(same).isEqualTo(results.get(0)));
  }

  @Test
  void oneWorkerTrainsAsTheTrainersOwnThreadDoes() {
    TrainingConfig config = workers("CartPole-v1", 1, false);
    float[] own =
        parameters(Trainer.builder(config.withWorkers(WorkersConfig.defaults())).build().train());
    try (TaskRuntime runtime = runtime(true)) {
      Trainer trainer = Trainer.builder(config).experience(RolloutWorkers.on(runtime)).build();
      assertThat(parameters(trainer.train())).isEqualTo(own);
    }
  }

  @Test
  void putsTheSharesTogetherInTheWorkersOrder() {
    ExperienceSetup setup = catalogue(workers("CartPole-v1", 2, false));
    PolicySnapshot policy = policy(setup, 7);
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource source = RolloutWorkers.on(runtime).apply(setup);
        RolloutCollector first = setup.collector(0, 2);
        RolloutCollector second = setup.collector(1, 2)) {
      assertThat(source.environments()).isEqualTo(4);
      for (int i = 0; i < 3; i++) {
        Experience expected = merge(first.collect(policy, 0), second.collect(policy, 0));
        Experience actual = source.collect(policy, 0);
        assertThat(content(actual)).isEqualTo(content(expected));
        assertThat(actual.episodes.count()).isPositive();
        assertThat(actual.parameterVersion).isEqualTo(7);
      }
    }
  }

  private static Experience merge(Experience first, Experience second) {
    Experience whole =
        new Experience(first.shape, first.steps, first.environments + second.environments);
    whole.place(first, 0);
    whole.place(second, first.environments);
    RunningStatistics statistics = first.observationStatistics;
    RunningStatistics others = second.observationStatistics;
    if (statistics != null && others != null) {
      RunningStatistics sum = statistics.copy();
      sum.merge(others);
      whole.observationStatistics = sum;
    }
    whole.parameterVersion = first.parameterVersion;
    return whole;
  }

  @Test
  void collectsAheadWithThePolicyBeforeTheUpdate() {
    ExperienceSetup setup = catalogue(workers("CartPole-v1", 2, true));
    ExperienceSetup inStep = catalogue(workers("CartPole-v1", 2, false));
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource ahead = RolloutWorkers.on(runtime).apply(setup);
        ExperienceSource lockstep = RolloutWorkers.on(runtime).apply(inStep)) {
      for (int version = 0; version < 4; version++) {
        PolicySnapshot learners = policy(setup, version);
        Experience rollout = ahead.collect(learners, 0);
        int acted = Math.max(0, version - 1);
        assertThat(rollout.parameterVersion).isEqualTo(acted);
        assertThat(content(rollout)).isEqualTo(content(lockstep.collect(policy(setup, acted), 0)));
        // What a trainer does with its buffer at the next pull.
        Arrays.fill(learners.parameters().values(), Float.NaN);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"false, 0", "true, 8"})
  void tellsThePolicysLag(boolean asynchronous, double laterLag) {
    TrainingConfig config = workers("CartPole-v1", 2, asynchronous);
    List<Map<String, Double>> measured = new ArrayList<>();
    try (TaskRuntime runtime = runtime(false)) {
      Trainer.builder(config)
          .experience(RolloutWorkers.on(runtime))
          .listener(Runs.measurements(measured))
          .build()
          .train();
    }
    // An iteration is 4 environments × 32 steps in minibatches of 32, twice: 8 optimizer steps.
    assertThat(measured.get(0)).containsEntry("rollout/policy_lag", 0.0);
    assertThat(measured.subList(1, measured.size()))
        .isNotEmpty()
        .allSatisfy(row -> assertThat(row).containsEntry("rollout/policy_lag", laterLag))
        .allSatisfy(row -> assertThat(row).containsEntry("rollout/worker_restarts", 0.0))
        .allSatisfy(row -> assertThat(row.get("time/collect_seconds/worker_1")).isPositive());
  }

  @ParameterizedTest
  @CsvSource({"CartPole-v1, false", "CartPole-v1, true", "Pendulum-v1, true"})
  void goesOnFromItsStateBitForBit(String environment, boolean asynchronous) throws IOException {
    ExperienceSetup setup = catalogue(workers(environment, 2, asynchronous));
    try (TaskRuntime runtime = runtime(true);
        ExperienceSource whole = RolloutWorkers.on(runtime).apply(setup);
        ExperienceSource saved = RolloutWorkers.on(runtime).apply(setup);
        ExperienceSource resumed = RolloutWorkers.on(runtime).apply(setup)) {
      for (int version = 0; version < 3; version++) {
        whole.collect(policy(setup, version), 0);
        saved.collect(policy(setup, version), 0);
      }
      byte[] state = state(saved);
      assertThat(state(saved)).isEqualTo(state);
      resumed.readState(new DataInputStream(new ByteArrayInputStream(state)));
      for (int version = 3; version < 6; version++) {
        byte[] expected = content(whole.collect(policy(setup, version), 0));
        assertThat(content(saved.collect(policy(setup, version), 0))).isEqualTo(expected);
        assertThat(content(resumed.collect(policy(setup, version), 0))).isEqualTo(expected);
      }
    }
  }

  private static byte[] state(ExperienceSource source) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    source.writeState(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void trainingGoesOnFromACheckpointBitForBit(boolean asynchronous, @TempDir Path directory)
      throws IOException {
    TrainingConfig config = workers("CartPole-v1", 2, asynchronous);
    try (TaskRuntime runtime = runtime(false)) {
      Trainer uninterrupted =
          Trainer.builder(config).experience(RolloutWorkers.on(runtime)).build();
      float[] expected = parameters(uninterrupted.train());
      Trainer[] halted = new Trainer[1];
      halted[0] =
          Trainer.builder(config)
              .experience(RolloutWorkers.on(runtime))
              .directory(directory)
              .listener(
                  new TrainingListener() {
                    @Override
                    public void onIteration(TrainingProgress progress, Map<String, Double> row) {
                      if (progress.iterations() == 3) {
                        halted[0].stop("enough for now");
                      }
                    }
                  })
              .build();
      halted[0].train();
      Checkpoint checkpoint =
          Checkpoint.read(directory.resolve("checkpoints").resolve("step-000000000384"));
      Trainer resumed =
          Trainer.builder(config).experience(RolloutWorkers.on(runtime)).resume(checkpoint).build();
      assertThat(parameters(resumed.train())).isEqualTo(expected);
    }
  }

  @Test
  void refusesAStateOfAnotherNumberOfWorkers() throws IOException {
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource two =
            RolloutWorkers.on(runtime).apply(catalogue(workers("CartPole-v1", 2, false)));
        ExperienceSource four =
            RolloutWorkers.on(runtime).apply(catalogue(workers("CartPole-v1", 4, false)))) {
      byte[] state = state(two);
      assertThatThrownBy(() -> four.readState(new DataInputStream(new ByteArrayInputStream(state))))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "the state is of 2 rollout workers but there are 4; resume with workers.count 2");
    }
  }

  /** Each worker makes one batch, of its share; the bits are those of single environments. */
  @Test
  void workersTakeABatchOfEnvironmentsEach() throws IOException {
    ExperienceSetup single = catalogue(workers("CartPole-v1", 2, false));
    EnvironmentFactory cartPole = single.environment();
    VectorEnvironmentFactory pairs =
        count -> {
          assertThat(count).isEqualTo(2);
          return new SyncVectorEnvironment(cartPole, count, AutoresetMode.SAME_STEP);
        };
    ExperienceSetup batches = new ExperienceSetup(single.config(), single.policy(), pairs);
    try (TaskRuntime runtime = runtime(true);
        ExperienceSource expected = RolloutWorkers.on(runtime).apply(single);
        ExperienceSource actual = RolloutWorkers.on(runtime).apply(batches)) {
      for (int version = 0; version < 3; version++) {
        assertThat(content(actual.collect(policy(single, version), 0)))
            .isEqualTo(content(expected.collect(policy(single, version), 0)));
      }
    }
  }

  /** In those versions a count stood where there is −1 now. */
  @ParameterizedTest
  @CsvSource({"1, 0", "0, 1"})
  void refusesWhatAFormerVersionCollectedAhead(int done, int unfinished) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(1);
    out.writeInt(0);
    out.writeInt(0); // new episodes for the worker
    out.writeLong(3);
    out.writeInt(done);
    out.writeInt(unfinished);
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource source =
            RolloutWorkers.on(runtime).apply(catalogue(workers("CartPole-v1", 1, true)))) {
      assertThatThrownBy(
              () ->
                  source.readState(
                      new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "the checkpoint holds rollouts of a version that kept features in place of"
                  + " observations; resume it by that version, or without what was collected"
                  + " ahead: a checkpoint of a run with workers.asynchronous: false");
    }
  }

  @Test
  void withoutWorkersCollectsInTheCallersThread() {
    ExperienceSetup setup = catalogue(config("CartPole-v1"));
    try (TaskRuntime runtime = runtime(false);
        ExperienceSource source = RolloutWorkers.on(runtime).apply(setup)) {
      assertThat(source).isInstanceOf(RolloutCollector.class);
      assertThat(runtime.metrics().liveActors()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void closeLeavesNoActorAndNoThread(boolean asynchronous) {
    List<String> before = threads();
    TrainingConfig config = workers("CartPole-v1", 2, asynchronous);
    ExperienceSetup setup = catalogue(config.withEnvironment(config.environment().withThreads(2)));
    try (TaskRuntime runtime = runtime(false)) {
      ExperienceSource source = RolloutWorkers.on(runtime).apply(setup);
      source.collect(policy(setup, 0), 0);
      source.close();
      source.close();
      assertThat(runtime.metrics().liveActors()).isZero();
    }
    assertThat(threads()).isSubsetOf(before);
  }

  @Test
  void mayBeClosedAfterItsRuntime() {
    ExperienceSetup setup = catalogue(workers("CartPole-v1", 2, true));
    TaskRuntime runtime = runtime(false);
    ExperienceSource source = RolloutWorkers.on(runtime).apply(setup);
    source.collect(policy(setup, 0), 0);
    runtime.close();
    source.close();
    assertThat(runtime.metrics().liveActors()).isZero();
  }

  private static List<String> threads() {
    Thread[] all = new Thread[Thread.activeCount() + 50];
    int count = Thread.enumerate(all);
    return IntStream.range(0, count).mapToObj(i -> all[i].getName()).toList();
  }
}
