package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.parameterserver.Patience;
import org.mobula.parameterserver.ServerParameterStore;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;

/** Servers and clients that come and go, with threads, sockets and buffers of their own. */
@Timeout(300)
@EnabledOnOs(value = OS.LINUX, disabledReason = "open files are counted in /proc")
class RestartTest {
  private static final int SIZE = 70_000; // two segments
  private static final int WARM_UP = 10;
  private static final int RESTARTS = 100;
  private static final long MOST_CHUNKS_BYTES = 4L << 24;

  /** A busy machine is no dead shard. */
  private static final Patience PATIENCE =
      new Patience(Duration.ofMillis(20), Duration.ofMinutes(1), 10_000);

  private final ShardSetup setup = Wires.setup(SIZE, 0, new Consistency.Asynchronous());
  private final float[] gradient = new float[SIZE];
  private final float[] values = new float[SIZE];

  @TempDir private Path folder;

  private ServerParameterStore store(Transport transport, Address address) {
    ShardLink link = new ReconnectingShardLink(transport, address, 0, Wires.config(SIZE));
    return ServerParameterStore.join(setup.layout(), List.of(List.of(link)), Join.ANY, 5, PATIENCE);
  }

  /** What is held between two restarts. */
  private record Holdings(long files, long threads, long directBytes) {
    static Holdings now() throws IOException {
      return new Holdings(
          PushSoak.openFiles(),
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("mobula"))
              .count(),
          PlatformDependent.usedDirectMemory());
    }

    void assertNoMoreThan(Holdings warm) throws IOException {
      // Some end a little later than what they belong to.
      assertThat(files).isLessThanOrEqualTo(warm.files + 5);
      assertThat(threads).isLessThanOrEqualTo(warm.threads + 5);
      // The pool of a transport that has ended, a chunk, goes when garbage is collected.
      while (now().directBytes > warm.directBytes + MOST_CHUNKS_BYTES) {
        ManagementFactory.getMemoryMXBean().gc();
      }
    }
  }

  @Test
  void aHundredRestartsOfAServerLeaveNothingBehind() throws IOException {
    Shard shard = Wires.primary(setup);
    Address address = new Address.Unix(folder.resolve("shard").toString());
    Transport own = Transport.open();
    ServerParameterStore store;
    try (Transport transport = Transport.open();
        ShardServer server = Wires.serve(transport, address, shard)) {
      store = store(own, server.address());
    }
    for (int restart = 0; restart < WARM_UP; restart++) {
      serveOnePush(shard, address, store);
    }
    Holdings warm = Holdings.now();
    for (int restart = 0; restart < RESTARTS; restart++) {
      serveOnePush(shard, address, store);
    }
    Holdings.now().assertNoMoreThan(warm);
    ShardStatus status = shard.status().join();
    assertThat(status.version()).isEqualTo(WARM_UP + RESTARTS);
    assertThat(status.workers()).hasSize(1);
    store.close();
    own.close();
    assertThat(own.unreleasedBuffers()).isZero();
  }

  private void serveOnePush(Shard shard, Address address, ServerParameterStore store) {
    Transport transport = Transport.open();
    try (transport;
        ShardServer server = Wires.serve(transport, address, shard)) {
      store.pushPull(gradient, 0.1, values);
      assertThat(server.refusals()).isEmpty();
    }
    assertThat(transport.unreleasedBuffers()).isZero();
  }

  @Test
  void aHundredClientsLeaveNothingBehind() throws IOException {
    Shard shard = Wires.primary(setup);
    Transport own = Transport.open();
    try (ShardServer server = Wires.serve(own, Wires.ANY_PORT, shard)) {
      for (int client = 0; client < WARM_UP; client++) {
        joinAndPush(server);
      }
      Holdings warm = Holdings.now();
      for (int client = 0; client < RESTARTS; client++) {
        joinAndPush(server);
      }
      Holdings.now().assertNoMoreThan(warm);
      assertThat(shard.status().join().version()).isEqualTo(WARM_UP + RESTARTS);
      assertThat(server.refusals()).isEmpty();
    } finally {
      own.close();
    }
    assertThat(own.unreleasedBuffers()).isZero();
  }

  private void joinAndPush(ShardServer server) {
    Transport transport = Transport.open();
    try (transport;
        ServerParameterStore store = store(transport, server.address())) {
      assertThat(store.worker()).isZero();
      store.pushPull(gradient, 0.1, values);
    }
    assertThat(transport.unreleasedBuffers()).isZero();
    while (server.connections() > 0) {
      Thread.onSpinWait();
    }
  }
}
