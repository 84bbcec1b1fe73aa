package org.mobula.cli.runs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.directories.RunState;
import org.mobula.cli.output.Terminal;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;

class RunsCommandTest {
  @TempDir private Path folder;

  @Test
  void listsRunsWithWhatBecameOfThem() throws IOException {
    Cli.run(
        "train",
        TrainingFiles.tiny(folder),
        "--name",
        "done",
        "--runs-directory",
        folder.toString());
    write("killed", "running\n\n");
    write("failed", "failed\nthe wheel came off\n");
    write("elsewhere", null);
    Files.createDirectory(folder.resolve("no run"));
    Cli.Outcome outcome = Cli.run("runs", folder.toString());
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out().lines().map(line -> line.replaceFirst(" .*", "")))
        .containsExactly("RUN", "done", "elsewhere", "failed", "killed");
    assertThat(outcome.out())
        .containsPattern("done +CartPole-v1 +ppo +256 +[\\d.]+ +[\\d.]+ +finished +\\d+ s ago\n")
        .containsPattern("elsewhere +CartPole-v1 +ppo +0 +- +- +unknown ")
        .containsPattern("failed +CartPole-v1 .* failed ")
        .containsPattern("killed +CartPole-v1 .* killed ");
    JsonNode all = new ObjectMapper().readTree(Cli.run("runs", folder.toString(), "--json").out());
    assertThat(all).hasSize(4);
    assertThat(all.get(0).get("environment_steps").asLong()).isEqualTo(256);
    assertThat(all.get(2).get("reason").asText()).isEqualTo("the wheel came off");
  }

  /** An iteration of deep Q-learning is many rounds of a few steps. */
  @Test
  void aRunThatWasStoppedInItsFirstIterationHasTheStepsOfItsCheckpoint() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("dqn.yaml"),
            """
            environment: {name: CartPole-v1}
            network: {hidden: [8]}
            algorithm:
              dqn: {train-frequency: 4, warm-up-steps: 1000}
            evaluation: {episodes: 0}
            """);
    AtomicInteger taken = new AtomicInteger();
    List<Trainer> trainer = new ArrayList<>();
    trainer.add(
        Trainer.builder(TrainingConfig.read(file))
            .environment(
                () ->
                    new EnvironmentWrapper(new CartPole()) {
                      @Override
                      public void step(float[] action, Step step) {
                        super.step(action, step);
                        if (taken.incrementAndGet() == 30) {
                          trainer.get(0).stop("it was asked to");
                        }
                      }
                    })
            .directory(folder.resolve("stopped"))
            .build());
    TrainingResult result = trainer.get(0).train();
    assertThat(result.progress().iterations()).isZero();
    assertThat(result.progress().environmentSteps()).isEqualTo(28);
    assertThat(Cli.run("runs", folder.toString()).out())
        .containsPattern("stopped +CartPole-v1 +dqn +28 +- +- +unknown ");
  }

  @Test
  void oneProcessAtATimeTrainsARun() throws IOException {
    Path run = write("mine", "interrupted\n\n");
    try (RunState state = RunState.hold(run)) {
      state.write(RunState.Kind.RUNNING, "");
      Cli.Outcome outcome = Cli.run("train", "--resume", run.toString());
      assertThat(outcome.exitCode()).isEqualTo(2);
      assertThat(outcome.err()).startsWith("mobula: " + run + " is being trained by another");
    }
  }

  @Test
  void aRunThatCannotBeReadDoesNotHideTheOthers() throws IOException {
    write("broken", null);
    Files.writeString(folder.resolve("broken/config.yaml"), "]");
    write("whole", null);
    assertThat(Cli.run("runs", folder.toString()).out())
        .containsPattern("broken +- +- +0 ")
        .containsPattern("whole +CartPole-v1 ");
  }

  @Test
  void saysWhereThereAreNone() {
    Terminal terminal = new Terminal(0, false, "cli/mobula");
    Cli.Outcome outcome = Cli.run(terminal, "runs", folder.toString());
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.out())
        .isEqualTo("no runs in " + folder + "; cli/mobula train CONFIG begins one\n");
  }

  private Path write(String name, @Nullable String state) throws IOException {
    Path run = Files.createDirectory(folder.resolve(name));
    Files.writeString(run.resolve("config.yaml"), TrainingFiles.TINY);
    if (state != null) {
      Files.writeString(run.resolve("state"), state);
    }
    return run;
  }
}
