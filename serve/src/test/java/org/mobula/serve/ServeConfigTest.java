package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigReader;
import org.mobula.serve.http.ConnectionsConfig;
import org.mobula.serve.record.RecordConfig;

final class ServeConfigTest {
  private static ServeConfig read(String text) {
    return ConfigReader.read(text, "serve.yaml", ServeConfig.class, List.of(), Alternatives.none());
  }

  @Test
  void readsAFile() {
    ServeConfig config =
        read(
            """
            port: 9000
            grpc-port: 9001
            models:
              cartpole:
                path: runs/cartpole
                version: best
                canary: {version: newest, weight: 0.1}
                batching: {max-replicas: 2, request-timeout: 1s}
            """);
    assertThat(config.port()).isEqualTo(9000);
    assertThat(config.grpcPort()).isEqualTo(9001);
    assertThat(read("port: 1").grpcPort()).isNull();
    ModelConfig model = Objects.requireNonNull(config.models().get("cartpole"));
    assertThat(model.path()).isEqualTo(Path.of("runs/cartpole"));
    assertThat(model.version()).isEqualTo("best");
    assertThat(model.canary()).isEqualTo(new CanaryConfig("newest", 0.1));
    assertThat(model.batching().maxReplicas()).isEqualTo(2);
    assertThat(model.batching().requestTimeout()).isEqualTo(Duration.ofSeconds(1));
    assertThat(model.batching().maxBatchDelay()).isEqualTo(Duration.ZERO);
  }

  @Test
  void aDirectoryIsEnoughToRecord() {
    RecordConfig brief = Objects.requireNonNull(read("record: data").record());
    assertThat(brief).isEqualTo(RecordConfig.defaults(Path.of("data")));
    assertThat(
            read("record: {directory: data, roll-every: 5m, disk-limit: 1_000_000_000}").record())
        .isEqualTo(brief.with(r -> r.rollEvery(Duration.ofMinutes(5)).diskLimit(1_000_000_000L)));
  }

  @Test
  void readsTheLimitsOfConnectionsAndOfACall() {
    assertThat(read("connections: {limit: 2, idle-timeout: 5s}").connections())
        .isEqualTo(
            ConnectionsConfig.defaults().with(c -> c.limit(2).idleTimeout(Duration.ofSeconds(5))));
    assertThat(read("port: 1").connections()).isEqualTo(ConnectionsConfig.defaults());
    ModelConfig model =
        Objects.requireNonNull(
            read("models: {a: {path: x, batching: {model-timeout: 2s}}}").models().get("a"));
    assertThat(model.batching().modelTimeout()).isEqualTo(Duration.ofSeconds(2));
    assertThatThrownBy(() -> read("connections: {limit: 0}"))
        .hasMessageContaining("limit is 0 but must be");
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() -> read("models: {a: {path: x, version: last}}"))
        .hasMessageContaining("version is \"last\" but must be newest, best, or the step");
    assertThatThrownBy(() -> read("models: {a: {path: x, batching: {min-replicas: 2}}}"))
        .hasMessageContaining("must be ≥ min-replicas (2)");
    assertThatThrownBy(() -> read("models: {'a/b': {path: x}}"))
        .hasMessageContaining("but must be named by");
    assertThatThrownBy(() -> read("grpc-port: -1"))
        .hasMessageContaining("grpc-port is -1 but must be");
    assertThatThrownBy(() -> read("certificate: c.pem"))
        .hasMessageContaining("must be given together with certificate");
  }
}
