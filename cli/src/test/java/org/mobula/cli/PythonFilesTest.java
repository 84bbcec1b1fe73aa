package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that name environments of Python, of a module that stands in for Gymnasium. */
@Timeout(300)
class PythonFilesTest {
  private static final Path FAKE =
      Path.of("../rollout-workers/src/test/resources/org/mobula/rollout/gymnasium/fake")
          .toAbsolutePath()
          .normalize();

  @TempDir private Path folder;
  private String file = "";

  @BeforeEach
  void writeTrainingFile() throws IOException {
    boolean found =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "python3")));
    assumeTrue(found, "no python3 on the PATH: environments of Python cannot be stepped");
    file =
        TrainingFiles.file(
            folder,
            "corridor.yaml",
            """
            environment: {gymnasium: Corridor-v0, count: 2, python-path: FAKE}
            algorithm: {ppo: {steps: 32, minibatch-size: 32, epochs: 1}}
            network: {hidden: [8]}
            stop: {environment-steps: 128}
            evaluation:
              episodes: 3
              environment: {name: "gymnasium:Corridor-v0", options: {limit: 2}}
            """
                .replace("FAKE", FAKE.toString()));
  }

  @AfterEach
  void noProcessIsLeft() {
    assertThat(ProcessHandle.current().children())
        .noneMatch(child -> child.info().command().orElse("").contains("python"));
  }

  private Cli.Outcome train(String... settings) {
    String[] arguments = new String[6 + settings.length];
    arguments[0] = "train";
    arguments[1] = file;
    arguments[2] = "--runs-directory";
    arguments[3] = folder.resolve("runs").toString();
    arguments[4] = "--name";
    arguments[5] = "corridor";
    System.arraycopy(settings, 0, arguments, 6, settings.length);
    return Cli.run(arguments);
  }

  @Test
  void aPolicyIsJudgedInTheirEnvironmentOfEvaluation() {
    Cli.Outcome trained = train();
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    assertThat(trained.out()).contains("over 3 evaluation episodes");
    String run = folder.resolve("runs/corridor").toString();
    Cli.Outcome judged = Cli.run("evaluate", run, "--episodes", "4");
    assertThat(judged.exitCode()).as(judged.err()).isZero();
    assertThat(judged.out())
        .containsPattern("4 episodes of gymnasium:Corridor-v0, mean length [12]\\.\\d"); // limit: 2
    Cli.Outcome elsewhere =
        Cli.run("evaluate", run, "--episodes", "4", "--environment", "gymnasium:Corridor-v0");
    assertThat(elsewhere.exitCode()).as(elsewhere.err()).isZero(); // by the run's Python
    assertThat(elsewhere.out()).contains("4 episodes of gymnasium:Corridor-v0, mean length");
  }

  @Test
  void mistakesInItHaveTheirPlace() {
    mistaken(
        "evaluation.environment.name=gymnasium:Nope-v0",
        "--set evaluation.environment.name=gymnasium:Nope-v0: LookupError: Environment `Nope-v0`"
            + " doesn't exist.",
        "mobula doctor shows the packages of that Python.");
    mistaken(
        "evaluation.environment={options: {speed: 2}}",
        "--set evaluation.environment={options: {speed: 2}}: TypeError: Corridor.__init__() got an"
            + " unexpected keyword argument 'speed'",
        "mobula doctor shows the packages of that Python.");
    mistaken(
        "evaluation.environment.options.length=9",
        file
            + ":7:17: the policy observes Box(2) but gymnasium:Corridor-v0 shows Box(2) with other"
            + " bounds",
        "Name one with the spaces of gymnasium:Corridor-v0.");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  private void mistaken(String setting, String begin, String remedy) {
    Cli.Outcome outcome = train("--set", setting);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).startsWith(begin + "\n").endsWith(remedy + "\n");
  }

  private Cli.Outcome tune(String space) throws IOException {
    String search =
        TrainingFiles.file(
            folder,
            "search.yaml",
            "base: corridor.yaml\nspace:\n  %s\nstop: {trials: 3}\n".formatted(space));
    return Cli.run("tune", search, "--studies-directory", folder.resolve("studies").toString());
  }

  @Test
  void theirOptionsAreSearched() throws IOException {
    Cli.Outcome outcome = tune("environment.options.limit: {integer: [5, 50]}");
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.err()).contains("trial 2 complete").doesNotContain("failed");
    Cli.Outcome unknown = tune("environment.options.speed: {integer: [5, 50]}");
    assertThat(unknown.exitCode()).isEqualTo(2);
    assertThat(unknown.err())
        .startsWith(
            folder.resolve("search.yaml")
                + ":3:3: no environment can be made with environment.options.speed=")
        .contains("TypeError: Corridor.__init__() got an unexpected keyword argument 'speed'")
        .endsWith("\nLeave that value out of the space.\n");
  }

  @Test
  void trialsOfOtherSpacesThanTheEvaluationsSayWhatDiffers() throws IOException {
    Cli.Outcome outcome = tune("environment.options.length: {integer: [7, 9]}");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .contains(
            "the evaluation environment has observations Box(2) with other bounds and actions"
                + " Discrete(2), but training has observations Box(2) and actions Discrete(2); both"
                + " must be equal, bounds included");
  }
}
