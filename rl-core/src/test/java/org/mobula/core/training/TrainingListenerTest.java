package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.metrics.MetricTable;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class TrainingListenerTest {
  @TempDir private Path directory;

  /** Four iterations of 128 steps. */
  private static TrainingConfig config() {
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("CartPole-v1").withCount(4),
            PpoConfig.defaults().withSteps(32).withMinibatchSize(64).withEpochs(1))
        .withNetwork(NetworkConfig.defaults().withHidden(List.of(8)))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
        .withStop(StopConfig.defaults().withEnvironmentSteps(512));
  }

  @Test
  void whatAListenerMeasuresIsRecorded() throws IOException {
    List<Double> recorded = new ArrayList<>();
    Trainer.builder(config())
        .directory(directory)
        .sink(
            new org.mobula.core.metrics.MetricSink() {
              @Override
              public void record(long steps, double seconds, Map<String, Double> values) {
                recorded.add(values.get("custom/win_rate"));
              }

              @Override
              public void close() {}
            })
        .listener(
            new TrainingListener() {
              @Override
              public void onIteration(TrainingProgress progress, Map<String, Double> measured) {
                measured.put("custom/win_rate", progress.done());
              }
            })
        .build()
        .train();

    RunDirectory run = new RunDirectory(directory);
    assertThat(recorded).containsExactly(0.25, 0.5, 0.75, 1.0);
    assertThat(MetricTable.read(run.metricsCsv()).points("custom/win_rate"))
        .extracting(MetricTable.Point::value)
        .containsExactly(0.25, 0.5, 0.75, 1.0);
    assertThat(Files.readString(run.metricsJsonLines())).contains("\"custom/win_rate\":0.25");
    try (Stream<Path> files = Files.list(directory)) {
      Path events =
          files.filter(file -> file.toString().contains("tfevents")).findFirst().orElseThrow();
      assertThat(new String(Files.readAllBytes(events), StandardCharsets.ISO_8859_1))
          .contains("custom/win_rate");
    }
  }

  /** Tells its length, whether it is long, and a word at the end of each episode. */
  static final class Talkative extends EnvironmentWrapper {
    private int length;

    Talkative() {
      super(new TimeLimit(new CartPole(), 20));
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      length = 0;
      super.reset(reset, observation);
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      step.putInfo("length", ++length);
      step.putInfo("long", length >= 15);
      step.putInfo("a,comma", 1L);
      step.putInfo("word", "none");
    }
  }

  /** Else a killed run, resumed from the checkpoint, would miss them for good. */
  @Test
  void measurementsUpToACheckpointAreInTheFilesWithIt() {
    RunDirectory run = new RunDirectory(directory);
    TrainingConfig config = config();
    List<Long> checkpoints = new ArrayList<>();
    TrainingListener reading =
        new TrainingListener() {
          @Override
          public void onCheckpoint(TrainingProgress progress, Path checkpoint) {
            checkpoints.add(progress.environmentSteps());
            List<MetricTable.Point> rows =
                MetricTable.read(run.metricsCsv()).points("rollout/episodes");
            assertThat(rows.get(rows.size() - 1).environmentSteps())
                .isEqualTo(progress.environmentSteps());
            assertThat(run.metricsJsonLines())
                .content()
                .endsWith("}\n")
                .contains("{\"environment_steps\":" + progress.environmentSteps() + ",");
          }
        };
    var unused =
        Trainer.builder(config.withCheckpoint(config.checkpoint().withEvery(1)))
            .directory(directory)
            .listener(reading)
            .build()
            .train();
    assertThat(checkpoints).hasSizeGreaterThan(1);
  }

  @Test
  void whatEnvironmentsTellAtEpisodesEndsIsMeasured() throws IOException {
    TrainingResult result =
        Trainer.builder(config()).environment(Talkative::new).directory(directory).build().train();

    MetricTable table = MetricTable.read(new RunDirectory(directory).metricsCsv());
    assertThat(table.columns())
        .contains("environment/length", "environment/long", "environment/a_comma")
        .doesNotContain("environment/word");
    List<MetricTable.Point> lengths = table.points("environment/length");
    List<MetricTable.Point> soFar = table.points("rollout/episodes");
    double sum = 0;
    double before = 0;
    for (int i = 0; i < lengths.size(); i++) {
      double episodes = soFar.get(i).value() - before;
      sum += lengths.get(i).value() * episodes;
      before = soFar.get(i).value();
    }
    // Fewer than 100 episodes: their mean length is that of all.
    assertThat(before).isBetween(20.0, 99.0);
    assertThat(sum / before).isCloseTo(result.progress().recentLengthMean(), within(1e-9));
    assertThat(table.points("environment/long"))
        .allSatisfy(point -> assertThat(point.value()).isBetween(0.0, 1.0));
  }

  @Test
  void listenerSeesThePolicyAndStopsTheRun() {
    class Judge implements TrainingListener {
      @Nullable TrainingControl control;
      final List<Policy> kept = new ArrayList<>();

      @Override
      public void onStart(TrainingControl given) {
        control = given;
        kept.add(given.policy());
      }

      TrainingControl control() {
        return Objects.requireNonNull(control);
      }

      @Override
      public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
        kept.add(control().policy());
        assertThatThrownBy(() -> CompletableFuture.supplyAsync(control()::policy).join())
            .hasRootCauseMessage(
                "only the thread that trains may ask for the policy, such as a listener in"
                    + " onIteration");
        if (progress.iterations() == 2) {
          control().stop("good enough");
        }
      }
    }
    Judge judge = new Judge();

    TrainingResult result = Trainer.builder(config()).listener(judge).build().train();

    assertThat(result.interrupted()).isTrue();
    assertThat(result.reason()).isEqualTo("good enough");
    assertThat(result.progress().iterations()).isEqualTo(2);
    assertThatThrownBy(judge.control()::policy)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the run is over; its result has the policy");
    float[] first = judge.kept.get(0).snapshot().parameters().values();
    float[] second = judge.kept.get(1).snapshot().parameters().values();
    assertThat(second).isNotEqualTo(first);
    try (Policy end = result.policy()) {
      assertThat(judge.kept.get(2).snapshot().parameters().values())
          .isEqualTo(end.snapshot().parameters().values())
          .isNotEqualTo(second);
      assertThat(judge.kept.get(2).act(new float[4])).isEqualTo(end.act(new float[4]));
    }
    judge.kept.forEach(Policy::close);
  }

  @Test
  void consoleListenerPrintsHowFarTheRunIs() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    Trainer.builder(
            config().withEvaluation(EvaluationConfig.defaults().withEpisodes(3).withEvery(256)))
        .listener(new ConsoleListener(out))
        .build()
        .train();

    assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
        .hasSize(7)
        .satisfies(
            lines -> {
              assertThat(lines.get(0)).matches(" 25 %  step 128  [\\d,]+ steps/s  mean return .+");
              assertThat(lines.get(2))
                  .matches("evaluation at step 256: mean return .+ ± .+ over 3 episodes");
              assertThat(lines.get(4)).startsWith("100 %  step 512  ");
              assertThat(lines.get(6)).matches("512 environment steps in .+ s; ended because .+");
            });
  }

  @Test
  void bestCheckpointAndRunDirectoryAreUnderstood() throws IOException {
    Trainer.builder(
            config()
                .withCheckpoint(CheckpointConfig.defaults().withEvery(128).withKeep(9))
                .withEvaluation(EvaluationConfig.defaults().withEpisodes(3).withEvery(128)))
        .directory(directory)
        .build()
        .train();
    RunDirectory run = new RunDirectory(directory);
    Path best = directory.resolve("checkpoints").resolve("best");

    assertThat(Checkpoint.read(best).store().parameters().version())
        .isEqualTo(Checkpoint.read(run.best().orElseThrow()).store().parameters().version());
    assertThat(Checkpoint.read(directory).store().parameters().version())
        .isEqualTo(Checkpoint.read(run.latest().orElseThrow()).store().parameters().version());
    try (Policy loaded = Policy.load(best);
        Policy same = Policy.load(run.best().orElseThrow());
        Policy newest = Policy.load(directory.resolve("checkpoints"))) {
      assertThat(loaded.snapshot().parameters().values())
          .isEqualTo(same.snapshot().parameters().values());
      assertThat(newest.snapshot().parameters().values())
          .isEqualTo(Checkpoint.read(directory).snapshot().parameters().values());
    }
    Files.writeString(best, "step-000000000777\n");
    assertThatThrownBy(() -> Policy.load(best))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("step-000000000777, which is not there");
    Files.delete(best);
    assertThatThrownBy(() -> Checkpoint.read(best))
        .hasMessage(
            best + " does not exist: evaluations while training choose the best checkpoint");
  }
}
