package org.mobula.cli.parameters;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.MobulaProcesses;
import org.mobula.cli.TrainingFiles;

/** Shards and learners as processes of their own, some of which are killed. */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
class ParameterServerIT {
  private static final String TRAINING =
      """
      environment:
        name: CartPole-v1
        count: 4
      algorithm:
        ppo:
          steps: 16
          epochs: 2
      stop:
        environment-steps: 1000000000
      evaluation:
        episodes: 0
      parameters:
        server:
          # A busy machine alone must not make anybody promote or give up a replica.
          silence: 5s
          replica-timeout: 10s
      """;

  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // by makeRelease()
  private MobulaProcesses mobula;

  private String training = "";

  @BeforeEach
  void makeRelease() throws IOException {
    mobula = MobulaProcesses.in(folder);
    training = TrainingFiles.file(folder, "training.yaml", TRAINING);
  }

  @AfterEach
  void endAll() throws InterruptedException {
    mobula.endAll();
  }

  /** A shard's process and where it listens. */
  private record ShardProcess(Process process, String address) {}

  private ShardProcess shard(String place, String... more) throws IOException {
    String[] arguments = new String[5 + more.length];
    arguments[0] = "parameter-server";
    arguments[1] = training;
    arguments[2] = "--shard";
    arguments[3] = place;
    arguments[4] = "--json";
    System.arraycopy(more, 0, arguments, 5, more.length);
    Process process = mobula.start(arguments);
    String address = MobulaProcesses.nextLine(process).get("address").asText();
    return new ShardProcess(process, address);
  }

  private Process trainer(int shards, String addresses) throws IOException {
    String file =
        TrainingFiles.file(
            folder,
            "run.yaml",
            TRAINING + "    shards: %s\n    addresses: [%s]\n".formatted(shards, addresses));
    return mobula.start("train", file, "--json");
  }

  private JsonNode status(String address) throws Exception {
    Process process = mobula.start("parameter-server", "status", address, "--json");
    JsonNode status = MobulaProcesses.nextLine(process);
    assertThat(process.waitFor()).isZero();
    return status;
  }

  @Test
  void shardsServeARunAndALearnerThatJoinsAndIsKilled() throws Exception {
    ShardProcess first = shard("0/2");
    ShardProcess second = shard("1/2", "--listen", "unix:" + folder.resolve("shard"));
    Process trainer = trainer(2, "'%s', '%s'".formatted(first.address(), second.address()));
    MobulaProcesses.awaitEvent(trainer, "iteration");

    Process joined =
        mobula.start(
            "train", training, "--json", "--join", first.address(), "--join", second.address());
    MobulaProcesses.awaitEvent(joined, "iteration");
    JsonNode both = status(first.address());
    // One that a crowded machine kept silent for longer than its lease joins again.
    while (both.get("parameters/learners").asInt() < 2) {
      MobulaProcesses.awaitEvent(joined, "iteration");
      both = status(first.address());
    }
    assertThat(both.get("to").asInt()).isEqualTo(4096);
    assertThat(both.get("parameters/version").asLong()).isPositive();

    joined.destroyForcibly().waitFor();
    long steps = MobulaProcesses.awaitEvent(trainer, "iteration").get("environment_steps").asLong();
    // What was said before the kill is a few events; then rounds must go on with one learner.
    while (status(first.address()).get("parameters/learners").asInt() > 1) {
      MobulaProcesses.awaitEvent(trainer, "iteration");
    }
    JsonNode later = MobulaProcesses.awaitEvent(trainer, "iteration");
    assertThat(later.get("environment_steps").asLong()).isGreaterThan(steps);

    MobulaProcesses.send("INT", trainer);
    assertThat(MobulaProcesses.awaitEvent(trainer, "end").get("state").asText())
        .isEqualTo("interrupted");
    assertThat(trainer.waitFor()).isEqualTo(130);
    MobulaProcesses.send("TERM", first.process());
    assertThat(first.process().waitFor()).isZero(); // as a server ends
  }

  private static void awaitError(ShardProcess shard, String text) {
    assertThat(shard.process().errorReader(UTF_8).lines().anyMatch(line -> line.contains(text)))
        .as(text)
        .isTrue();
  }

