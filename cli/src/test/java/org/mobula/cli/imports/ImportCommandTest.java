package org.mobula.cli.imports;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.Checkpoint;

class ImportCommandTest {
  private static final Path FILES = Path.of("../rl-core/src/test/resources/stablebaselines");

  @TempDir private Path folder;

  private Cli.Outcome run(String... arguments) {
    return Cli.run(
        Stream.concat(Stream.of(arguments), Stream.of("--runs-directory", folder.toString()))
            .toArray(String[]::new));
  }

  private static String file(String name) {
    return FILES.resolve(name).toString();
  }

  @Test
  void makesARunThatIsResumed() throws IOException {
    Cli.Outcome imported =
        run("import", file("ppo-discrete.zip"), "--environment", "CartPole-v1", "--name", "taken");
    assertThat(imported.exitCode()).as(imported.err()).isZero();
    Path taken = folder.resolve("taken");
    assertThat(imported.out())
        .isEqualTo(
            """
            %s: PPO, 209 parameters, 64 environment steps, 8 steps of the optimizer
            checkpoint: %s/checkpoints/step-000000000064
            resume: mobula train --resume %s
            """
                .formatted(taken, taken, taken));
    float[] before = Checkpoint.read(taken).store().parameters().values();
    Cli.Outcome resumed =
        run(
            "train",
            "--resume",
            taken.toString(),
            "--set",
            "stop.environment-steps=96",
            "--set",
            "evaluation.episodes=1");
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    Checkpoint after = Checkpoint.read(taken);
    assertThat(after.progress().environmentSteps()).isEqualTo(96);
    assertThat(after.store().optimizerSteps()).isEqualTo(12);
    assertThat(after.store().parameters().values()).isNotEqualTo(before);
    Cli.Outcome evaluated = run("evaluate", taken.toString(), "--episodes", "1");
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
  }

  @Test
  void takesTheNormalisationAndSaysWhatItLeavesOut() throws IOException {
    Cli.Outcome imported =
        run(
            "import",
            file("ppo-box.zip"),
            "--normalization",
            file("ppo-box.pkl"),
            "--set",
            "algorithm.ppo.clip-range=0.1");
    assertThat(imported.exitCode()).as(imported.err()).isZero();
    assertThat(imported.err())
        .contains("note: learning_rate is 5.0E-4, the optimizer's last: ")
        .contains("note: clip_range was not taken over: ");
    assertThat(imported.out())
        .endsWith("train --resume " + folder.resolve("ppo-box-1") + " --listen\n");
    assertThat(Files.readString(folder.resolve("ppo-box-1/config.yaml")))
        .contains("external:")
        .contains("observations: true")
        .contains("value: 0.1");
    try (Policy policy = Policy.load(folder.resolve("ppo-box-1"))) {
      assertThat(policy.snapshot().normalizer()).isNotNull();
      assertThat(policy.act(new float[3])).hasSize(2);
    }
  }

  @Test
  void saysWhyItCannot() throws IOException {
    assertThat(run("import", file("ppo-discrete.zip"), "--environment", "Acrobot-v1"))
        .isEqualTo(
            new Cli.Outcome(
                1,
                "",
                """
                mobula: %s was trained for actions in Discrete(2), but the environment's are in Discrete(3)
                Nothing was imported. README.md of cli says what can be taken over.
                """
                    .formatted(file("ppo-discrete.zip"))));
    assertThat(run("import", file("ppo-discrete.zip"), "--environment", "CartPole-v2").err())
        .startsWith(
            "mobula: no environment is called \"CartPole-v2\"; did you mean \"CartPole-v1\"?");
    assertThat(run("import", file("none.zip")).err())
        .startsWith("mobula: " + file("none.zip") + ": no such file");
    assertThat(run("import").err())
        .startsWith("mobula: give the ZIP that Stable-Baselines3's model.save wrote");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void printsHyperparameters() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("a2c.yml"), "CartPole-v1: {n_envs: 8, ent_coef: 0.01, frame_stack: 4}");
    assertThat(Cli.run("import", "hyperparams", file.toString(), "CartPole-v1"))
        .isEqualTo(
            new Cli.Outcome(
                2,
                "",
                """
                mobula: %s, CartPole-v1: no twin for frame_stack: nothing here is like it
                The rest is printed with --leave-out frame_stack
                """
                    .formatted(file)));
    Cli.Outcome printed =
        Cli.run(
            "import", "hyperparams", file.toString(), "CartPole-v1", "--leave-out", "frame_stack");
    assertThat(printed)
        .isEqualTo(
            new Cli.Outcome(
                0,
                """
                algorithm:
                  a2c:
                    entropy-coefficient: 0.01
                environment:
                  count: 8
                  name: CartPole-v1
                normalization:
                  actions: false
                stop:
                  environment-steps: 1000000
                """,
                ""));
    assertThat(
            Cli.run("import", "hyperparams", file.toString(), "CartPole-v1", "--algorithm", "trpo")
                .err())
        .startsWith("mobula: the algorithm is trpo but must be one of");
  }
}
