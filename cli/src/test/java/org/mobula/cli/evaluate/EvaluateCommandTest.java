package org.mobula.cli.evaluate;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

class EvaluateCommandTest {
  private static Path run = Path.of("");

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

  @Test
  void tellsTheMeanReturn() {
    Cli.Outcome outcome = Cli.run("evaluate", run.toString(), "--episodes", "7");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .matches(
            """
            mean return [\\d.]+ ± [\\d.]+ over 7 episodes of CartPole-v1, mean length [\\d.]+
            policy: .*step-000000000256/policy.safetensors
            """);
    assertThat(outcome.err()).isEmpty();
  }

  @Test
  void numbersAreWrittenAlikeInEveryLanguage() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.GERMANY);
    try {
      assertThat(Cli.run("evaluate", run.toString(), "--episodes", "2").out())
          .containsPattern("mean length \\d+\\.\\d\n");
      assertThat(Cli.run("evaluate", run.toString(), "--render", "ansi").out())
          .containsPattern("return \\d+\\.\\d after \\d+ steps");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void jsonIsRepeatableBySeed() throws IOException {
    String[] command = {
      "evaluate", run.toString(), "--episodes", "3", "--seed", "5", "--stochastic", "--json"
    };
    Cli.Outcome outcome = Cli.run(command);
    JsonNode result = new ObjectMapper().readTree(outcome.out());
    assertThat(result.get("episodes").asInt()).isEqualTo(3);
    assertThat(result.get("return_min").asDouble())
        .isLessThanOrEqualTo(result.get("return_mean").asDouble());
    assertThat(Cli.run(command)).isEqualTo(outcome);
  }

  @Test
  void takesARunByNameACheckpointOrAFile() {
    Path checkpoint = run.resolve("checkpoints/step-000000000256");
    String expected = Cli.run("evaluate", run.toString(), "--episodes", "2").out();
    for (Path path :
        new Path[] {
          checkpoint, checkpoint.resolve("policy.safetensors"), run.resolve("checkpoints/best")
        }) {
      assertThat(Cli.run("evaluate", path.toString(), "--episodes", "2").out()).isEqualTo(expected);
    }
    for (String which : new String[] {"--best", "--latest"}) {
      assertThat(
              Cli.run(
                      "evaluate",
                      "one",
                      which,
                      "--episodes",
                      "2",
                      "--runs-directory",
                      String.valueOf(run.getParent()))
                  .out())
          .isEqualTo(expected);
    }
  }

  @Test
  void tellsThatThereIsNoBestCheckpoint(@TempDir Path folder) {
    assertThat(Cli.run("evaluate", folder + "/checkpoints/best"))
        .isEqualTo(
            new Cli.Outcome(
                1,
                "",
                """
                mobula: the policy cannot be read: %s/checkpoints/best does not exist: evaluations \
                while training choose the best checkpoint
                Try another checkpoint of the run; its folder checkpoints holds them.
                """
                    .formatted(folder)));
  }

  @Test
  void playsWhereAndAsTheRunsEvaluationsDo(@TempDir Path folder) throws IOException {
    String levels = LevelEnvironment.class.getName();
    String file =
        TrainingFiles.file(
            folder,
            "levels.yaml",
            TrainingFiles.TINY.replace(
                    "name: CartPole-v1",
                    "name: %s\n  reset-options: {level: {linear: {from: 0, to: 3}}, bonus: 0.5}"
                        .formatted(levels))
                + "  max-episode-steps: 6\n");
    Cli.Outcome trained =
        Cli.run("train", file, "--name", "levels", "--runs-directory", folder.toString());
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    String run = folder + "/levels";

    // Six steps, each of which is worth the level of the run's end and the bonus.
    assertThat(Cli.run("evaluate", run, "--episodes", "2").out())
        .startsWith(
            "mean return 21.0 ± 0.0 over 2 episodes of %s, mean length 6.0\n".formatted(levels));
    // An episode that is watched comes to its own end.
    assertThat(Cli.run("evaluate", run, "--render", "ansi").out())
        .endsWith("return 35.0 after 10 steps of %s\n".formatted(levels));
    // Another environment, with its own settings: no level, no bonus, ten steps.
    assertThat(Cli.run("evaluate", run, "--episodes", "2", "--environment", levels).out())
        .startsWith(
            "mean return 0.0 ± 0.0 over 2 episodes of %s, mean length 10.0\n".formatted(levels));

    String cartPole =
        TrainingFiles.file(
            folder,
            "short.yaml",
            TrainingFiles.TINY + "  environment: {options: {max-episode-steps: 3}}\n");
    Cli.Outcome judged =
        Cli.run("train", cartPole, "--name", "short", "--runs-directory", folder.toString());
    assertThat(judged.exitCode()).as(judged.err()).isZero();
    assertThat(Cli.run("evaluate", folder + "/short", "--episodes", "2").out())
        .startsWith("mean return 3.0 ± 0.0 over 2 episodes of CartPole-v1, mean length 3.0\n");
    assertThat(
            Cli.run(
                    "evaluate",
                    folder + "/short",
                    "--episodes",
                    "2",
                    "--environment",
                    "CartPole-v1")
                .out())
        .doesNotContain("mean length 3.0");
  }

  /** Ten steps, each of which is worth the level and the bonus that its reset asks for. */
  public static final class LevelEnvironment implements Environment {
    private double worth;
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
      worth = number(reset, "level") + number(reset, "bonus");
      steps = 0;
      observation[0] = 0;
    }

    private static double number(Reset reset, String name) {
      return reset.options().get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    @Override
    public void step(float[] action, Step step) {
      step.observation[0] = 0;
      step.reward = worth;
      step.truncated = ++steps == 10;
    }

    @Override
    public Optional<String> renderText() {
      return Optional.of("worth " + worth);
    }
  }

  @Test
  void showsAnEpisodeFrameByFrame() {
    Cli.Outcome outcome = Cli.run("evaluate", run.toString(), "--render", "ansi");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .contains("[=====]")
        .doesNotContain("\u001b")
        .containsPattern("return [\\d.]+ after \\d+ steps of CartPole-v1\n$");
    long frames = outcome.out().lines().filter(line -> line.startsWith("position")).count();
    assertThat(outcome.out()).contains(" after " + (frames - 1) + " steps");
  }

  @Test
  void writesAVideoOfTheSameBytesForTheSameSeed(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("one.gif");
    String[] command = {"evaluate", run.toString(), "--video", file.toString(), "--episodes", "2"};
    Cli.Outcome outcome = Cli.run(command);
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out())
        .matches(
            """
            (return [\\d.]+ after \\d+ steps of CartPole-v1
            ){2}video: %s
            """
                .formatted(file));
    byte[] gif = Files.readAllBytes(file);
    assertThat(gif).startsWith("GIF89a".getBytes(US_ASCII)).endsWith(';');
    assertThat(Cli.run(command)).isEqualTo(outcome);
    assertThat(file).hasBinaryContent(gif);
    Cli.run("evaluate", run.toString(), "--video", file.toString(), "--stochastic");
    assertThat(Files.readAllBytes(file)).isNotEqualTo(gif);
  }

  @Test
  void tellsWhyThereIsNoVideo(@TempDir Path folder) throws IOException {
    assertThat(Cli.run("evaluate", run.toString(), "--video", folder + "/none/one.gif"))
        .isEqualTo(
            new Cli.Outcome(
                1,
                "",
                """
                mobula: the video cannot be written: %s/none/one.gif: no such file
                Name a file by --video that can be made, in a folder that is there.
                """
                    .formatted(folder)));
    assertThat(Cli.run("evaluate", run.toString(), "--video", "one.mp4").err())
        .startsWith("mobula: --video is one.mp4 but must end in .gif, the one format\n");
    assertThat(Cli.run("evaluate", run.toString(), "--video", "a.gif", "--json").err())
        .startsWith("mobula: --render shows an episode, --video writes one and --json prints");

    String plain =
        TrainingFiles.file(
            folder,
            "plain.yaml",
            TrainingFiles.TINY.replace("CartPole-v1", PlainEnvironment.class.getName()));
    Cli.Outcome trained =
        Cli.run("train", plain, "--name", "plain", "--runs-directory", folder.toString());
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    Path file = folder.resolve("plain.gif");
    assertThat(Cli.run("evaluate", folder + "/plain", "--video", file.toString()))
        .isEqualTo(
            new Cli.Outcome(
                2,
                "",
                """
                mobula: org.mobula.cli.evaluate.EvaluateCommandTest$PlainEnvironment does not draw itself; \
                override Environment.draw(Graphics2D graphics, int width, int height) and return true, \
                or give an environment of Python's the render mode rgb_array
                Leave out --video to see its returns.
                """));
    assertThat(file).doesNotExist();
  }

  @Test
  void tellsWhereThereIsNoDisplay() {
    // The tests' JVM is told that it has none.
    assertThat(Cli.run("evaluate", run.toString(), "--render", "window"))
        .isEqualTo(
            new Cli.Outcome(
                1,
                "",
                """
                mobula: there is no display for a window
                Make a film instead: --video FILE.gif, or show characters: --render ansi.
                """));
  }

  /** Has no picture. */
  public static final class PlainEnvironment implements Environment {
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
      steps = 0;
      observation[0] = 0;
    }

    @Override
    public void step(float[] action, Step step) {
      step.observation[0] = 0;
      step.truncated = ++steps == 10;
    }
  }

  @Test
  void refusesAnEnvironmentThatDoesNotFit() {
    Cli.Outcome outcome = Cli.run("evaluate", run.toString(), "--environment", "Pendulum-v1");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo(
            """
            mobula: the policy observes Box(4) but Pendulum-v1 shows Box(3)
            Leave out --environment to play in the one that the policy was trained in.
            """);
  }

  @Test
  void asksForTheClassWhereARunHasAnotherName(@TempDir Path folder) throws IOException {
    Path policy = folder.resolve("policy.safetensors");
    Files.copy(run.resolve("checkpoints/step-000000000256/policy.safetensors"), policy);
    String config = Files.readString(run.resolve("config.yaml"));
    Files.writeString(folder.resolve("config.yaml"), config.replace("CartPole-v1", "My pole"));
    assertThat(Cli.run("evaluate", policy.toString()).err())
        .isEqualTo(
            """
            mobula: the policy was trained in "My pole", which names neither an environment nor a class
            Name its class in full: --environment com.example.MyWorld, with --class-path.
            """);
  }

  @Test
  void asksForTheEnvironmentOfALonePolicy(@TempDir Path folder) throws IOException {
    Path lone = folder.resolve("policy.safetensors");
    Files.copy(run.resolve("checkpoints/step-000000000256/policy.safetensors"), lone);
    assertThat(Cli.run("evaluate", lone.toString()).err())
        .isEqualTo(
            "mobula: there is no config.yaml beside %s that names the environment\n".formatted(lone)
                + "Name one by --environment.\n");
    assertThat(
            Cli.run("evaluate", lone.toString(), "--environment", "CartPole-v1", "--episodes", "1")
                .out())
        .contains("over 1 episodes of CartPole-v1");
  }
}
