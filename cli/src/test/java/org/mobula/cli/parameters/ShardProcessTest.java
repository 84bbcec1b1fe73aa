package org.mobula.cli.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.process.MetricsEndpoint;
import org.mobula.parameterserver.ShardHost;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardStatus;
import picocli.CommandLine.ExitCode;

@Timeout(300)
class ShardProcessTest {
  @TempDir private Path folder;

  private ShardProcess process(String... settings) throws IOException {
    return new ShardProcess(
        new ShardProcess.Options(
            Path.of(TrainingFiles.tiny(folder)),
            List.of(settings),
            0,
            1,
            "127.0.0.1:0",
            null,
            null,
            null,
            false,
            null,
            null,
            null,
            null,
            false));
  }

  @Test
  void metricsCanBeAskedForWhileAShardServes() throws Exception {
    ShardProcess process = process();
    try (MetricsEndpoint endpoint = Objects.requireNonNull(MetricsEndpoint.at("127.0.0.1:0", ""));
        ShardHost host = process.start()) {
      CompletableFuture<Void> served =
          CompletableFuture.runAsync(
              () -> {
                try {
                  process.serve(host, endpoint);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              },
              // The common pool may have a single thread, which the HTTP client needs, too.
              task -> new Thread(task).start());
      HttpClient client = HttpClient.newHttpClient();
      HttpRequest request = HttpRequest.newBuilder(URI.create(endpoint.url())).build();
      String found = "";
      while (!found.contains("mobula_parameters_version{shard=\"0/1\"} 0")) {
        assertThat(served).isNotDone();
        found = client.send(request, BodyHandlers.ofString()).body();
      }
      assertThat(found).contains("mobula_parameters_events_replica_missing{shard=\"0/1\"} 0");
      process.hear(new ShardEvent(ShardEvent.Kind.SHARD_LOST, 0, "that will do"));
      assertThat(served).failsWithin(Duration.ofMinutes(1));
    }
  }

  @Test
  void aReplicaThatIsPromisedAndNotNamedIsReportedAtOnce() throws IOException {
    try (ShardHost host = process("parameters.server.replicas=1").start()) {
      ShardStatus status = host.status();
      assertThat(ShardFigures.roleAndReplica(status)).isEqualTo("lone primary, replica missing");
      assertThat(ShardFigures.of(status)).containsEntry("parameters/replicas_missing", 1.0);
      assertThat(status.recentEvents())
          .singleElement()
          .satisfies(
              past ->
                  assertThat(past.event().toString())
                      .startsWith("shard 0: there should be a replica"));
    }
    try (ShardHost host = process("parameters.server.replicas=0").start()) {
      assertThat(ShardFigures.roleAndReplica(host.status())).isEqualTo("lone primary");
    }
  }

  /** As where a GPU fails: the shard is fenced then, and of no use to anybody. */
  @Test
  void aShardThatHasLostItsNumbersEndsWithItsReason() throws IOException {
    ShardProcess process = process();
    try (ShardHost host = process.start()) {
      process.hear(new ShardEvent(ShardEvent.Kind.LEARNER_JOINED, 0, "learner 0 has joined"));
      process.hear(
          new ShardEvent(
              ShardEvent.Kind.SHARD_LOST, 0, "the shard's numbers on a GPU are lost (it is gone)"));
      assertThatThrownBy(() -> process.serve(host, null))
          .isInstanceOfSatisfying(
              CommandFailure.class,
              failure -> {
                assertThat(failure.exitCode()).isEqualTo(ExitCode.SOFTWARE);
                assertThat(failure.remedy())
                    .isEqualTo(
                        "Its replica takes over where there is one; else start it anew with"
                            + " --restore RUN.");
              })
          .hasMessage(
              "mobula: shard 0/1 has ended: the shard's numbers on a GPU are lost (it is gone)");
    }
  }
}
