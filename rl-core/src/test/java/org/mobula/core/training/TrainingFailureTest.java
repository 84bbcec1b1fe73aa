package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.classic.Pendulum;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.network.Activation;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Whatever fails or is ended, what was learnt is in a checkpoint. */
class TrainingFailureTest {
  private static final int COUNT = 4;
  private static final int ITERATION = 64;

  @TempDir Path directory;

  private static TrainingConfig config() {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withMinibatchSize(32).withEpochs(2);
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("given in Java").withCount(COUNT), ppo)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(640))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
  }

  private Trainer.Builder trainer(TrainingConfig config, EnvironmentFactory environment) {
    return Trainer.builder(config).environment(environment).directory(directory);
  }

  private long newest() throws IOException {
    Path checkpoint = new RunDirectory(directory).latest().orElseThrow();
    assertThat(Checkpoint.read(checkpoint).snapshot().parameters().values()).isNotEmpty();
    return Long.parseLong(checkpoint.getFileName().toString().substring("step-".length()));
  }

  private TrainingResult resume(TrainingConfig config, EnvironmentFactory environment)
      throws IOException {
    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    return trainer(config, environment).resume(checkpoint).build().train();
  }

  @Test
  void aFirstResetThatFailsIsNamed() {
    EnvironmentFactory broken =
        () ->
            new EnvironmentWrapper(new LoopEnvironment()) {
              @Override
              public void reset(org.mobula.core.environment.Reset reset, float[] observation) {
                throw new IllegalStateException("no simulator");
              }
            };
    assertThatThrownBy(() -> trainer(config(), broken).build().train())
        .isInstanceOf(TrainingException.class)
        .hasMessageStartingWith("before the first iteration: environment 0")
        .hasMessageContaining("failed in the reset of episode 1")
        .hasMessageContaining("no simulator");
  }

  /** A loop in which something happens in each step of the environments from {@code first} on. */
  private static EnvironmentFactory accident(int first, Consumer<Step> accident) {
    AtomicInteger made = new AtomicInteger();
    return () -> {
      int number = made.getAndIncrement();
      return new EnvironmentWrapper(new LoopEnvironment()) {
        @Override
        public void step(float[] action, Step step) {
          if (number >= first) {
            accident.accept(step);
          }
          inner().step(action, step);
        }
      };
    };
  }

  /** The environment made first answers for the spaces, the next four train, others evaluate. */
  private static EnvironmentFactory inEvaluation(Consumer<Step> accident) {
    return accident(1 + COUNT, accident);
  }

  private static void fail(Object unused) {
    throw new IllegalStateException("the licence server is gone");
  }

  @Test
  void failingEvaluationLeavesACheckpointAndNamesEpisodeSeedAndStep() throws IOException {
    AtomicInteger steps = new AtomicInteger();
    EnvironmentFactory failing =
        inEvaluation(
            step -> {
              if (steps.incrementAndGet() == 6) {
                fail(step);
              }
            });

    assertThatThrownBy(() -> trainer(config(), failing).build().train())
        .isInstanceOf(TrainingException.class)
        .hasMessageMatching(
            "the evaluation after iteration 10 \\(640 environment steps\\): an evaluation's episode 1"
                + " \\(seed \\d+\\) failed in step 3: java.lang.IllegalStateException: the licence"
                + " server is gone")
        .hasRootCauseMessage("the licence server is gone");
    assertThat(newest()).isEqualTo(640);
    assertThat(new RunDirectory(directory).best()).isEmpty();
  }

  @Test
  void evaluationIsMadeUpForByTheResumedRun() throws IOException {
    TrainingConfig config =
        config().withEvaluation(EvaluationConfig.defaults().withEpisodes(2).withEvery(320));
    EnvironmentFactory failing = inEvaluation(TrainingFailureTest::fail);
    assertThatThrownBy(() -> trainer(config, failing).build().train())
        .hasMessageStartingWith("the evaluation after iteration 5 (320 environment steps): ");
    assertThat(newest()).isEqualTo(320);

    TrainingResult result = resume(config, LoopEnvironment::new);

    assertThat(result.progress().environmentSteps()).isEqualTo(640);
    assertThat(Files.readAllLines(new RunDirectory(directory).metricsJsonLines()))
        .filteredOn(line -> line.contains("evaluation/"))
        .hasSize(2);
  }

  @Test
  void failingEnvironmentLeavesTheLastIterationToGoOnFrom() throws IOException {
    AtomicInteger steps = new AtomicInteger();
    EnvironmentFactory failing =
        accident(
            1,
            step -> {
              if (steps.incrementAndGet() == 3 * ITERATION + 7) {
                fail(step);
              }
            });

    assertThatThrownBy(() -> trainer(config(), failing).build().train())
        .isInstanceOf(TrainingException.class)
        .hasMessageStartingWith("iteration 4 (192 environment steps): environment 2 ")
        .hasMessageContaining("failed in step ");
    assertThat(newest()).isEqualTo(192);
    assertThat(resume(config(), LoopEnvironment::new).progress().environmentSteps()).isEqualTo(640);
  }

  @Test
  void failingListenerLeavesACheckpoint() throws IOException {
    TrainingListener failing =
        new TrainingListener() {
          @Override
          public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
            if (progress.iterations() == 3) {
              fail(progress);
            }
          }
        };

    assertThatThrownBy(
            () -> trainer(config(), LoopEnvironment::new).listener(failing).build().train())
        .isInstanceOf(TrainingException.class)
        .hasMessageStartingWith("a listener (" + failing.getClass().getName() + ") failed after")
        .hasMessageEndingWith("iteration 3 (192 environment steps): the licence server is gone");
    assertThat(newest()).isEqualTo(192);
  }

  @Test
  void failingSinkLeavesACheckpoint() throws IOException {
    MetricSink failing =
        new MetricSink() {
          @Override
          public void record(long steps, double seconds, Map<String, Double> values) {
            fail(values);
          }

          @Override
          public void close() {}
        };

    assertThatThrownBy(() -> trainer(config(), LoopEnvironment::new).sink(failing).build().train())
        .isInstanceOf(TrainingException.class)
        .hasMessage(
            "a metric sink failed after iteration 1 (64 environment steps): the licence server is"
                + " gone");
    assertThat(newest()).isEqualTo(64);
  }

  @Test
  void endOfTheRunIsSavedBeforeTheEnvironmentsAreClosed() throws IOException {
    Path[] found = new Path[1];
    EnvironmentFactory closing =
        () ->
            new EnvironmentWrapper(new LoopEnvironment()) {
              @Override
              public void close() {
                try {
                  new RunDirectory(directory).latest().ifPresent(path -> found[0] = path);
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              }
            };
    trainer(config(), closing).build().train();
    assertThat(found[0].getFileName()).hasToString("step-000000000640");
  }

  @Test
  void stopIsHeardWithinAnEvaluationAndLeavesACheckpoint() throws IOException {
    Trainer[] trainer = new Trainer[1];
    trainer[0] = trainer(config(), inEvaluation(step -> trainer[0].stop("enough"))).build();

    TrainingResult result = trainer[0].train();

    assertThat(result.interrupted()).isTrue();
    assertThat(result.reason()).isEqualTo("enough");
    assertThat(result.evaluation()).isEmpty();
    assertThat(newest()).isEqualTo(640);
  }

  @Test
  void interruptIsHeardWithinAnEvaluation() throws IOException {
    EnvironmentFactory interrupting = inEvaluation(step -> Thread.currentThread().interrupt());

    TrainingResult result = trainer(config(), interrupting).build().train();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(result.reason()).isEqualTo("the thread that trains was interrupted");
    assertThat(newest()).isEqualTo(640);
  }

  /** CartPole that does something when so many steps are taken over all environments. */
  private static EnvironmentFactory cartPole(int when, Runnable event) {
    AtomicInteger steps = new AtomicInteger();
    return () ->
        new EnvironmentWrapper(new CartPole()) {
          @Override
          public void step(float[] action, Step step) {
            if (steps.incrementAndGet() == when) {
              event.run();
            }
            inner().step(action, step);
          }
        };
  }

  private static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void stopIsHeardWithinACollectionWhichTheResumedRunContinuesBitForBit() throws IOException {
    TrainingConfig config =
        config()
            .withNormalization(NormalizationConfig.defaults().withObservations(true))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    TrainingResult whole = Trainer.builder(config).environment(CartPole::new).build().train();

    Trainer[] trainer = new Trainer[1];
    AtomicInteger last = new AtomicInteger();
    EnvironmentFactory stopping =
        cartPole(3 * ITERATION + 30, () -> trainer[0].stop("in the fourth iteration"));
    trainer[0] = trainer(config, stopping).listener(iterations(last)).build();
    TrainingResult part = trainer[0].train();

    assertThat(part.reason()).isEqualTo("in the fourth iteration");
    assertThat(last).hasValue(3);
    assertThat(newest()).isEqualTo(3 * ITERATION);
    assertThat(parameters(resume(config, CartPole::new))).isEqualTo(parameters(whole));
  }

  private static TrainingListener iterations(AtomicInteger last) {
    return new TrainingListener() {
      @Override
      public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
        last.set((int) progress.iterations());
      }
    };
  }

  @Test
  void interruptIsHeardWithinACollection() throws IOException {
    EnvironmentFactory interrupting =
        cartPole(ITERATION + 1, () -> Thread.currentThread().interrupt());

    TrainingResult result = trainer(config(), interrupting).build().train();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(result.interrupted()).isTrue();
    assertThat(newest()).isEqualTo(ITERATION);
  }

  @Test
  void wallTimeHoldsWithinAnIteration() throws IOException {
    AtomicLong nanos = new AtomicLong();
    EnvironmentFactory slow =
        cartPole(2 * ITERATION + 9, () -> nanos.addAndGet(Duration.ofHours(1).toNanos()));
    TrainingConfig config =
        config().withStop(StopConfig.defaults().withWallTime(Duration.ofMinutes(5)));

    TrainingResult result = trainer(config, slow).clock(nanos::get).build().train();

    assertThat(result.interrupted()).isFalse();
    assertThat(result.reason()).isEqualTo("the time of 300 s is up");
    assertThat(result.progress().iterations()).isEqualTo(2);
    assertThat(newest()).isEqualTo(2 * ITERATION);
  }

  @Test
  void resumeOfARunThatIsOverAddsNothing() throws IOException {
    TrainingConfig config =
        config().withStop(StopConfig.defaults().withEpisodeReturn(1.0).withEpisodes(2));
    TrainingResult first = trainer(config, LoopEnvironment::new).build().train();
    RunDirectory run = new RunDirectory(directory);
    List<String> before = Files.readAllLines(run.metricsJsonLines());
    assertThat(Checkpoint.read(run.latest().orElseThrow()).progress().met(config.stop()))
        .hasValue("episode-return");

    TrainingResult again = resume(config, LoopEnvironment::new);

    assertThat(again.reason()).isEqualTo(first.reason());
    assertThat(again.evaluation()).isEqualTo(first.evaluation());
    assertThat(Files.readAllLines(run.metricsJsonLines())).isEqualTo(before);
  }

  @Test
  void secondTrainerInADirectoryIsRefused() {
    AtomicReference<Throwable> refusal = new AtomicReference<>();
    TrainingListener other =
        new TrainingListener() {
          @Override
          public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
            if (progress.iterations() == 1) {
              refusal.set(
                  org.assertj.core.api.Assertions.catchThrowable(
                      () -> trainer(config(), LoopEnvironment::new).build().train()));
            }
          }
        };

    trainer(config(), LoopEnvironment::new).listener(other).build().train();

    assertThat(refusal.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            directory
                + " is being trained by another trainer; wait until it ends, or train elsewhere");
  }

  @Test
  void evaluationCutsOffEpisodesThatDoNotEnd() {
    TrainingConfig config =
        config()
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(2).withMaxEpisodeSteps(30));
    EvaluationResult evaluation =
        trainer(config, EndlessEnvironment::new).build().train().evaluation().orElseThrow();

    assertThat(evaluation.cutOff()).isEqualTo(2);
    assertThat(evaluation.lengths()).containsExactly(30, 30);
    assertThat(evaluation.returns()).containsExactly(30.0, 30.0);
  }

  @Test
  void lastUpdateThatDivergesIsNeitherSavedNorEvaluatedNorFinished() {
    PpoConfig wild =
        PpoConfig.defaults()
            .withSteps(16)
            .withMinibatchSize(64)
            .withEpochs(1)
            .withLearningRate(Schedule.constant(1e39));
    TrainingConfig config =
        config().withAlgorithm(wild).withStop(StopConfig.defaults().withEnvironmentSteps(64));

    assertThatThrownBy(() -> trainer(config, CartPole::new).build().train())
        .isInstanceOfSatisfying(TrainingException.class, e -> assertThat(e.isDivergence()).isTrue())
        .hasMessageStartingWith("iteration 1 (64 environment steps): parameter ")
        .hasMessageContaining("learning has diverged");
    assertThat(directory.resolve("checkpoints")).doesNotExist();
    assertThatThrownBy(() -> Trainer.builder(config).environment(CartPole::new).build().train())
        .isInstanceOf(TrainingException.class);
  }

  @Test
  void goodCheckpointIsNotDeletedForADivergedOne() throws IOException {
    PpoConfig wild =
        PpoConfig.defaults()
            .withSteps(16)
            .withMinibatchSize(64)
            .withEpochs(1)
            .withLearningRate(Schedule.constant(0.1))
            .withMaxGradientNorm(0)
            .withOptimizer(OptimizerConfig.Sgd.defaults());
    TrainingConfig config =
        config()
            .withAlgorithm(wild)
            .withNetwork(NetworkConfig.defaults().withActivation(Activation.RELU))
            .withStop(StopConfig.defaults().withEnvironmentSteps(6_400))
            .withCheckpoint(CheckpointConfig.defaults().withEvery(64).withKeep(1));
    assertThatThrownBy(() -> trainer(config, Pendulum::new).build().train())
        .isInstanceOfSatisfying(
            TrainingException.class, e -> assertThat(e.isDivergence()).isTrue());
    long good = newest();

    AtomicInteger further = new AtomicInteger();
    TrainingListener count =
        new TrainingListener() {
          @Override
          public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
            further.incrementAndGet();
          }
        };
    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    TrainingConfig tame =
        config
            .withAlgorithm(wild.withLearningRate(Schedule.constant(1e-4)).withMaxGradientNorm(0.5))
            .withStop(StopConfig.defaults().withEnvironmentSteps(good + 10 * ITERATION));
    Trainer.builder(tame)
        .environment(Pendulum::new)
        .resume(checkpoint)
        .listener(count)
        .build()
        .train();
    assertThat(further).hasValue(10);
  }

  @Test
  void checkpointsComeByTimeToo() {
    AtomicLong nanos = new AtomicLong();
    List<Long> saved = new java.util.ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
            nanos.addAndGet(Duration.ofMinutes(4).toNanos());
          }

          @Override
          public void onCheckpoint(TrainingProgress progress, Path checkpoint) {
            saved.add(progress.iterations());
          }
        };
    trainer(config(), LoopEnvironment::new).clock(nanos::get).listener(listener).build().train();
    // Iteration n ends after 4 (n − 1) minutes.
    assertThat(saved).containsExactly(4L, 7L, 10L);
  }

  /** A continuing task, reward 1 a step. */
  private static final class EndlessEnvironment implements Environment {
    @Override
    public Space observationSpace() {
      return Box.of(-1, 1, 1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(org.mobula.core.environment.Reset reset, float[] observation) {
      observation[0] = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      step.observation[0] = 0;
      step.reward = 1;
    }
  }
}