  @Test
  void metricsThatCannotBeWrittenEndNoShard() throws Exception {
    Path inTheWay = Files.createFile(folder.resolve("metrics")); // fails as a full disk does
    Path metrics = inTheWay.resolve("shard.prom");
    ShardProcess shard = shard("0/1", "--prometheus", metrics.toString());
    awaitError(shard, "The metrics cannot be written to " + metrics);
    assertThat(status(shard.address()).get("role").asText()).isEqualTo("lone primary");
    Files.delete(inTheWay);
    awaitError(shard, "The metrics are written to " + metrics);
    MobulaProcesses.send("TERM", shard.process());
    assertThat(shard.process().waitFor()).isZero(); // as a server ends
    assertThat(metrics).content().contains("mobula_parameters_version");
  }

  @Test
  void aShardThatIsKilledIsReplacedByItsReplica() throws Exception {
    ShardProcess replica = shard("0/1", "--replica");
    ShardProcess primary = shard("0/1", "--replicate-to", replica.address());
    Process trainer = trainer(1, "'%s,%s'".formatted(primary.address(), replica.address()));
    MobulaProcesses.awaitEvent(trainer, "iteration");
    while (!status(primary.address()).get("role").asText().equals("replicated primary")) {
      MobulaProcesses.awaitEvent(trainer, "iteration");
    }

    long before = status(primary.address()).get("parameters/version").asLong();
    primary.process().destroyForcibly().waitFor();
    JsonNode event = MobulaProcesses.awaitEvent(trainer, "shard");
    while (!event.get("kind").asText().equals("took-over")) {
      event = MobulaProcesses.awaitEvent(trainer, "shard");
    }
    assertThat(event.get("message").asText()).startsWith("the replica takes over at version ");
    JsonNode present = status(replica.address());
    while (present.get("role").asText().equals("replica")
        || present.get("parameters/version").asLong() <= before) {
      MobulaProcesses.awaitEvent(trainer, "iteration");
      present = status(replica.address());
    }
    assertThat(present.get("role").asText()).isEqualTo("lone primary");
    assertThat(present.get("parameters/epoch").asLong()).isPositive();
    MobulaProcesses.send("TERM", trainer);
    MobulaProcesses.awaitEvent(trainer, "end");
    assertThat(trainer.waitFor()).isEqualTo(143);
  }

  /** Its parameters are older than the other shard's: they must not be trained together. */
  @Test
  void aShardThatIsRestoredAloneEndsTheRunWhichIsResumed() throws Exception {
    String where = "unix:" + folder.resolve("second");
    ShardProcess first = shard("0/2");
    ShardProcess second = shard("1/2", "--listen", where);
    String file =
        TrainingFiles.file(
            folder,
            "run.yaml",
            TRAINING
                + "    shards: 2\n    addresses: ['%s', '%s']\n".formatted(first.address(), where)
                + "checkpoint: {every: 64, keep: 1000000}\n");
    Process trainer = mobula.start("train", file, "--json");
    Path saved = folder.resolve("runs/run-1/checkpoints/step-000000000064");
    while (!Files.exists(saved)) {
      MobulaProcesses.awaitEvent(trainer, "iteration");
    }
    MobulaProcesses.awaitEvent(trainer, "iteration");
    second.process().destroyForcibly().waitFor();
    shard("1/2", "--listen", where, "--restore", saved.toString());
    JsonNode end = MobulaProcesses.awaitEvent(trainer, "end");
    assertThat(end.get("state").asText()).isEqualTo("failed");
    assertThat(end.get("reason").asText())
        .contains("do not belong together", "begun at 0; shard 1 is at version", " are lost");
    assertThat(trainer.waitFor()).isEqualTo(1);

    Process resumed = mobula.start("train", "--resume", "runs/run-1", "--take-over", "--json");
    MobulaProcesses.awaitEvent(resumed, "iteration");
    MobulaProcesses.send("INT", resumed);
    MobulaProcesses.awaitEvent(resumed, "end");
    assertThat(resumed.waitFor()).isEqualTo(130);
    assertThat(status(where).get("parameters/version"))
        .isEqualTo(status(first.address()).get("parameters/version"));
    assertThat(status(where).get("run")).isEqualTo(status(first.address()).get("run"));
  }
}
