package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class TrainerTest {
  @TempDir Path directory;

  private static TrainingConfig config(String environment) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withMinibatchSize(32).withEpochs(2);
    return TrainingConfig.defaults(EnvironmentConfig.defaults(environment).withCount(4), ppo)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(1024))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
  }

  private static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void sameSeedGivesTheSameBits() {
    TrainingConfig config = config("Pendulum-v1");

    float[] first = parameters(Trainer.builder(config).build().train());
    float[] second = parameters(Trainer.builder(config).build().train());
    float[] threaded =
        parameters(
            Trainer.builder(config.withEnvironment(config.environment().withThreads(2)))
                .build()
                .train());
    float[] other = parameters(Trainer.builder(config.withSeed(6)).build().train());

    assertThat(second).isEqualTo(first);
    assertThat(threaded).isEqualTo(first);
    assertThat(other).isNotEqualTo(first);
  }

  @Test
  void trainsOnce() throws IOException {
    Trainer trainer = Trainer.builder(config("CartPole-v1")).directory(directory).build();
    trainer.train();
    Path parameters = new RunDirectory(directory).latest().orElseThrow().resolve(Policy.FILE_NAME);
    byte[] trained = Files.readAllBytes(parameters);

    assertThatThrownBy(trainer::train)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("this trainer has trained already; build another");
    assertThat(parameters).hasBinaryContent(trained);
  }

  @Test
  void gradientWorkersGiveTheSameBitsEachTime() {
    TrainingConfig one = config("CartPole-v1");
    TrainingConfig three = one.withWorkers(one.workers().withGradients(3));

    float[] first = parameters(Trainer.builder(three).build().train());
    float[] second = parameters(Trainer.builder(three).build().train());
    float[] alone = parameters(Trainer.builder(one).build().train());

    assertThat(second).isEqualTo(first);
    assertThat(first).isNotEqualTo(alone);
    for (int i = 0; i < alone.length; i++) {
      assertThat(first[i]).isCloseTo(alone[i], org.assertj.core.api.Assertions.within(1e-2f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"CartPole-v1", "Pendulum-v1"})
  void resumedRunGoesOnBitForBit(String environment) throws IOException {
    TrainingConfig config =
        config(environment).withNormalization(new NormalizationConfig(true, true, true, 10));
    List<Map<String, Double>> whole = new ArrayList<>();
    float[] uninterrupted =
        parameters(Trainer.builder(config).listener(measurements(whole)).build().train());

    Trainer[] trainer = new Trainer[1];
    trainer[0] =
        Trainer.builder(config)
            .directory(directory)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onIteration(
                      TrainingProgress progress, Map<String, Double> measurements) {
                    if (progress.iterations() == 7) {
                      trainer[0].stop("half of it is enough");
                    }
                  }
                })
            .build();
    TrainingResult half = trainer[0].train();
    assertThat(half.interrupted()).isTrue();
    assertThat(half.reason()).isEqualTo("half of it is enough");
    assertThat(half.progress().iterations()).isEqualTo(7);

    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    List<Map<String, Double>> rest = new ArrayList<>();
    TrainingResult resumed =
        Trainer.builder(config).resume(checkpoint).listener(measurements(rest)).build().train();

    assertThat(parameters(resumed)).isEqualTo(uninterrupted);
    assertThat(rest).isEqualTo(whole.subList(7, whole.size()));
  }

  @Test
  void interruptEndsTheRunWithCheckpointAndIsKept() throws IOException {
    TrainingResult result =
        Trainer.builder(config("CartPole-v1"))
            .directory(directory)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onIteration(
                      TrainingProgress progress, Map<String, Double> measurements) {
                    if (progress.iterations() == 3) {
                      Thread.currentThread().interrupt();
                    }
                  }
                })
            .build()
            .train();

    assertThat(Thread.interrupted()).isTrue();
    assertThat(result.interrupted()).isTrue();
    assertThat(result.reason()).isEqualTo("the thread that trains was interrupted");
    assertThat(result.progress().iterations()).isEqualTo(3);
    assertThat(new RunDirectory(directory).latest()).isPresent();
  }

  /** Measurements without those of time. */
  private static TrainingListener measurements(List<Map<String, Double>> all) {
    return new TrainingListener() {
      @Override
      public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
        Map<String, Double> copy = new java.util.TreeMap<>(measurements);
        copy.keySet().removeIf(name -> name.startsWith("time/"));
        all.add(copy);
      }
    };
  }

  @Test
  void savedPolicyActsAsTheTrainedOne() throws IOException {
    TrainingConfig config =
        config("Pendulum-v1").withNormalization(new NormalizationConfig(true, true, true, 10));
    TrainingResult result = Trainer.builder(config).directory(directory).build().train();

    float[] observation = {0.3f, -0.7f, 2};
    assertThat(directory)
        .isDirectoryContaining("glob:**/metrics.{csv,jsonl}")
        .isDirectoryContaining("glob:**/events.out.tfevents.*")
        .isDirectoryContaining("glob:**/learning-curve.svg");
    try (Policy trained = result.policy();
        Policy loaded = Policy.load(directory)) {
      assertThat(loaded.act(observation)).isEqualTo(trained.act(observation));
      assertThat(loaded.spec()).isEqualTo(trained.spec());
      assertThat(loaded.snapshot().normalizer()).isEqualTo(trained.snapshot().normalizer());
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
  void checkpointsAreTheirOwnersAlone() throws IOException {
    Trainer.builder(config("CartPole-v1")).directory(directory).build().train().policy().close();
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("checkpoints"))))
        .isEqualTo("rwx------");
    assertThat(new RunDirectory(directory).latest()).isPresent();
  }

  @Test
  void keepsTheNewestCheckpointsAndTheBest() throws IOException {
    TrainingConfig config =
        config("CartPole-v1")
            .withEvaluation(EvaluationConfig.defaults().withEvery(256).withEpisodes(3))
            .withCheckpoint(CheckpointConfig.defaults().withEvery(64).withKeep(2));
    Files.createDirectories(directory.resolve("checkpoints/.step-000000000001.part")); // of a kill
    Trainer.builder(config).directory(directory).build().train();

    RunDirectory run = new RunDirectory(directory);
    assertThat(run.checkpoints()).hasSizeBetween(2, 3);
    assertThat(run.best()).isPresent();
    assertThat(run.latest().orElseThrow().getFileName()).hasToString("step-000000001024");
    try (var entries = Files.list(directory.resolve("checkpoints"))) {
      assertThat(entries.map(entry -> entry.getFileName().toString()))
          .noneMatch(name -> name.endsWith(".part"));
    }
  }

  @Test
  void wholeCheckpointIsNotReplacedByItsLike() throws IOException {
    TrainingConfig config = config("CartPole-v1");
    Trainer.builder(config).directory(directory).build().train();
    Path checkpoint = new RunDirectory(directory).latest().orElseThrow();
    Path marker = Files.createFile(checkpoint.resolve("marker"));

    Trainer resumed =
        Trainer.builder(config).directory(directory).resume(Checkpoint.read(checkpoint)).build();
    resumed.stop("before it begins");
    resumed.train();

    assertThat(marker).exists();
  }

  @Test
  void stopsWhenTimeIsUp() {
    AtomicLong nanos = new AtomicLong();
    TrainingConfig config =
        config("CartPole-v1").withStop(StopConfig.defaults().withWallTime(Duration.ofSeconds(10)));
    TrainingListener second =
        new TrainingListener() {
          @Override
          public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
            nanos.addAndGet(Duration.ofSeconds(1).toNanos());
          }
        };
    TrainingResult result =
        Trainer.builder(config).clock(nanos::get).listener(second).build().train();

    assertThat(result.reason()).isEqualTo("the time of 10 s is up");
    assertThat(result.interrupted()).isFalse();
    assertThat(result.progress().iterations()).isEqualTo(10);
  }

  @Test
  void stopsWhenTheReturnIsReached() {
    TrainingConfig config =
        config("CartPole-v1")
            .withStop(StopConfig.defaults().withEpisodeReturn(10.0).withEpisodes(3));
    TrainingResult result = Trainer.builder(config).build().train();

    assertThat(result.reason())
        .isEqualTo("the mean return of the last 3 episodes has reached 10.0");
  }

  @Test
  void stopsWhenEvaluationsNoLongerImprove() {
    TrainingConfig config =
        config("MountainCar-v0")
            .withEvaluation(EvaluationConfig.defaults().withEvery(64).withEpisodes(1))
            .withStop(StopConfig.defaults().withEvaluationsWithoutImprovement(2));
    TrainingResult result = Trainer.builder(config).build().train();

    assertThat(result.reason()).isEqualTo("the last 2 evaluations brought no improvement");
    assertThat(result.progress().iterations()).isEqualTo(3);
  }

  @Test
  void evaluationThatIsOffIsNeverMade() {
    TrainingConfig config =
        config("CartPole-v1")
            .withEvaluation(EvaluationConfig.defaults().withEvery(64).withEpisodes(0));
    List<EvaluationResult> evaluations = new ArrayList<>();
    TrainingResult result =
        Trainer.builder(config)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onEvaluation(TrainingProgress progress, EvaluationResult found) {
                    evaluations.add(found);
                  }
                })
            .build()
            .train();

    assertThat(evaluations).isEmpty();
    assertThat(result.progress().evaluationsSinceBest()).isZero();
    assertThatThrownBy(
            () -> config.withStop(StopConfig.defaults().withEvaluationsWithoutImprovement(2)))
        .hasMessageEndingWith("needs evaluation.every > 0 and evaluation.episodes > 0");
  }

  @Test
  void environmentsOfAnEvaluationThatCannotBeginAreClosed() {
    List<LoopEnvironment> closed = new ArrayList<>();
    int[] made = new int[1];
    EnvironmentFactory factory =
        () -> {
          if (++made[0] == 3) {
            throw new IllegalStateException("out of worlds");
          }
          LoopEnvironment inner = new LoopEnvironment();
          return new EnvironmentWrapper(inner) {
            @Override
            public void close() {
              closed.add(inner);
            }
          };
        };
    PolicySpec spec = ExperienceSetup.policy(config("given in Java"), LoopEnvironment::new);

    assertThatThrownBy(
            () ->
                new Evaluation(
                    factory, spec, NetworkEngine.AUTO.create(spec.network()), 5, true, 1, 10))
        .hasMessage("out of worlds");
    assertThat(closed).hasSize(2);
  }

  @Test
  void finalObservationThatIsNoNumberIsNamed() {
    Trainer trainer =
        Trainer.builder(config("given in Java")).environment(LostAtTheEnd::new).build();

    assertThatThrownBy(trainer::train)
        .isInstanceOf(TrainingException.class)
        .hasMessageStartingWith(
            "iteration 1 (0 environment steps): environment 0 (LoopEnvironment) failed in step ")
        .hasMessageContaining(" of episode 1 after seed ")
        .hasMessageContaining(": element 2 of the final observation is NaN; ")
        .hasMessageContaining("the environment must not give such numbers");
  }

  /** Its last observation of each episode, which a time limit ends, holds no number. */
  private static final class LostAtTheEnd extends EnvironmentWrapper {
    LostAtTheEnd() {
      super(new LoopEnvironment());
    }

    @Override
    public void step(float[] action, Step step) {
      inner().step(action, step);
      if (step.done()) {
        step.observation[2] = Float.NaN;
      }
    }
  }

  @Test
  void resumeThatIsRefusedLeavesTheRunAsItWas() throws IOException {
    TrainingConfig config = config("CartPole-v1");
    Trainer.builder(config).directory(directory).build().train();
    RunDirectory run = new RunDirectory(directory);
    String before = Files.readString(run.config());
    Checkpoint checkpoint = Checkpoint.read(run.latest().orElseThrow());
    TrainingConfig more = config.withEnvironment(config.environment().withCount(8));
    Trainer trainer = Trainer.builder(more).directory(directory).resume(checkpoint).build();

    assertThatThrownBy(trainer::train)
        .hasMessageContaining("the state is of 4 environments but there are 8");
    assertThat(run.config()).hasContent(before);
  }

  @Test
  void everySinkIsClosedEvenIfOneFails() {
    List<String> closed = new ArrayList<>();
    Trainer trainer =
        Trainer.builder(config("CartPole-v1"))
            .sink(
                sink(
                    () -> {
                      throw new IllegalStateException("the disk is full");
                    }))
            .sink(sink(() -> closed.add("second")))
            .build();

    assertThatThrownBy(trainer::train).hasMessage("the disk is full");
    assertThat(closed).containsExactly("second");
  }

  private static MetricSink sink(Runnable close) {
    return new MetricSink() {
      @Override
      public void record(
          long environmentSteps, double wallSeconds, Map<String, Double> measurements) {}

      @Override
      public void close() {
        close.run();
      }
    };
  }

  @Test
  void numberThatIsNoneStopsTheRunAndNamesThePlace() {
    Trainer trainer =
        Trainer.builder(config("given in Java")).environment(BrokenEnvironment::new).build();

    assertThatThrownBy(trainer::train)
        .isInstanceOf(TrainingException.class)
        .hasMessageStartingWith(
            "iteration 3 (128 environment steps): environment 0 (BrokenEnvironment) failed in step 40 of episode ")
        .hasMessageContaining(": the reward is NaN; ")
        .hasMessageContaining("the environment must not give such numbers");
  }

  @Test
  void divergenceStopsTheRunAndTellsWhatToTry() {
    TrainingConfig config = config("CartPole-v1");
    PpoConfig wild =
        ((PpoConfig) config.algorithm())
            .withLearningRate(org.mobula.core.optimizer.Schedule.constant(1e30));
    Trainer trainer = Trainer.builder(config.withAlgorithm(wild)).build();

    assertThatThrownBy(trainer::train)
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("lower the learning rate");
  }

  @Test
  void directoryOfAnotherRunIsRefused() throws IOException {
    TrainingConfig config = config("CartPole-v1");
    Trainer.builder(config).directory(directory).build().train();
    String checkpoint = new RunDirectory(directory).latest().orElseThrow().getFileName().toString();

    assertThatThrownBy(() -> Trainer.builder(config).directory(directory).build().train())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(directory + " holds a run already, with " + checkpoint)
        .hasMessageContaining("train in another directory");
  }

  @Test
  void checkpointOfAnotherNetworkIsRefused() throws IOException {
    TrainingConfig config = config("CartPole-v1");
    Trainer.builder(config).directory(directory).build().train();
    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    TrainingConfig wider = config.withNetwork(NetworkConfig.defaults().withHidden(List.of(32)));

    assertThatThrownBy(() -> Trainer.builder(wider).resume(checkpoint).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the checkpoint's policy does not fit this run");
  }

  @ParameterizedTest
  @ValueSource(strings = {"policy.safetensors", "optimizer.safetensors", "state.json"})
  void checkpointFileThatIsCutOffIsNamed(String file) throws IOException {
    Trainer.builder(config("CartPole-v1")).directory(directory).build().train();
    Path checkpoint = new RunDirectory(directory).latest().orElseThrow();
    byte[] bytes = Files.readAllBytes(checkpoint.resolve(file));
    Files.write(checkpoint.resolve(file), java.util.Arrays.copyOf(bytes, bytes.length / 2));

    assertThatThrownBy(() -> Checkpoint.read(checkpoint))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file);
  }

  /** What a codec leaves out of gradients is as long as the parameters. */
  @Test
  void aLargePartOfACheckpointIsAFileOfItsOwn() throws IOException {
    TrainingConfig config = config("CartPole-v1");
    Trainer.builder(config).directory(directory).build().train();
    Checkpoint small = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    byte[] large = new byte[100_000];
    for (int i = 0; i < large.length; i++) {
      large[i] = (byte) (31 * i);
    }
    Map<String, byte[]> parts = new HashMap<>(small.parts());
    parts.put("error-feedback", large);
    Path written = directory.resolve("large");
    new Checkpoint(small.policy(), small.snapshot(), small.store(), parts)
        .write(written, config, Provenance.now(1, small.progress()), Map.of());
    assertThat(written.resolve("error-feedback.bin")).hasBinaryContent(large);
    assertThat(Files.size(written.resolve("state.json"))).isLessThan(large.length);
    assertThat(Checkpoint.read(written).parts().get("error-feedback")).isEqualTo(large);
    Checkpoint.replaceParts(written, Map.of("progress", parts.get("progress")));
    assertThat(Checkpoint.read(written).parts()).hasSameSizeAs(parts);
    assertThat(Checkpoint.read(written).parts().get("error-feedback")).isEqualTo(large);

    Path state = written.resolve("state.json");
    String text = Files.readString(state);
    Files.writeString(state, text.replace("error-feedback.bin", "../secret.bin"));
    assertThatThrownBy(() -> Checkpoint.read(written))
        .hasMessage(state + " is broken: error-feedback cannot lie in the file \"../secret.bin\"");
    Files.writeString(state, text);
    Files.write(written.resolve("error-feedback.bin"), new byte[7]);
    assertThatThrownBy(() -> Checkpoint.read(written))
        .isInstanceOf(IOException.class)
        .hasMessage(
            written.resolve("error-feedback.bin")
                + " is cut off or broken: it has 7 bytes but must have 100000");
  }

  /** As before large parts had files. */
  @Test
  void aLargePartWithinTheStateIsRead() throws IOException {
    Trainer.builder(config("CartPole-v1")).directory(directory).build().train();
    Path checkpoint = new RunDirectory(directory).latest().orElseThrow();
    byte[] large = new byte[100_000];
    Checkpoint.replaceParts(checkpoint, Map.of("error-feedback", large));
    assertThat(checkpoint.resolve("error-feedback.bin")).doesNotExist();
    assertThat(Checkpoint.read(checkpoint).parts().get("error-feedback")).isEqualTo(large);
  }

  @Test
  void checkpointFileWithWrongContentIsNamed() throws IOException {
    TrainingConfig config = config("CartPole-v1");
    Trainer.builder(config).directory(directory.resolve("run")).build().train();
    Trainer.builder(config.withNetwork(NetworkConfig.defaults().withHidden(List.of(8))))
        .directory(directory.resolve("other"))
        .build()
        .train();
    Path checkpoint = new RunDirectory(directory.resolve("run")).latest().orElseThrow();
    Path other = new RunDirectory(directory.resolve("other")).latest().orElseThrow();

    Path state = checkpoint.resolve("state.json");
    Files.writeString(state, "{\"learner\": 7}");
    assertThatThrownBy(() -> Checkpoint.read(checkpoint))
        .isInstanceOf(IOException.class)
        .hasMessage(state + " is broken: learner is no text in Base64");

    Path optimizer = checkpoint.resolve("optimizer.safetensors");
    Files.copy(
        other.resolve("optimizer.safetensors"), optimizer, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> Checkpoint.read(checkpoint))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(optimizer + " is broken: ");
  }

  /** Gives one reward that is no number, after 40 steps. */
  private static final class BrokenEnvironment implements Environment {
    private int steps;

    @Override
    public Space observationSpace() {
      return Box.of(0, 1, 1);
    }

    @Override
    public Space actionSpace() {
      return new Discrete(2);
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      observation[0] = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      step.observation[0] = 0.5f;
      step.reward = ++steps == 40 ? Double.NaN : 0;
    }
  }
}
