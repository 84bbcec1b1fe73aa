package org.mobula.parameterserver.wire;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardSetup;

/** Shards and connections as the tests of this package want them. */
final class Wires {
  static final Address ANY_PORT = new Address.Tcp("127.0.0.1", 0);

  /**
   * So short that a dead peer is noticed while a test waits, yet longer than a busy machine rests.
   */
  static final WireTimes QUICK =
      new WireTimes(Duration.ofMillis(20), Duration.ofSeconds(2), Duration.ofSeconds(10));

  private Wires() {}

  static ParameterLayout layout(int size) {
    return new ParameterLayout.Builder().add("weight", size).build();
  }

  static ShardSetup setup(int size, double maxGradientNorm, Consistency consistency) {
    return new ShardSetup(
        layout(size),
        0,
        size,
        new Sgd(0.9, 0, false, 0, java.util.Map.of()),
        maxGradientNorm,
        consistency,
        Duration.ofMinutes(10),
        Duration.ofMinutes(10),
        Duration.ofMinutes(10));
  }

  static Shard primary(int size) {
    return primary(setup(size, 0, new Consistency.Asynchronous()));
  }

  static Shard primary(ShardSetup setup) {
    return Shard.primary(setup, FloatSlice.of(new float[setup.size()]), System::nanoTime);
  }

  static ShardServer serve(Transport transport, Address address, Shard... shards) {
    return ShardServer.start(
        transport, address, List.of(shards), ListenConfig.defaults().withTimes(QUICK));
  }

  static LinkConfig config(int size) {
    return LinkConfig.of(layout(size)).withTimes(QUICK);
  }

  static SocketShardLink connect(Transport transport, Address address, int size) {
    return get(SocketShardLink.connect(transport, address, 0, config(size)));
  }

  /** The answer; what it failed with, unwrapped. */
  static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new AssertionError(e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("no answer came", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
