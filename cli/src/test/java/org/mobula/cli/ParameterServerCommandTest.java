package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ShardHost;
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
  void severalLearnersCannotScaleByTheirOwnObservations() throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "scaled.yaml",
            TrainingFiles.TINY
                + "normalization: {observations: true}\n"
                + "parameters:\n  server: {shards: 1, learners: 2}\n");
    Cli.Outcome outcome = Cli.run("train", file);
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.err()).contains("normalization.observations is true but must be false");
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
  void aLearnerThatFindsNoShardFails() throws IOException {
    Cli.Outcome outcome = Cli.run("train", TrainingFiles.tiny(folder), "--join", "127.0.0.1:1");
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("this learner failed: no parameter server can be reached at 127.0.0.1:1")
        .contains("is it started, and is the address right?");
  }

  @Test
  void aLearnerThatHasJoinedSaysHowItEnded() throws IOException {
    String tiny = TrainingFiles.tiny(folder);
    Path file = Path.of(tiny);
    TrainingConfig config = ConfigFiles.read(file);
    PolicySpec policy =
        ConfiguredEnvironment.policy(
            config, ConfiguredEnvironment.of(config, file, List.of()), file, List.of());
    ShardSetup setup = ParameterServer.setup(config, policy, ServerConfig.defaults(), 0);
    float[] initial = policy.network().initialParameters(new Pcg64(SeedSequence.of(config.seed())));
    Address anyPort = Address.parse("127.0.0.1:0");
    try (ShardHost host = ShardHost.primary(setup, initial, anyPort, ListenConfig.defaults())) {
      String address = host.address().toString();
      Cli.Outcome text = Cli.run("train", tiny, "--join", address);
      assertThat(text.exitCode()).as(text.err()).isZero();
      assertThat(text.out())
          .startsWith("256 environment steps taken with the other learners; ended because ");
      Cli.Outcome status = Cli.run("parameter-server", "status", address);
      assertThat(status.out())
          .containsPattern(address + ", \\d+ s ago: shard 0: learner 0 has joined\\R");
      Cli.Outcome facts = Cli.run("parameter-server", "status", address, "--json");
      assertThat(facts.out())
          .contains("\"parameters/events/learner-joined\":1.0", "\"kind\":\"learner-joined\"");
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
