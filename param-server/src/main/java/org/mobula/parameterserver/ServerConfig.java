package org.mobula.parameterserver;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Key;
import org.mobula.core.config.Range;
import org.mobula.core.parameters.ParametersConfig;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.shard.ComputeDevice;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.wire.Address;

/** Parameters that lie in shards, and who trains them together. */
@Key("server")
@RecordBuilder
public record ServerConfig(
    @Doc("how many shards the parameters are cut into; each holds whole blocks of 4,096")
        @Range(min = 1)
        int shards,
    @Doc(
            "what a push waits for: synchronous, asynchronous, {bounded-staleness: 2},"
                + " or {synchronous: {first: 3}}, which takes the first gradients of a round")
        Consistency consistency,
    @Doc("how floats travel: fp32, bf16, fp16, int8, or top-k:0.01 for a hundredth of them")
        String codec,
    @Doc(
            "data-parallel learners, each with environments of its own, whose gradients make the steps"
                + " together; environment.count is of each")
        @Range(min = 1)
        int learners,
    @Doc("replicas of each shard: 0, or 1 that takes over when the shard fails")
        @Range(min = 0, max = 1)
        int replicas,
    @Doc(
            "where a shard computes: cpu, gpu (an NVIDIA GPU, which must be there), or auto, which is"
                + " gpu where the shard's machine has one and the slice at least 262,144 parameters;"
                + " shard i takes the GPU i modulo their number")
        ComputeDevice device,
    @Doc(
            "host:port of each running shard in the order of the parameters, with its replica after a"
                + " comma where there is one; empty starts shards")
        List<String> addresses,
    @Doc("file with the token of the running shards; nothing if they have none")
        @Nullable String tokenFile,
    @Doc("PEM file with the certificates to trust; nothing if the running shards use no TLS")
        @Nullable String trustedCertificates,
    @Doc("a worker that is silent for longer is taken off, and the others go on")
        @Range(exclusiveMin = 0)
        Duration lease,
    @Doc(
            "a learner that finishes no step of its environments and no gradient for longer, and for"
                + " ten times its longest pause so far, gives its place up; the others go on, and it"
                + " joins again when it does")
        @Range(exclusiveMin = 0)
        Duration progressTimeout,
    @Doc(
            "a worker may turn to the replica of a shard that is silent for longer; it waits four times as"
                + " long as the shard has been silent before, of late")
        @Range(exclusiveMin = 0)
        Duration silence,
    @Doc(
            "a shard may be let go on without a replica that is silent for longer, or for four times as"
                + " long as it has been silent before, of late")
        @Range(exclusiveMin = 0)
        Duration replicaTimeout)
    implements ParametersConfig, ServerConfigBuilder.With {

  /** Checks the values. */
  public ServerConfig {
    addresses = List.copyOf(addresses);
    Constraints.check(
        ServerConfig.class,
        shards,
        consistency,
        codec,
        learners,
        replicas,
        device,
        addresses,
        tokenFile,
        trustedCertificates,
        lease,
        progressTimeout,
        silence,
        replicaTimeout);
    Constraints.require(
        addresses.isEmpty() || addresses.size() == shards,
        "addresses",
        addresses,
        "must name each of the shards (" + shards + ")");
    checkCodec(codec);
    addresses.stream().flatMap(each -> Stream.of(each.split(",", -1))).forEach(ServerConfig::check);
  }

  private static void check(String address) {
    try {
      Address.parse(address.strip());
    } catch (IllegalArgumentException e) {
      Constraints.require(
          false,
          "addresses",
          address,
          "must be host:port (127.0.0.1:7171, [::1]:7171) or unix: and a path (unix:/run/shard-0),"
              + " with a replica's after a comma");
    }
  }

  private static void checkCodec(String codec) {
    try {
      CodecConfig.parse(codec);
    } catch (IllegalArgumentException e) {
      Constraints.require(
          false, "codec", codec, "must be fp32, bf16, fp16, int8, or top-k:0.01 and the like");
    }
  }

  /** One shard and one learner without replicas, synchronous, every bit kept. */
  public static ServerConfig defaults() {
    return new ServerConfig(
        1,
        Consistency.Synchronous.defaults(),
        "fp32",
        1,
        0,
        ComputeDevice.AUTO,
        List.of(),
        null,
        null,
        Duration.ofSeconds(10),
        Duration.ofMinutes(2),
        Duration.ofMillis(600),
        Duration.ofSeconds(2));
  }

  /** How floats travel. */
  public CodecConfig codecConfig() {
    return CodecConfig.parse(codec);
  }
}
