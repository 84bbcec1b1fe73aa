package org.mobula.cli.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.cli.Cli;
import org.mobula.cli.MobulaProcesses;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.directories.RunState;
import org.mobula.core.random.Pcg64;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;

/** Training as a process of its own that signals end; its JSON events say when to send them. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
@Timeout(600)
class TrainingProcessIT {
  private static final String ENDLESS = "stop.environment-steps=1000000000";

  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // by makeRelease()
  private MobulaProcesses mobula;

  private String tiny = "";

  @BeforeEach
  void makeRelease() throws IOException {
    mobula = MobulaProcesses.in(folder);
    tiny = TrainingFiles.tiny(folder);
  }

  @Test
  void sigintLeavesACheckpointAndExits130() throws Exception {
    endsOrderly("INT", 130);
  }

  @Test
  void sigtermLeavesACheckpointAndExits143() throws Exception {
    endsOrderly("TERM", 143);
  }

  @Test
  void sighupLeavesACheckpointAndExits129() throws Exception {
    endsOrderly("HUP", 129);
  }

  private void endsOrderly(String signal, int exitCode) throws Exception {
    Process process = mobula.start("train", tiny, "--json", "--set", ENDLESS);
    MobulaProcesses.awaitEvent(process, "iteration");
    MobulaProcesses.send(signal, process);
    JsonNode end = MobulaProcesses.awaitEvent(process, "end");
    assertThat(end.get("state").asText()).isEqualTo("interrupted");
    assertThat(end.get("reason").asText()).isEqualTo("SIG" + signal);
    assertThat(process.waitFor()).isEqualTo(exitCode);
    RunDirectory run = new RunDirectory(folder.resolve("runs/tiny-1"));
    Path newest = run.latest().orElseThrow();
    assertThat(newest.getFileName().toString())
        .isEqualTo(String.format(Locale.ROOT, "step-%012d", end.get("environment_steps").asLong()));
    assertThat(Checkpoint.read(newest).policy().network().inputs()).isEqualTo(4);
    assertThat(state("tiny-1")).isEqualTo("interrupted");
  }

  @Test
  void aSecondSigintEndsAtOnce() throws Exception {
    Process process =
        mobula.start(
            "train",
            tiny,
            "--class-path",
            Path.of("target/test-classes").toAbsolutePath().toString(),
            "--set",
            "environment.name=" + StuckEnvironment.class.getName());
    try (BufferedReader err = process.errorReader(UTF_8)) {
      assertThat(err.readLine())
          .startsWith("training ppo in org.mobula.cli.train.StuckEnvironment");
      // It may not listen yet: then the first signal ends it, which is what the second shall do.
      MobulaProcesses.send("INT", process);
      String line = err.readLine();
      if (line != null) {
        assertThat(line).startsWith("SIGINT: ending after this step");
        MobulaProcesses.send("INT", process);
      }
      assertThat(process.waitFor()).isEqualTo(130);
    }
    assertThat(state("tiny-1")).isEqualTo("killed");
  }

  @Test
  void killedAtAnyMomentItGoesOnFromTheLastWholeCheckpoint() throws Exception {
    Pcg64 random = new Pcg64(3);
    RunDirectory run = new RunDirectory(folder.resolve("runs/killed"));
    String every = "checkpoint.every=64";
    List<String> command = new ArrayList<>(List.of("train", tiny, "--name", "killed", "--json"));
    long last = 0;
    for (int round = 0; round < 5; round++) {
      List<String> arguments = new ArrayList<>(command);
      arguments.addAll(List.of("--set", ENDLESS, "--set", every));
      Process process = mobula.start(arguments.toArray(String[]::new));
      for (int i = 1 + random.nextInt(10); i > 0; i--) {
        last = MobulaProcesses.awaitEvent(process, "checkpoint").get("environment_steps").asLong();
      }
      // It is on the way to the next checkpoint, or amid it.
      process.destroyForcibly().waitFor();
      Path newest = run.latest().orElseThrow();
      assertThat(steps(newest)).isGreaterThanOrEqualTo(last);
      assertThat(Checkpoint.read(newest).snapshot().parameters().values()).isNotEmpty();
      assertThat(state("killed")).isEqualTo("killed");
      command = new ArrayList<>(List.of("train", "--resume", "runs/killed", "--json"));
    }
    long end = steps(run.latest().orElseThrow()) + 128;
    Process process =
        mobula.start(
            "train", "--resume", "killed", "--json", "--set", "stop.environment-steps=" + end);
    JsonNode event = MobulaProcesses.awaitEvent(process, "end");
    assertThat(event.get("state").asText()).isEqualTo("finished");
    assertThat(event.get("environment_steps").asLong()).isEqualTo(end);
    assertThat(process.waitFor()).isZero();
    assertThat(state("killed")).isEqualTo("finished");
  }

  /** With all that these learners keep: replay memory, priorities, noise, targets, moments. */
  @ParameterizedTest
  @ValueSource(strings = {"sac", "td3"})
  void killedAndResumedItLearnsTheSameBits(String algorithm) throws Exception {
    String noise = algorithm.equals("sac") ? "pink" : "ornstein-uhlenbeck";
    String text =
        """
        environment: {name: Pendulum-v1, count: 2}
        network: {hidden: [8]}
        algorithm:
          %s:
            train-frequency: 8
            warm-up-steps: 200
            minibatch-size: 16
            noise: %s
            replay: {capacity: 3000, return-steps: 3, priority-exponent: 0.6, importance-exponent: 0.5}
        normalization: {observations: true, rewards: true}
        checkpoint: {every: 1000}
        evaluation: {episodes: 0}
        """
            .formatted(algorithm, noise);
    String file = TrainingFiles.file(folder, "replayed.yaml", text);
    Process process = mobula.start("train", file, "--name", "killed", "--json", "--set", ENDLESS);
    MobulaProcesses.awaitEvent(process, "checkpoint");
    MobulaProcesses.awaitEvent(process, "checkpoint");
    process.destroyForcibly().waitFor();
    RunDirectory killed = new RunDirectory(folder.resolve("runs/killed"));
    String end = "stop.environment-steps=" + (steps(killed.latest().orElseThrow()) + 2000);
    assertThat(mobula.start("train", "--resume", "killed", "--set", end).waitFor()).isZero();
    String runs = folder.resolve("uninterrupted").toString();
    Cli.Outcome whole = Cli.run("train", file, "--runs-directory", runs, "--set", end);
    assertThat(whole.exitCode()).as(whole.err()).isZero();

    Path resumed = killed.latest().orElseThrow();
    Path expected = new RunDirectory(Path.of(runs, "replayed-1")).latest().orElseThrow();
    assertThat(steps(resumed)).isEqualTo(steps(expected));
    for (String part : List.of("policy", "networks", "optimizer")) {
      String tensors = part + ".safetensors";
      assertThat(resumed.resolve(tensors)).hasSameBinaryContentAs(expected.resolve(tensors));
    }
    assertThat(resumed.resolve("learner.bin"))
        .hasSameBinaryContentAs(expected.resolve("learner.bin"));
    JsonNode state = new ObjectMapper().readTree(resumed.resolve("state.json").toFile());
    JsonNode other = new ObjectMapper().readTree(expected.resolve("state.json").toFile());
    for (String part : List.of("experience-source", "observation-statistics", "reward-scaling")) {
      assertThat(state.required(part)).isEqualTo(other.required(part));
    }
  }

  @Test
  void aRunThatIsBeingTrainedIsKeptFromOthersUntilItsProcessEnds() throws Exception {
    Process first =
        mobula.start(
            "train",
            tiny,
            "--name",
            "held",
            "--json",
            "--set",
            ENDLESS,
            "--set",
            "checkpoint.every=64");
    MobulaProcesses.awaitEvent(first, "checkpoint");
    Process second = mobula.start("train", "--resume", "held", "--json");
    assertThat(second.waitFor()).isEqualTo(2);
    assertThat(second.errorReader(UTF_8).lines())
        .contains("Wait until it ends, or stop it by Ctrl-C there.")
        .anyMatch(line -> line.endsWith("held is being trained by another process"));
    MobulaProcesses.awaitEvent(first, "checkpoint"); // it was not disturbed
    assertThat(state("held")).isEqualTo("running");

    first.destroyForcibly().waitFor();
    assertThat(state("held")).isEqualTo("killed");
    long end = steps(new RunDirectory(folder.resolve("runs/held")).latest().orElseThrow()) + 128;
    Process third =
        mobula.start(
            "train", "--resume", "held", "--json", "--set", "stop.environment-steps=" + end);
    JsonNode event = MobulaProcesses.awaitEvent(third, "end");
    assertThat(event.get("state").asText()).isEqualTo("finished");
    assertThat(event.get("environment_steps").asLong()).isEqualTo(end);
    assertThat(third.waitFor()).isZero();
  }

  private static long steps(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("step-".length()));
  }

  private String state(String run) throws IOException {
    return RunState.read(folder.resolve("runs").resolve(run)).kind().word();
  }
}
