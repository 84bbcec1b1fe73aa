package org.mobula.parameterserver.wire;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.Stepped;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Microseconds of one worker's step over two shards: push, SGD, and the new values back. */
@SuppressWarnings("NullAway.Init") // JMH calls open() first
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
public class WireBenchmark {
  private static final int SHARDS = 2;

  @Param({"9155", "1000000", "10000000"})
  public int floats;

  @Param({"tcp", "unix"})
  public String address;

  @Param({"fp32", "bf16"})
  public String codec;

  private Transport servers;
  private Transport clients;
  private final List<ShardServer> hosts = new ArrayList<>();
  private final List<SocketShardLink> links = new ArrayList<>();
  private final List<Caller> callers = new ArrayList<>();
  private float[] gradient;
  private float[] values;
  private long clock;

  @Setup
  public void open() throws Exception {
    ParameterLayout layout = Wires.layout(floats);
    gradient = new float[floats];
    values = new float[floats];
    servers = Transport.open();
    clients = Transport.open();
    Path folder = Files.createTempDirectory("wire");
    for (ShardRanges.Range range : ShardRanges.cut(layout, SHARDS).ranges()) {
      ShardSetup setup =
          new ShardSetup(
              layout,
              range.from(),
              range.to(),
              Sgd.defaults(),
              0,
              Consistency.Synchronous.defaults(),
              Duration.ofMinutes(10),
              Duration.ofMinutes(10),
              Duration.ofMinutes(10));
      Address wanted =
          address.equals("tcp")
              ? Wires.ANY_PORT
              : new Address.Unix(folder.resolve("shard" + range.from()).toString());
      ShardServer server =
          ShardServer.start(
              servers, wanted, List.of(Wires.primary(setup)), ListenConfig.defaults());
      hosts.add(server);
      SocketShardLink link =
          Wires.get(
              SocketShardLink.connect(
                  clients,
                  server.address(),
                  0,
                  LinkConfig.of(layout)
                      .withCodecs(CodecConfig.parse(codec), CodecConfig.parse(codec))));
      links.add(link);
      Joined joined =
          Wires.get(link.join(new Join(0, 1, LayoutHash.of(layout), range.from(), range.to())));
      callers.add(new Caller(0, 1, joined.epoch()));
    }
  }

  @Benchmark
  public float[] step() {
    List<CompletableFuture<Stepped>> answers = new ArrayList<>(SHARDS);
    clock++;
    for (int i = 0; i < SHARDS; i++) {
      SocketShardLink link = links.get(i);
      int size = link.to() - link.from();
      answers.add(
          link.pushPull(
              new Push(callers.get(i), clock, clock - 1, 0.1),
              new FloatSlice(gradient, link.from(), size),
              new FloatSlice(values, link.from(), size)));
    }
    answers.forEach(CompletableFuture::join);
    return values;
  }

  @TearDown
  public void close() {
    links.forEach(SocketShardLink::close);
    hosts.forEach(ShardServer::close);
    clients.close();
    servers.close();
  }
}
