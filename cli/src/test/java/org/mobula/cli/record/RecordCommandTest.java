package org.mobula.cli.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.policy.Policy;
import org.mobula.core.recording.RecordingReader;
import org.mobula.core.space.Discrete;

class RecordCommandTest {
  private static Path run = Path.of("");

  @TempDir Path folder = Path.of("");

  @BeforeAll
  static void train(@TempDir Path folder) throws IOException {
    run = folder.resolve("runs/one");
    Cli.Outcome outcome =
        Cli.run(
            "train",
            TrainingFiles.tiny(folder),
            "--name",
            "one",
            "--runs-directory",
            folder.resolve("runs").toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
  }

  private JsonNode record(String... more) throws IOException {
    return recordTo(folder, more);
  }

  private static JsonNode recordTo(Path output, String... more) throws IOException {
    String[] first = {
      "record", run.toString(), "--episodes", "4", "--output", output.toString(), "--json"
    };
    String[] all = Arrays.copyOf(first, first.length + more.length);
    System.arraycopy(more, 0, all, first.length, more.length);
    Cli.Outcome outcome = Cli.run(all);
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    return new ObjectMapper().readTree(outcome.out());
  }

  @Test
  void recordsWhatThePolicyDoes() throws IOException {
    JsonNode told = record("--stochastic");
    RecordedEpisodes read = RecordingReader.read(folder.resolve("one"));
    assertThat(told.get("recordings").asText()).isEqualTo(folder.resolve("one").toString());
    assertThat(read.episodes()).hasSize(4);
    assertThat(read.meanReturn()).isEqualTo(told.get("return_mean").asDouble());
    assertThat(read.steps()).isEqualTo(told.get("steps").asLong());
    assertThat(read.actionSpace()).isEqualTo(new Discrete(2));
    assertThat(read.hasLogProbabilities()).isTrue();
    read.requireLearnable();

    record(); // adds to it; the most likely actions are those of the policy
    RecordedEpisodes both = RecordingReader.read(folder.resolve("one"));
    assertThat(both.episodes()).hasSize(8);
    assertThat(both.hasLogProbabilities()).isFalse();
    try (Policy policy = Policy.load(run)) {
      RecordedEpisode last = both.episodes().get(7);
      for (int step = 0; step < last.steps(); step++) {
        float[] observation = Arrays.copyOfRange(last.observations(), step * 4, step * 4 + 4);
        assertThat(policy.act(observation)).containsExactly(last.actions()[step]);
      }
    }
  }

  @Test
  void sameSeedSameEpisodes() throws IOException {
    Path first = folder.resolve("a");
    Path second = folder.resolve("b");
    for (Path output : new Path[] {first, second}) {
      recordTo(output, "--stochastic", "--seed", "5");
    }
    RecordedEpisodes one = RecordingReader.read(first);
    assertThat(RecordingReader.read(second).checksum()).isEqualTo(one.checksum());
  }

  @Test
  void describeShowsWhatIsThere() throws IOException {
    record("--stochastic");
    Cli.Outcome outcome = Cli.run("data", "describe", folder.toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .matches(
            """
            4 episodes of [\\d,]+ steps, from [\\d,]+ rows in 2 files
            policy +one, version 256
            observations +Box\\(4\\)
            actions +Discrete\\(2\\)
            returns +mean [\\d.]+ ± [\\d.]+, from [\\d.]+ to [\\d.]+, median [\\d.]+
            lengths +mean [\\d.]+ ± [\\d.]+, from [\\d.]+ to [\\d.]+, median [\\d.]+
            ends +4 terminated, 0 truncated, 0 neither
            log-probabilities +of every action

            NUMBER +LEAST +MEAN +GREATEST +BOUNDS +COVERED
            (observation \\d +-?[\\d.]+ +-?[\\d.e-]+ +[\\d.]+ +\\S+ … \\S+ +\\S+( %)?
            ){4}action +0.0000 +0\\.\\d+ +1.00 +0.0000 … 1.00 +100 % of the choices; 0: \\d+ %, 1: \\d+ %

            nothing is broken
            """);
    JsonNode json =
        new ObjectMapper().readTree(Cli.run("data", "describe", folder.toString(), "--json").out());
    assertThat(json.get("episodes").asInt()).isEqualTo(4);
    assertThat(json.get("observations").get(2).get("high").asDouble())
        .isBetween(0.41, 0.43); // CartPole's angle
    assertThat(json.get("problems")).isEmpty();
  }

  /** With nothing to play in: the recordings say what the policy is worth. */
  @Test
  void aPolicyLearnsFromTheRecordings() throws IOException {
    record("--stochastic");
    Path file =
        Files.writeString(
            folder.resolve("clone.yaml"),
            """
            environment: {external: {observations: {box: {shape: 4}}, actions: {discrete: 2}}}
            data: %s
            algorithm: {bc: {minibatch-size: 16}}
            stop: {environment-steps: 1_000}
            """
                .formatted(folder.resolve("one")));
    String runs = folder.resolve("runs").toString();
    Cli.Outcome outcome =
        Cli.run("train", file.toString(), "--runs-directory", runs, "--name", "clone");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(Files.readString(folder.resolve("runs/clone/metrics.csv")))
        .contains("estimate/weighted_return");
    outcome =
        Cli.run(
            "train",
            "--resume",
            folder.resolve("runs/clone").toString(),
            "--set",
            "stop.environment-steps=2_000");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
  }

  @Test
  void mistakesHaveARemedy() throws IOException {
    Cli.Outcome outcome = Cli.run("record", run.toString(), "--episodes", "0");
    assertThat(outcome.err())
        .startsWith("mobula: --episodes is 0 but must be ≥ 1\n")
        .contains("record --help");
    Path file = Files.writeString(folder.resolve("file"), "");
    outcome = Cli.run("record", run.toString(), "--episodes", "1", "--output", file.toString());
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .startsWith("mobula: " + file.resolve("one") + " cannot be written: ")
        .endsWith("Name a folder that can be made and has room by --output.\n");
    outcome = Cli.run("data", "describe", folder.resolve("none").toString());
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .isEqualTo(
            """
            mobula: %s does not exist; name a Parquet file, or a folder that holds some
            mobula record RUN and mobula serve RUN --record DIR write recordings.
            """
                .formatted(folder.resolve("none")));
    assertThat(Cli.run("data").err()).startsWith("mobula: a subcommand is missing: describe\n");
  }
}
