package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.random.Pcg64;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;

/** Training as a process of its own that signals end; its JSON events say when to send them. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
class TrainingProcessIT {
  private static final String ENDLESS = "stop.environment-steps=1000000000";

  @TempDir private Path folder;
  private String mobula = "";
  private String tiny = "";

  /** A release is the script in bin and the jars in lib. */
  @BeforeEach
  void makeRelease() throws IOException {
    Path bin = Files.createDirectories(Path.of("target/bin").toAbsolutePath());
    Path script =
        Files.copy(Path.of("mobula"), bin.resolve("mobula"), StandardCopyOption.REPLACE_EXISTING);
    assertThat(script.toFile().setExecutable(true)).isTrue();
    mobula = script.toString();
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

  private void endsOrderly(String signal, int exitCode) throws Exception {
    Process process = start("train", tiny, "--json", "--set", ENDLESS);
    BufferedReader events = process.inputReader(UTF_8);
    awaitEvent(events, "iteration");
    send(signal, process);
    JsonNode end = awaitEvent(events, "end");
    assertThat(end.get("state").asText()).isEqualTo("interrupted");
    assertThat(end.get("reason").asText()).isEqualTo("SIG" + signal);
    assertThat(process.waitFor()).isEqualTo(exitCode);
    RunDirectory run = new RunDirectory(folder.resolve("runs/tiny-1"));
    Path newest = run.latest().orElseThrow();
    assertThat(newest.getFileName().toString())
        .isEqualTo("step-%012d".formatted(end.get("environment_steps").asLong()));
    assertThat(Checkpoint.read(newest).policy().network().inputs()).isEqualTo(4);
    assertThat(state("tiny-1")).isEqualTo("interrupted");
  }

  @Test
  void aSecondSigintEndsAtOnce() throws Exception {
    Process process =
        start(
            "train",
            tiny,
            "--class-path",
            Path.of("target/test-classes").toAbsolutePath().toString(),
            "--set",
            "environment.name=" + StuckEnvironment.class.getName());
    try (BufferedReader err = process.errorReader(UTF_8)) {
      assertThat(err.readLine()).startsWith("training ppo in org.mobula.cli.StuckEnvironment");
      // It may not listen yet: then the first signal ends it, which is what the second shall do.
      send("INT", process);
      String line = err.readLine();
      if (line != null) {
        assertThat(line).startsWith("SIGINT: ending after this iteration");
        send("INT", process);
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
      Process process = start(arguments.toArray(String[]::new));
      BufferedReader events = process.inputReader(UTF_8);
      for (int i = 1 + random.nextInt(10); i > 0; i--) {
        last = awaitEvent(events, "checkpoint").get("environment_steps").asLong();
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
        start("train", "--resume", "killed", "--json", "--set", "stop.environment-steps=" + end);
    JsonNode event = awaitEvent(process.inputReader(UTF_8), "end");
    assertThat(event.get("state").asText()).isEqualTo("finished");
    assertThat(event.get("environment_steps").asLong()).isEqualTo(end);
    assertThat(process.waitFor()).isZero();
    assertThat(state("killed")).isEqualTo("finished");
  }

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(mobula));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    return builder.start();
  }

  private static void send(String signal, Process process) throws Exception {
    String pid = Long.toString(process.pid()); // the script has become the JVM
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
  }

  private static JsonNode awaitEvent(BufferedReader events, String name) throws IOException {
    String line;
    while ((line = events.readLine()) != null) {
      JsonNode event = new ObjectMapper().readTree(line);
      if (event.get("event").asText().equals(name)) {
        return event;
      }
    }
    throw new AssertionError("the process ended before the event " + name);
  }

  private static long steps(Path checkpoint) {
    return Long.parseLong(checkpoint.getFileName().toString().substring("step-".length()));
  }

  private String state(String run) throws IOException {
    return RunState.read(folder.resolve("runs").resolve(run)).kind().word();
  }
}
