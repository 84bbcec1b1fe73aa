package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a user reads who has mistyped something. */
class MistakesTest {
  @TempDir private Path folder;

  /** The first line of the error without the folder; changes are made in the tiny training file. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "steps: 64|clip-rage: 0.1|:7:5: unknown key clip-rage under algorithm.ppo; did you mean clip-range?",
        "steps: 64|steps: many|:7:5: steps is \"many\" but must be a whole number",
        "steps: 64|clip-range: -0.1|:7:5: clip-range is -0.1 but must be ≥ 0",
        "steps: 64|clip-range: {linear: {from: 0.2, to: -0.6}}|:7:5: clip-range is -0.6 at its least but must be ≥ 0",
        "environment-steps: 256|wall-time: 0s|:10:3: wall-time is \"0s\" but must be > 0s",
        "CartPole-v1|CartPole-v2|:2:3: no environment is called \"CartPole-v2\"; did you mean \"CartPole-v1\"?",
        "CartPole-v1|com.example.No|:2:3: no class com.example.No can be loaded; is its jar or folder on the class path?",
        "hidden: [8]|hidden: [8|:5:10: not valid YAML: while parsing a flow sequence: expected ',' or ']', but got :",
        "hidden: [8]|hidden: [0]|:4:12: hidden[0] is 0 but must be ≥ 1",
        "  episodes: 5|  environment: {name: Pendulum-v1}|:12:17: the policy observes Box(4) but Pendulum-v1 shows Box(3)",
        "  episodes: 5|  environment: {options: {max-episode-step: 9}}|:12:27: CartPole-v1 has no option \"max-episode-step\"; did you mean \"max-episode-steps\"? Its options are [sutton-barto-reward, max-episode-steps]",
        "evaluation:|workers: {count: 3}\\nevaluation:|:11:1: workers is 3 but must divide the 1 environments",
        "evaluation:|workers: {count: 1, cpus: 3}\\nruntime: {cpus: 2}\\nevaluation:|:11:21: workers.cpus is 3 but must be at most runtime.cpus (2.0)",
        "evaluation:|runtime: {cpus: 0.5}\\nevaluation:|:11:11: cpus is 0.5 but must be ≥ 1",
        "evaluation:|runtime: {cpus: 2}\\nparameters: {server: {learners: 3}}\\nevaluation:|:12:14: runtime.cpus is 2.0 but must be at least learners (3): each needs one for the whole run",
        "  ppo:|  dqn: {}\\n  ppo:|:7:3: algorithm takes exactly one of [a2c, bc, cql, dqn, iql, marwil, ppo, pqn, sac, td3, td3-bc], but has dqn and ppo",
        "stop:|network: {}\\nstop:|:9:1: duplicate key network, first at 3:1",
      })
  void inTheFile(String part, String change, String error) throws IOException {
    String text = TrainingFiles.TINY.replace(part, change.replace("\\n", "\n"));
    String file = TrainingFiles.file(folder, "file.yaml", text);
    Cli.Outcome outcome = train(file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err().lines()).first().isEqualTo(file + error);
    assertThat(outcome.err().lines()).hasSizeBetween(1, 3);
    assertThat(outcome.out()).isEmpty();
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void inAnEnvironmentsOptions() throws IOException {
    String text =
        TrainingFiles.TINY.replace(
            "name: CartPole-v1", "name: CartPole-v1\n  options:\n    max-episode-step: 10");
    String file = TrainingFiles.file(folder, "file.yaml", text);
    Cli.Outcome outcome = train(file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith(
            file
                + ":4:5: CartPole-v1 has no option \"max-episode-step\"; did you mean"
                + " \"max-episode-steps\"?")
        .endsWith("\nmobula environments CartPole-v1 shows more.\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{name: Taxi-v4, options: {action-mask: true}}|sac: {}|:1:15: the environment forbids actions, which algorithm.sac does not know of; use algorithm.ppo, algorithm.a2c, algorithm.dqn or algorithm.pqn",
        "{name: CartPole-v1}|sac: {noise: pink}|:3:9: noise is {pink: {deviation: 0.3}} but must be left out where actions are choices (Discrete(2)): it is added to numbers in a box",
        "{name: CartPole-v1}|dqn: {replay: {frames: 3}}|:3:18: replay.frames is 3 but must divide the 4 numbers of an observation",
        "{name: CartPole-v1}|dqn: {replay: {frames: 4, capacity: 4}}|:3:29: capacity is 4 but must be > frames (4)",
        "{name: CartPole-v1}|dqn: {replay: {capacity: 500_000_000}}|:3:18: replay.capacity is 500000000 but a replay memory of 500000000 rows takes",
      })
  void inAnAlgorithmThatDoesNotFitTheEnvironment(String environment, String algorithm, String error)
      throws IOException {
    String text =
        """
        environment: %s
        algorithm:
          %s
        stop: {environment-steps: 100}
        """
            .formatted(environment, algorithm);
    String file = TrainingFiles.file(folder, "file.yaml", text);
    Cli.Outcome outcome = train(file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).startsWith(file + error);
    assertThat(outcome.err().lines()).hasSizeBetween(1, 3);
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void inThePythonOfAnEnvironment() throws IOException {
    String text =
        """
        environment: {gymnasium: CartPole-v1, python: /no/python}
        algorithm: ppo
        stop: {environment-steps: 100}
        """;
    String file = TrainingFiles.file(folder, "file.yaml", text);
    Cli.Outcome outcome = train(file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith(file + ":1:15: no Python can be started as /no/python: ")
        .endsWith("\nmobula doctor --python /no/python shows the packages of that Python.\n");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void inWhatIsLearntFrom() throws IOException {
    String text =
        """
        environment: {name: CartPole-v1}
        algorithm: bc
        stop: {environment-steps: 100}
        """;
    String file = TrainingFiles.file(folder, "file.yaml", text);
    String remedy =
        "Name a file or a folder of Parquet files, as mobula record writes them; mobula data describe"
            + " shows what is in them.\n";
    refused("FILE:2:1: the algorithm learns from recordings, but data names none\n" + remedy, file);
    String none = folder.resolve("none").toString();
    Cli.Outcome outcome = train(file, "--set", "data=" + none);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith("--set data=" + none + ": ")
        .contains("none")
        .endsWith("\n" + remedy);
    assertThat(folder.resolve("runs")).doesNotExist();
    refused(
        "mobula: --listen takes episodes that other processes play, but FILE learns from what"
            + " was recorded\nLeave out --listen.\n",
        file,
        "--listen",
        "127.0.0.1:0");
    refused(
        "--set data=x: data is \"x\" but must be left out where the algorithm learns from what it"
            + " collects; one such as bc learns from recordings\n",
        file,
        "--set",
        "algorithm=ppo",
        "--set",
        "data=x");
  }

  @Test
  void inWhatOthersPlay() throws IOException {
    String text =
        """
        environment:
          external: {observations: {box: {shape: 4}}, actions: {discrete: 2}}
        algorithm: ppo
        stop: {environment-steps: 100}
        """;
    String file = TrainingFiles.file(folder, "file.yaml", text);
    refused(
        """
        FILE:2:3: other processes play the environment, but nothing listens for them
        Add --listen.
        """,
        file);
    refused(
        "--set workers.count=1: workers.count is 1 but must be 0 where other processes play the"
            + " environment: they are the workers\n",
        file,
        "--set",
        "workers.count=1");
    refused(
        "mobula: --listen 192.0.2.1:0: host is \"192.0.2.1\" but must be a loopback address where there"
            + " are no tokens: else everybody on the network may load models; give tokens\n"
            + "Listen at 127.0.0.1, or give --token-file.\n",
        file,
        "--listen",
        "192.0.2.1:0");
    refused(
        "--set environment.external.masks=true: masks is true but must be false where no choice is"
            + " discrete\n",
        file,
        "--set",
        "environment.external.actions={box: {shape: 1}}",
        "--set",
        "environment.external.masks=true");
    refused(
        "--set environment.external.observations.box.low=[1, 2]: low is [1.0, 2.0] but"
            + " must have one number, or one for each of the 4 elements\n",
        file,
        "--set",
        "environment.external.observations.box.low=[1, 2]");
    refused(
        """
        FILE:2:3: other processes play the environment, and they play with one learner
        Join with an environment that has a name.
        """,
        file,
        "--join",
        "127.0.0.1:1");
    String search =
        TrainingFiles.file(
            folder, "search.yaml", "base: file.yaml\nspace: {seed: {integer: [1, 3]}}\n");
    assertThat(Cli.run("tune", search).err())
        .isEqualTo(
            """
            FILE:2:3: other processes play the environment, and they play with one run, not with many trials
            Search in an environment that has a name.
            """
                .replace("FILE", file));
    String named = TrainingFiles.tiny(folder);
    Cli.Outcome outcome = train(named, "--listen");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo(
            "mobula: --listen takes episodes that other processes play, but "
                + named
                + " has environment CartPole-v1\n"
                + "Leave out --listen, or say the spaces: environment: {external: {observations: …,"
                + " actions: …}}.\n");
    assertThat(folder.resolve("runs")).isEmptyDirectory();
  }

  private void refused(String error, String file, String... options) {
    Cli.Outcome outcome = train(file, options);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).isEqualTo(error.replace("FILE", file));
  }

  @Test
  void inTheNameOfTheFile() {
    Cli.Outcome outcome = train(folder.resolve("none.yaml").toString());
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).isEqualTo(folder.resolve("none.yaml") + ": no such file\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seed|--set seed: must be key=value, such as algorithm.ppo.clip-range=0.1",
        "sede=3|--set sede=3: unknown key sede; did you mean seed?",
        "algorithm.ppo.gamma=0.9|--set algorithm.ppo.gamma=0.9: unknown key gamma under algorithm.ppo; did you mean discount?",
        "total_timesteps=9|--set total_timesteps=9: unknown key total_timesteps; did you mean stop.environment-steps?",
        "seed=-1|--set seed=-1: seed is -1 but must be ≥ 0",
        "environment.gymnasium=LunarLander-v3|FILE:1:1: environment: exactly one of name, gymnasium, envpool and external says which environment, but 2 are there",
        "environment.wrappers=[Greyscale]|--set environment.wrappers=[Greyscale]: no wrapper is called \"Greyscale\"; did you mean \"Grayscale\"? The wrappers are [NoopReset, FireReset, MaxAndSkip, EpisodicLife, ClipReward, Grayscale, Resize, ChannelsFirst, FrameStack, EpisodeStatistics, TimeLimit, RescaleAction]. A class of your own is named in full, such as com.example.MyWrapper",
        "environment.wrappers=[{MaxAndSkip: {skp: 4}}]|--set environment.wrappers=[{MaxAndSkip: {skp: 4}}]: MaxAndSkip has no option \"skp\"; did you mean \"skip\"? Its options are [skip]",
        "environment.wrappers=[Grayscale]|FILE:2:3: Grayscale needs images [height, width], [height, width, channels] or [channels, height, width] with the same bounds everywhere, but observations are Box(4)",
        "environment.name=Pendulum-v2|--set environment.name=Pendulum-v2: no environment is called \"Pendulum-v2\"; did you mean \"Pendulum-v1\"?",
      })
  void inASetting(String setting, String error) throws IOException {
    String file = TrainingFiles.tiny(folder);
    Cli.Outcome outcome = train(file, "--set", setting);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err().lines()).first().isEqualTo(error.replace("FILE", file));
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "file/below"})
  void inAPlaceThatCannotBeWritten(String place) throws IOException {
    Files.writeString(folder.resolve("file"), "in the way");
    String runs = folder.resolve(place).toString();
    Cli.Outcome outcome = Cli.run("train", TrainingFiles.tiny(folder), "--runs-directory", runs);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith("mobula: cannot make the run directory " + Path.of(runs, "tiny-1") + ": ")
        .endsWith("\nName a place that can be written to by --runs-directory.\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "trian|Did you mean: mobula train?",
        "train --sed 3|Possible solutions: --set, --seed",
        "train --seed x|mobula: Invalid value for option '--seed': 'x' is not a long",
        "train|mobula: give a CONFIG to begin a run, or --resume RUN to resume one",
        "train x.yaml --token-file t|mobula: --token-file goes with --join or --listen; a training file has parameters.server.token-file",
        "train --listen x.yaml|mobula: --listen is x.yaml but must be HOST:PORT",
        "train x.yaml --listen unix:/run/x|mobula: --listen is unix:/run/x but must be HOST:PORT",
        "evaluate x --episodes 0|mobula: --episodes is 0 but must be ≥ 1",
        "evaluate x --best --latest|mobula: choose one of --best and --latest",
        "evaluate no-such-run|mobula: there is no run no-such-run, neither here nor in runs",
        "runs no-such-folder|mobula: no-such-folder is no directory",
        "environments CartPol-v1|mobula: no environment is called \"CartPol-v1\"; did you mean \"CartPole-v1\"?",
        "environments pendulum|mobula: no environment is called \"pendulum\"; did you mean \"Pendulum-v1\"?",
        "environments --class-path no-such.jar|mobula: --class-path: no-such.jar does not exist",
      })
  void inTheCommand(String command, String error) {
    Cli.Outcome outcome = Cli.run(command.split(" ", -1));
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err().lines()).contains(error).hasSizeBetween(1, 3);
    assertThat(outcome.out()).isEmpty();
  }

  private Cli.Outcome train(String file, String... more) {
    String[] arguments = new String[4 + more.length];
    arguments[0] = "train";
    arguments[1] = file;
    arguments[2] = "--runs-directory";
    arguments[3] = folder.resolve("runs").toString();
    System.arraycopy(more, 0, arguments, 4, more.length);
    return Cli.run(arguments);
  }
}
