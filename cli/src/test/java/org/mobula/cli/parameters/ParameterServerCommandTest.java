package org.mobula.cli.parameters;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ShardHost;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;

class ParameterServerCommandTest {
  @TempDir private Path folder;

  @Test
  void trainsWithTwoLearnersOnOneShard() throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "two.yaml",
            TrainingFiles.TINY + "parameters:\n  server: {shards: 1, learners: 2, replicas: 1}\n");
    Path runs = folder.resolve("runs");
    Cli.Outcome outcome = Cli.run("train", file, "--runs-directory", runs.toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    assertThat(outcome.out()).contains("256 environment steps");
    assertThat(Files.readString(runs.resolve("two-1/config.yaml"))).contains("learners: 2");
    assertThat(Files.readString(runs.resolve("two-1/metrics.csv"))).contains("parameters/learners");
    assertThat(Cli.run("runs", runs.toString()).out()).contains("finished");
    Cli.Outcome evaluated = Cli.run("evaluate", runs.resolve("two-1").toString());
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
  }

  @Test
  void whatHappensToLearnersIsShownAndKept() throws IOException {
    String file =
        TrainingFiles.file(
            folder, "two.yaml", TrainingFiles.TINY + "parameters:\n  server: {learners: 2}\n");
    String runs = folder.resolve("runs").toString();
    Cli.Outcome text = Cli.run("train", file, "--runs-directory", runs);
    assertThat(text.exitCode()).as(text.err()).isZero();
    String joined = "shard 0: learner 1 has joined";
    assertThat(text.err()).contains(joined);
    assertThat(Files.readString(folder.resolve("runs/two-1/events.jsonl")))
        .startsWith("{\"time\":\"2")
        .contains(
            "\"kind\":\"learner-joined\",\"shard\":0,\"message\":\"learner 1 has joined\"}\n");
    Cli.Outcome json = Cli.run("train", file, "--runs-directory", runs, "--json");
    assertThat(json.out())
        .contains("{\"event\":\"shard\",\"kind\":\"learner-joined\",\"shard\":0,");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--shard 2/2|--shard is 2/2 but must be I/N with I < N, such as 0/2",
        "--shard 0/9|shards is 9 but must be from 1 to 1",
        "--replicate-to nowhere|address is 'nowhere' but must be host:port",
        "--listen nowhere|address is 'nowhere' but must be host:port",
        "--listen 0.0.0.0:0|0.0.0.0:0 can be reached from other machines, and without a token",
        "--certificate c.pem|TLS needs both a certificate and its private key",
        "--replica --restore x|a --replica follows",
      })
  void mistakesAreExplained(String options, String error) throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    String[] arguments = ("parameter-server " + tiny + " " + options).split(" ", -1);
    Cli.Outcome outcome = Cli.run(arguments);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains(error);
    assertThat(outcome.out()).isEmpty();
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
  void tokensThatOthersMayReadAreRefused() throws IOException {
    Path token = Files.writeString(folder.resolve("token"), "secret");
    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r--r--"));
    String tiny = TrainingFiles.tiny(folder);
    String refused =
        token
            + " is rw-r--r-- but must be its owner's alone, since it holds a secret: chmod 600 "
            + token;
    for (String command :
        List.of(
            "parameter-server " + tiny,
            "parameter-server status 127.0.0.1:1",
            "train " + tiny + " --join 127.0.0.1:1")) {
      Cli.Outcome outcome = Cli.run((command + " --token-file " + token).split(" ", -1));
      assertThat(outcome.exitCode()).isEqualTo(2);
      assertThat(outcome.err()).startsWith("mobula: " + refused);
    }
    Path runs = folder.resolve("runs");
    String file =
        TrainingFiles.file(
            folder,
            "run.yaml",
            TrainingFiles.TINY
                + "parameters:\n  server: {addresses: ['127.0.0.1:1'], token-file: '"
                + token
                + "'}\n");
    Cli.Outcome outcome = Cli.run("train", file, "--runs-directory", runs.toString());
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).startsWith(file + ":14:").contains(refused, "Make a token: (umask");
    assertThat(runs).doesNotExist();
  }

  @Test
  void tooManyShardsLeaveNoRun() throws IOException {
    String file =
        TrainingFiles.file(
            folder, "many.yaml", TrainingFiles.TINY + "parameters:\n  server: {shards: 2}\n");
    Path runs = folder.resolve("runs");
    Cli.Outcome outcome = Cli.run("train", file, "--runs-directory", runs.toString());
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .startsWith(file + ":14:12: shards is 2 but must be from 1 to 1")
        .contains("a shard holds whole blocks");
    assertThat(runs).doesNotExist();
  }

  @Test
  void severalLearnersScaleByWhatAllHaveSeenAndHaveWorkers() throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "scaled.yaml",
            TrainingFiles.TINY
                + "normalization: {observations: true}\n"
                + "workers: {count: 1}\n"
                + "parameters:\n  server: {shards: 1, learners: 2}\n");
    Path runs = folder.resolve("runs");
    Cli.Outcome outcome = Cli.run("train", file, "--runs-directory", runs.toString());
    assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    Cli.Outcome evaluated = Cli.run("evaluate", runs.resolve("scaled-1").toString());
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
  }

  @Test
  void aRunWithoutACheckpointCannotBeRestored() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    Path run = Files.createDirectory(folder.resolve("killed"));
    Files.copy(Path.of(tiny), run.resolve("config.yaml"));
    Cli.Outcome outcome = Cli.run("parameter-server", tiny, "--restore", run.toString());
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .contains(
            "--restore: the run " + run + " has no checkpoint",
            "checkpoint.every saves while a run trains");
  }

  @Test
  void aShardThatIsNotThereIsExplained() {
    Cli.Outcome outcome = Cli.run("parameter-server", "status", "127.0.0.1:1");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err()).contains("no parameter server can be reached at 127.0.0.1:1");
  }

  @Test
  void aLearnerJoinsWithTheServersTrainingFile() {
    Cli.Outcome outcome = Cli.run("train", "--join", "127.0.0.1:1");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("--join takes the CONFIG");
  }

  @Test
  void aLearnerIsGivenAddressesThatCanBeRead() throws IOException {
    Cli.Outcome outcome = Cli.run("train", TrainingFiles.tiny(folder), "--join", "127.0.0.1:x");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err())
        .contains(
            "addresses is \"127.0.0.1:x\" but must be host:port (127.0.0.1:7171, [::1]:7171)");
  }

  @Test
  void aLearnerThatFindsNoShardFails() throws IOException {
    Cli.Outcome outcome = Cli.run("train", TrainingFiles.tiny(folder), "--join", "127.0.0.1:1");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("this learner failed: no parameter server can be reached at 127.0.0.1:1")
        .contains("is it started, and is the address right?");
  }

  /** As a process of its own would start it. */
  private static ShardHost shard(String training, ListenConfig listening) {
    Path file = Path.of(training);
    TrainingConfig config = ConfigFiles.read(file);
    PolicySpec policy =
        ConfiguredEnvironment.policy(
            config, ConfiguredEnvironment.of(config, file, List.of()), file, List.of());
    ShardSetup setup = ParameterServer.setup(config, policy, ServerConfig.defaults(), 0);
    Pcg64 random = new Pcg64(SeedSequence.of(config.seed()).stream("parameters"));
    float[] initial = policy.network().initialParameters(random);
    return ShardHost.primary(setup, initial, Address.parse("127.0.0.1:0"), listening);
  }

  private Cli.Outcome train(String training, ShardHost shard, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", training));
    arguments.addAll(List.of("--set", "parameters.server.shards=1"));
    arguments.addAll(List.of("--set", "parameters.server.addresses=['" + shard.address() + "']"));
    arguments.addAll(List.of("--runs-directory", folder.resolve("runs").toString()));
    arguments.addAll(List.of(more));
    return Cli.run(arguments.toArray(String[]::new));
  }

  private static void assertFails(Cli.Outcome outcome, String... message) {
    assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(1);
    assertThat(outcome.err()).contains(message);
  }

  @Test
  void usedShardsAreTakenOverOnPurposeAlone() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    try (ShardHost host = shard(tiny, ListenConfig.defaults())) {
      Cli.Outcome first = train(tiny, host);
      assertThat(first.exitCode()).as(first.err()).isZero();
      assertFails(
          train(tiny, host),
          "the shard holds version 8 of run CartPole-v1-",
          "(process " + ProcessHandle.current().pid() + " on host ",
          "resume that run, or start the shard anew",
          "parameter-server status shows who holds a shard; repeat the command with --take-over");
      assertFails(
          train(tiny, host, "--take-over", "--set", "algorithm.ppo.optimizer=sgd"),
          "algorithm.ppo.optimizer.sgd.momentum is 0.0 but nothing at the shard",
          "Give the training file and the --set that the shards were started with.");
      assertThat(host.status().version()).isEqualTo(8);
      assertThat(folder.resolve("runs/tiny-2"))
          .as("who is turned away leaves no run")
          .doesNotExist();
      Cli.Outcome third = train(tiny, host, "--take-over", "--seed", "9");
      assertThat(third.exitCode()).as(third.err()).isZero();
      assertThat(host.status().version()).isEqualTo(16);

      String address = host.address().toString();
      assertThat(Cli.run("parameter-server", "status", address).out())
          .containsPattern("RUN +TRAINER")
          .containsPattern(
              "CartPole-v1-[0-9a-f]{8} +" + ProcessHandle.current().pid() + " on \\S+ ");
      assertThat(Cli.run("parameter-server", "status", address, "--json").out())
          .containsPattern("\"settings\":\"[0-9a-f]{16}\"")
          .containsPattern("\"run\":\"CartPole-v1-[0-9a-f]{8}\",\"trainer_host\":")
          .contains("\"trainer_process\":" + ProcessHandle.current().pid(), "\"term\":2");
    }
  }

  @Test
  void resumingDoesNotGoBackUnasked() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    try (ShardHost host = shard(tiny, ListenConfig.defaults())) {
      Cli.Outcome first = train(tiny, host, "--set", "checkpoint.every=64");
      assertThat(first.exitCode()).as(first.err()).isZero();
      Path run = folder.resolve("runs/tiny-1");
      List<Path> saved = new RunDirectory(run).checkpoints();
      Files.move(saved.get(saved.size() - 1), folder.resolve("aside"));
      String[] resume = {
        "train", "--resume", run.toString(), "--set", "stop.environment-steps=320"
      };
      assertFails(
          Cli.run(resume),
          "the shards are at version 8 but the saved state at 6: to go back loses 2 versions",
          "train --resume RUN --take-over brings all shards to the run's newest checkpoint",
          run + " was not resumed: ");
      assertThat(Cli.run("runs", folder.resolve("runs").toString()).out())
          .as("it is what it was")
          .containsPattern("tiny-1 .*finished");
      assertThat(host.status().version()).isEqualTo(8);
      String[] takeOver = Arrays.copyOf(resume, resume.length + 1);
      takeOver[resume.length] = "--take-over";
      Cli.Outcome resumed = Cli.run(takeOver);
      assertThat(resumed.exitCode()).as(resumed.err()).isZero();
      assertThat(host.status().version()).isEqualTo(10);
    }
  }

  @Test
  void aLearnerOfAnotherConfigurationDoesNotJoin() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    try (ShardHost host = shard(tiny, ListenConfig.defaults())) {
      String address = host.address().toString();
      Cli.Outcome other =
          Cli.run("train", tiny, "--join", address, "--set", "algorithm.ppo.discount=0");
      assertFails(
          other,
          "this learner failed: the settings are not the shard's: algorithm.ppo.discount is 0.0"
              + " but 0.99 at the shard");
      Cli.Outcome json =
          Cli.run("train", tiny, "--join", address, "--json", "--set", "algorithm.ppo.discount=0");
      assertThat(json.exitCode()).isEqualTo(1);
      assertThat(json.out()).contains("\"state\":\"failed\"", "algorithm.ppo.discount is 0.0");
    }
  }

  @Test
  void aRunThatFindsNoShardOrNoEntranceLeavesNoDirectory() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    Path runs = folder.resolve("runs");
    String gone;
    try (ShardHost host = shard(tiny, ListenConfig.defaults().withToken("secret"))) {
      gone = host.address().toString();
      assertFails(
          train(tiny, host),
          "no run was begun: ",
          "asks for a token",
          "Give the shards' own token");
      assertThat(runs).isEmptyDirectory();
    }
    Cli.Outcome json =
        Cli.run(
            "train",
            tiny,
            "--json",
            "--runs-directory",
            runs.toString(),
            "--set",
            "parameters.server.silence=60ms",
            "--set",
            "parameters.server.addresses=['" + gone + "']");
    assertFails(json, "no run was begun: ", "Start the shards, or name their addresses");
    assertThat(json.out()).contains("{\"event\":\"end\",\"state\":\"failed\",\"reason\":");
    assertThat(runs).isEmptyDirectory();
  }

  @Test
  void aLearnerWithoutTheTokenDoesNotTryAgain() throws Exception {
    String tiny = TrainingFiles.tiny(folder);
    try (ShardHost host = shard(tiny, ListenConfig.defaults().withToken("secret"))) {
      assertFails(
          Cli.run("train", tiny, "--join", host.address().toString()),
          "this learner failed: ",
          "Give the shards' own token");
      assertThat(host.status().refusals()).containsEntry(Refusal.WRONG_TOKEN, 1L);
    }
  }

  @Test
  @Timeout(300)
  void aLearnerWhoseOnlyShardDiesFails() throws Exception {
    String tiny = TrainingFiles.tiny(folder);
    ShardHost host = shard(tiny, ListenConfig.defaults());
    Thread killer =
        new Thread(
            () -> {
              while (host.status().version() == 0) {
                Thread.onSpinWait();
              }
              host.close();
            });
    killer.start();
    assertFails(
        Cli.run(
            "train",
            tiny,
            "--join",
            host.address().toString(),
            "--set",
            "parameters.server.silence=60ms",
            "--set",
            "stop.environment-steps=1000000000"),
        "this learner failed: ",
        "shard 0 (parameters 0 to ",
        "is lost after 41 attempts",
        "Join again when the shards are there");
    killer.join();
  }

  @Test
  void aLearnerThatHasJoinedSaysHowItEnded() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    try (ShardHost host = shard(tiny, ListenConfig.defaults())) {
      String address = host.address().toString();
      Cli.Outcome text =
          Cli.run("train", tiny, "--join", address, "--set", "parameters.server.replicas=1");
      assertThat(text.exitCode()).as(text.err()).isZero();
      assertThat(text.err())
          .contains(
              "shard 0: parameters.server.replicas is 1, but parameters.server.addresses ("
                  + address
                  + ") names no replica of this shard after a comma");
      assertThat(text.out())
          .startsWith("256 environment steps taken with the other learners; ended because ");
      Cli.Outcome status = Cli.run("parameter-server", "status", address);
      assertThat(status.out())
          .containsPattern(address + ", \\d+ s ago: shard 0: learner 0 has joined\\R");
      Cli.Outcome partly = Cli.run("parameter-server", "status", "127.0.0.1:1", address);
      assertFails(partly, "no parameter server can be reached at 127.0.0.1:1");
      assertThat(partly.out())
          .as("the others are shown")
          .containsPattern("127.0.0.1:1 +no answer\\R")
          .containsPattern(address + " +lone primary");
      Cli.Outcome half = Cli.run("parameter-server", "status", "--json", "127.0.0.1:1", address);
      assertFails(half, "127.0.0.1:1");
      assertThat(half.out().lines())
          .satisfiesExactly(
              line -> assertThat(line).startsWith("{\"address\":\"127.0.0.1:1\",\"error\":\"no "),
              line -> assertThat(line).contains("\"role\":\"lone primary\""));
      Cli.Outcome facts = Cli.run("parameter-server", "status", address, "--json");
      assertThat(facts.out())
          .containsPattern("\"parameters/events/learner-joined\":[1-9]") // again on a busy machine
          .contains("\"kind\":\"learner-joined\"");
      Cli.Outcome json = Cli.run("train", tiny, "--join", address, "--json");
      assertThat(json.exitCode()).as(json.err()).isZero();
      assertThat(json.out().lines())
          .allMatch(line -> line.startsWith("{\"event\":\""))
          .last()
          .asString()
          .startsWith("{\"event\":\"end\",\"environment_steps\":256,")
          .contains("\"state\":\"finished\"");
    }
  }
}
