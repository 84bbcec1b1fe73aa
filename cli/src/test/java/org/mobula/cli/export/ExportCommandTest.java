package org.mobula.cli.export;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;
import org.mobula.core.policy.Policy;

class ExportCommandTest {
  private static Path run = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  static void train(@TempDir Path runs) throws IOException {
    run = runs.resolve("one");
    Cli.Outcome outcome =
        Cli.run(
            "train",
            TrainingFiles.tiny(runs),
            "--name",
            "one",
            "--runs-directory",
            runs.toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
  }

  @Test
  void writesOnnxThatSaysWhereItComesFrom() throws IOException {
    Path file = folder.resolve("cartpole.onnx");
    Cli.Outcome outcome = Cli.run("export", run.toString(), "--output", file.toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .matches(
            """
            %s: [\\d,]+ bytes for ONNX's operators of version 17
            policy: .*step-000000000256/policy.safetensors
            """
                .formatted(file));
    assertThat(Files.readString(file, ISO_8859_1))
        .contains("mobula.run", "one", "mobula.checkpoint", "step-000000000256", "mobula.version")
        .contains("observation", "action", "logits", "value");
  }

  @Test
  void writesSafetensorsThatActAlike() throws IOException {
    Path file = folder.resolve("policy.safetensors");
    Cli.Outcome outcome =
        Cli.run("export", run.toString(), "--format", "safetensors", "--output", file.toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    float[] observation = {0.1f, 0, 0.02f, 0};
    try (Policy original = Policy.load(run);
        Policy written = Policy.load(file)) {
      assertThat(written.evaluate(observation))
          .usingRecursiveComparison()
          .isEqualTo(original.evaluate(observation));
    }
  }

  @Test
  void writesJsonOfTheBestCheckpoint() throws IOException {
    Path file = folder.resolve("policy.json");
    Cli.Outcome outcome =
        Cli.run(
            "export",
            "one",
            "--best",
            "--format",
            "json",
            "--output",
            file.toString(),
            "--runs-directory",
            String.valueOf(run.getParent()));
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    assertThat(json.get("metadata").get("mobula.run").asText()).isEqualTo("one");
    assertThat(json.get("tensors").get("policy.0.weight").get("shape").toString())
        .isEqualTo("[8,4]");
  }

  @Test
  void saysWhyItCannot() {
    assertThat(Cli.run("export", folder + "/none"))
        .satisfies(
            outcome -> {
              assertThat(outcome.exitCode()).isEqualTo(2);
              assertThat(outcome.err()).startsWith("mobula: there is no run " + folder + "/none");
            });
    Path file = folder.resolve("missing/policy.onnx");
    assertThat(Cli.run("export", run.toString(), "--output", file.toString()))
        .isEqualTo(
            new Cli.Outcome(
                1,
                "",
                """
                mobula: the policy cannot be written: %s: no such file
                Name a file by --output that can be made, in a folder that is there.
                """
                    .formatted(file)));
    assertThat(Cli.run("export", run.toString(), "--format", "pickle").err())
        .contains("expected one of [ONNX, SAFETENSORS, JSON] (case-insensitive) but was 'pickle'");
  }
}
