package org.mobula.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.FailingEnvironment;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.directories.RunState;
import org.mobula.cli.output.Terminal;
import org.mobula.core.environment.classic.CartPole;

class TrainCommandTest {
  private static final Pattern FOREIGN_DIGIT = Pattern.compile("[\\p{Nd}&&[^0-9]]");

  @TempDir private Path folder;
  private String tiny = "";
  private String runs = "";

  @BeforeEach
  void writeTrainingFile() throws IOException {
    tiny = TrainingFiles.tiny(folder);
    runs = folder.resolve("runs").toString();
  }

  @Test
  void trainsAndLeavesARunBehind() throws IOException {
    Cli.Outcome outcome = train(tiny);
    Path run = Path.of(runs, "tiny-1");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out().lines().toList())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .matches("mean return [\\d.]+ ± [\\d.]+ over 5 evaluation episodes"),
            line ->
                assertThat(line)
                    .matches("256 environment steps in \\d+ s; ended because 256 environment .*"),
            line -> assertThat(line).isEqualTo("run: " + run),
            line -> assertThat(line).isEqualTo("next: mobula evaluate " + run + " --render ansi"));
    assertThat(outcome.err())
        .startsWith("training ppo in CartPole-v1 → " + run + "\n")
        .contains("100 %  step 256")
        .contains("policy loss")
        .doesNotContain("\u001b");
    assertThat(run)
        .isDirectoryContaining("glob:**/config.yaml")
        .isDirectoryContaining("glob:**/metrics.csv")
        .isDirectoryContaining("glob:**/metrics.jsonl")
        .isDirectoryContaining("glob:**/events.out.tfevents.*")
        .isDirectoryContaining("glob:**/learning-curve.svg");
    assertThat(run.resolve("checkpoints/step-000000000256/policy.safetensors")).isRegularFile();
    assertThat(RunState.read(run).kind()).isEqualTo(RunState.Kind.FINISHED);
  }

  @Test
  void whatToTypeNextCanBeTypedAsItStands() {
    String classes = Path.of("target", "test-classes").toString();
    String run = folder.resolve("my runs/tiny-1").toString();
    Cli.Outcome outcome =
        Cli.run(
            "--class-path",
            classes,
            "train",
            tiny,
            "--runs-directory",
            folder.resolve("my runs").toString(),
            "--set",
            "environment.name=" + CartPole.class.getName());
    assertThat(outcome.out())
        .endsWith("next: mobula --class-path " + classes + " evaluate '" + run + "'\n");
  }

  @Test
  void theMachinesLanguageChangesNoDigit() throws IOException {
    assertThat(train(tiny, "--name", "english").exitCode()).isZero();
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
    try {
      Cli.Outcome outcome = train(tiny, "--name", "arabic");
      assertThat(outcome.exitCode()).as(outcome.err()).isZero();
      assertThat(outcome.out() + outcome.err()).doesNotContainPattern(FOREIGN_DIGIT);
    } finally {
      Locale.setDefault(before);
    }
    Path arabic = Path.of(runs, "arabic");
    assertThat(arabic.resolve("config.yaml"))
        .hasSameTextualContentAs(Path.of(runs, "english", "config.yaml"));
    for (Path file : files(arabic)) {
      assertThat(file.toString()).doesNotContainPattern(FOREIGN_DIGIT);
      if (file.toString().matches(".*\\.(yaml|csv|jsonl|json|svg)")) {
        assertThat(Files.readString(file)).doesNotContainPattern(FOREIGN_DIGIT);
      }
    }
    assertThat(arabic.resolve("checkpoints/step-000000000256/policy.safetensors")).isRegularFile();
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void numbersRunsAndTakesAName() {
    assertThat(train(tiny).out()).contains("run: " + Path.of(runs, "tiny-1"));
    assertThat(train(tiny).out()).contains("run: " + Path.of(runs, "tiny-2"));
    assertThat(train(tiny, "--name", "mine").out()).contains("run: " + Path.of(runs, "mine"));
    Cli.Outcome again = train(tiny, "--name", "mine");
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err())
        .isEqualTo(
            "mobula: %s exists already\n".formatted(Path.of(runs, "mine"))
                + "Choose another --name, or resume that run: mobula train --resume %s\n"
                    .formatted(Path.of(runs, "mine")));
  }

  @Test
  void takesSettingsAndSeedFromTheCommandLine() {
    train(tiny, "--seed", "7", "--set", "algorithm.ppo.discount=0.9", "--name", "set");
    assertThat(Path.of(runs, "set", "config.yaml"))
        .content()
        .contains("seed: 7\n")
        .contains("discount: 0.9\n");
  }

  @Test
  void jsonIsEventsAndNothingElse() throws IOException {
    Cli.Outcome outcome =
        train(tiny, "--json", "--set", "evaluation.every=128", "--set", "checkpoint.every=128");
    assertThat(outcome.err()).isEmpty();
    List<JsonNode> events = events(outcome);
    assertThat(events.stream().map(event -> event.get("event").asText()))
        .startsWith("start", "iteration")
        .containsSubsequence("evaluation", "checkpoint", "evaluation", "checkpoint", "end")
        .containsOnly("start", "iteration", "evaluation", "checkpoint", "end");
    assertThat(events.get(0).get("run").asText()).isEqualTo(Path.of(runs, "tiny-1").toString());
    assertThat(events.get(1).get("environment_steps").asLong()).isEqualTo(64);
    assertThat(events.get(1).has("loss/policy")).isTrue();
    JsonNode end = events.get(events.size() - 1);
    assertThat(end.get("state").asText()).isEqualTo("finished");
    assertThat(end.get("episodes").asInt()).isEqualTo(5);
    assertThat(end.get("return_mean").isNumber()).isTrue();
  }

  @Test
  void resumesWhereItEnded() throws IOException {
    train(tiny, "--name", "one", "--set", "stop.environment-steps=128");
    Cli.Outcome outcome =
        Cli.run(
            "train",
            "--resume",
            "one",
            "--runs-directory",
            runs,
            "--set",
            "stop.environment-steps=256");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.err()).contains("from step 128 →");
    train(tiny, "--name", "whole");
    assertThat(steps("one")).containsExactly("64", "128", "128", "192", "256", "256");
    // The extra evaluation in the middle is all that tells the two runs apart.
    assertThat(policy("one")).isEqualTo(policy("whole"));
  }

  @Test
  void collectsByRolloutWorkers() {
    String[] workers = {"--set", "environment.count=4", "--set", "workers.count=2"};
    Cli.Outcome outcome = train(tiny, workers[0], workers[1], workers[2], workers[3]);
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(Path.of(runs, "tiny-1", "metrics.csv")).content().contains("rollout/policy_lag");
    Cli.Outcome failing =
        train(
            tiny,
            "--set",
            "workers.count=1",
            "--set",
            "workers.max-restarts=1",
            "--set",
            "environment.name=" + FailingEnvironment.class.getName());
    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.err())
        .contains("\nrollout worker 0: its environment 0 (FailingEnvironment) failed in step")
        .containsPattern("mobula: .*tiny-2 failed: .*the wheel came off");
  }

  @Test
  void drawsWhatTheRuntimeDid() throws IOException {
    Path trace = Path.of(runs).resolveSibling("trace.json");
    Cli.Outcome outcome = train(tiny, "--trace=" + trace, "--set=workers.count=1");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    JsonNode events = new ObjectMapper().readTree(trace.toFile()).get("traceEvents");
    assertThat(events.findValuesAsText("name")).anyMatch(name -> name.contains("collect"));
    assertThat(events.findValuesAsText("ph")).contains("X");

    Cli.Outcome alone = train(tiny, "--trace=" + trace, "--name=alone");
    assertThat(alone.exitCode()).isEqualTo(2);
    assertThat(alone.err())
        .isEqualTo(
            """
            mobula: --trace draws workers, shards and learners, but the training file asks for none
            Leave out --trace, or add --set workers.count=1.
            """);
    assertThat(Path.of(runs, "alone")).doesNotExist();
    assertThat(train(tiny, "--trace=/no/where/t.json", "--set=workers.count=1").err())
        .startsWith("mobula: the timeline cannot be written: /no/where/t.json: no such file\n");
  }

  @Test
  void refusesToResumeWhatCannotGoOn() throws IOException {
    train(tiny, "--name", "one");
    Path run = Path.of(runs, "one");
    String config = Files.readString(run.resolve("config.yaml"));
    assertThat(resume(run).err())
        .isEqualTo(
            "mobula: %s has already taken 256 environment steps and ends at 256\n".formatted(run)
                + "Raise the end, such as --set stop.environment-steps=512\n");
    Cli.Outcome other =
        resume(run, "--set", "network.hidden=[9]", "--set", "stop.environment-steps=512");
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.err())
        .isEqualTo(
            "mobula: %s cannot be resumed: the checkpoint's network has policy.0.weight [8, 4] but the"
                    .formatted(run)
                + " configuration asks for policy.0.weight [9, 4]\n"
                + "Leave out the --set that changes the network or the environment, or begin a"
                + " new run.\n");
    for (String count : List.of("environment.count=3", "workers.count=1")) {
      Cli.Outcome counted = resume(run, "--set", count, "--set", "stop.environment-steps=512");
      assertThat(counted.exitCode()).isEqualTo(2);
      assertThat(counted.err())
          .contains("cannot be resumed with " + count + ": its checkpoints are of ");
    }
    assertThat(resume(run, "--seed", "1").err()).contains("leave out --seed");
    assertThat(Cli.run("train", tiny, "--resume", "one").err()).contains("change it by --set");
    assertThat(Cli.run("train", "--resume", "onne", "--runs-directory", runs).err())
        .isEqualTo(
            "mobula: there is no run onne; did you mean %s?\n".formatted(run)
                + "mobula runs lists the runs.\n");
    assertThat(RunState.read(run).kind()).isEqualTo(RunState.Kind.FINISHED);
    assertThat(run.resolve("config.yaml")).hasContent(config);
  }

  @Test
  void saysWhatToDoAboutATruncatedCheckpoint() throws IOException {
    train(tiny, "--name", "one", "--set", "checkpoint.every=128");
    Path run = Path.of(runs, "one");
    Path newest = run.resolve("checkpoints/step-000000000256");
    Path file = newest.resolve("policy.safetensors");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 10));
    Cli.Outcome outcome = resume(run, "--set", "stop.environment-steps=512");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err().lines().toList())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .startsWith("mobula: the newest checkpoint cannot be read: " + file)
                    .contains("cut short"),
            line ->
                assertThat(line).isEqualTo("Delete " + newest + " to resume from the one before."));
    assertThat(Cli.run("evaluate", run.toString()).err()).contains("cut short");
  }

  @Test
  void tellsWhereAnEnvironmentFailed() throws IOException {
    Cli.Outcome outcome =
        train(
            tiny,
            "--name",
            "bad",
            "--set",
            "environment.name=" + FailingEnvironment.class.getName());
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .contains(
            "bad failed: iteration 2 (64 environment steps): environment 0 (FailingEnvironment)")
        .contains("the wheel came off")
        .contains("--debug")
        .doesNotContain("\tat ");
    assertThat(RunState.read(Path.of(runs, "bad")))
        .satisfies(state -> assertThat(state.kind()).isEqualTo(RunState.Kind.FAILED))
        .satisfies(state -> assertThat(state.reason()).contains("the wheel came off"));
  }

  @Test
  void drawsABarThatFitsAndVanishes() {
    Cli.Outcome outcome =
        Cli.run(
            new Terminal(40, false, "cli/mobula"),
            "train",
            tiny,
            "--runs-directory",
            runs,
            "--set",
            "evaluation.every=64");
    List<String> screen = new ArrayList<>();
    int widest = 0;
    int row = 0;
    int column = 0;
    Matcher parts = Pattern.compile("\u001b\\[(\\?7[lh]|K|1A)|\r|\n|.").matcher(outcome.err());
    while (parts.find()) {
      while (screen.size() <= row) {
        screen.add("");
      }
      String line = screen.get(row);
      switch (parts.group()) {
        case "\u001b[?7l", "\u001b[?7h" -> {}
        case "\u001b[K" -> screen.set(row, line.substring(0, column));
        case "\u001b[1A" -> row--;
        case "\r" -> column = 0;
        case "\n" -> {
          row++;
          column = 0;
        }
        default -> {
          String after = line.length() > column ? line.substring(column + 1) : "";
          screen.set(row, line.substring(0, column) + parts.group() + after);
          column++;
          if (line.contains("%") || line.contains("policy loss")) {
            widest = Math.max(widest, column);
          }
        }
      }
    }
    assertThat(widest).isBetween(20, 39);
    assertThat(screen.stream().filter(line -> !line.isBlank()))
        .noneMatch(line -> line.contains("%"))
        .noneMatch(line -> line.contains("policy loss"))
        .anyMatch(line -> line.startsWith("evaluation at 64 steps: mean return"));
    assertThat(outcome.out()).contains("next: cli/mobula evaluate");
  }

  private Cli.Outcome train(String... arguments) {
    return Cli.run(
        Stream.concat(Stream.of("train", "--runs-directory", runs), Stream.of(arguments))
            .toArray(String[]::new));
  }

  private static Cli.Outcome resume(Path run, String... arguments) {
    return Cli.run(
        Stream.concat(Stream.of("train", "--resume", run.toString()), Stream.of(arguments))
            .toArray(String[]::new));
  }

  private List<String> steps(String run) throws IOException {
    return Files.readAllLines(Path.of(runs, run, "metrics.csv")).stream()
        .skip(1)
        .map(line -> line.substring(0, line.indexOf(',')))
        .toList();
  }

  private byte[] policy(String run) throws IOException {
    return Files.readAllBytes(
        Path.of(runs, run, "checkpoints", "step-000000000256", "policy.safetensors"));
  }

  private static List<JsonNode> events(Cli.Outcome outcome) throws IOException {
    List<JsonNode> events = new ArrayList<>();
    for (String line : outcome.out().lines().toList()) {
      events.add(new ObjectMapper().readTree(line));
    }
    return events;
  }
}
