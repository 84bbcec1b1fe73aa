package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.ConfigWriter;
import org.mobula.parameterserver.shard.ComputeDevice;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.mobula.parameterserver.shard.Consistency.Synchronous;

class ServerConfigTest {
  private static ServerConfig read(String yaml) {
    return ConfigReader.read(
        yaml, "server.yaml", ServerConfig.class, List.of(), Alternatives.none());
  }

  private static Consistency consistency(String yaml) {
    return read("consistency: " + yaml).consistency();
  }

  @Test
  void readsTheWaysToBeConsistent() {
    assertThat(consistency("synchronous")).isEqualTo(new Synchronous(0));
    assertThat(consistency("asynchronous")).isEqualTo(new Asynchronous());
    assertThat(consistency("{synchronous: {first: 3}}")).isEqualTo(new Synchronous(3));
    assertThat(consistency("{bounded-staleness: {staleness: 4}}"))
        .isEqualTo(new BoundedStaleness(4));
    assertThat(consistency("{bounded-staleness: 4}")).isEqualTo(new BoundedStaleness(4));
    assertThat(consistency("{asynchronous: {}}")).isEqualTo(new Asynchronous());
  }

  @Test
  void writesWhatItReads() {
    ServerConfig config =
        read(
            "{shards: 3, consistency: {bounded-staleness: {staleness: 2}}, codec: 'top-k:0.01', replicas: 1, device: gpu,"
                + " addresses: ['a:1,b:1', 'a:2,b:2', 'a:3,b:3'], lease: 30s}");
    assertThat(config.lease()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.codecConfig().fraction()).isEqualTo(0.01);
    assertThat(config.device()).isEqualTo(ComputeDevice.GPU);
    assertThat(read(ConfigWriter.write(config, Alternatives.none()))).isEqualTo(config);
    assertThat(read(ConfigWriter.write(ServerConfig.defaults(), Alternatives.none())))
        .isEqualTo(ServerConfig.defaults());
  }

  @Test
  void mistakesTellThePlaceAndTheRule() {
    assertMistake("shards: 0", "server.yaml:1:1", "shards is 0 but must be ≥ 1");
    assertMistake("consistency: eventual", "server.yaml:1:1", "eventual", "bounded-staleness");
    assertMistake("device: tpu", "server.yaml:1:1", "tpu", "auto, cpu, gpu");
    assertMistake("codec: zip", "server.yaml:1:1", "codec is \"zip\"", "bf16");
    assertMistake("addresses: ['a:1', 'a:2']", "addresses", "must name each of the shards (1)");
    assertMistake("consistency: {bounded-staleness: {staleness: -1}}", "-1", "must be ≥ 0");
  }

  private static void assertMistake(String yaml, String... words) {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> read(yaml))
        .satisfies(error -> assertThat(error.getMessage()).contains(words));
  }
}
