package org.mobula.parameterserver.wire;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.mobula.core.network.ParameterLayout;
import org.mobula.parameterserver.Patience;
import org.mobula.parameterserver.ServerParameterStore;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;

/**
 * Workers that push as fast as they can, each over a socket of its own, to a shard whose replica is
 * behind another socket; all in one process, so that its memory is everybody's. Prints a JSON line
 * each ten seconds.
 *
 * <pre>java -cp ... org.mobula.parameterserver.wire.PushSoak [minutes] [workers] [floats]</pre>
 */
public final class PushSoak implements AutoCloseable {
  private static final int PERIOD_SECONDS = 10;

  private final Transport transport = Transport.open();
  private final List<AutoCloseable> parts = new ArrayList<>();
  private final List<ServerParameterStore> stores = new ArrayList<>();
  private final AtomicLong pushes = new AtomicLong();
  private final AtomicLong mostDirectBytes = new AtomicLong();
  private final int floats;

  /**
   * What the process holds.
   *
   * @param pushes so far, of all workers
   * @param residentBytes as the system counts them
   * @param directBytes taken for frames, at the most since the last measurement
   * @param heapBytes after a collection
   * @param files that are open
   * @param threads of Java
   */
  record Holdings(
      long pushes, long residentBytes, long directBytes, long heapBytes, long files, int threads) {}

  PushSoak(int workers, int floats) {
    this.floats = floats;
    ShardSetup setup = Wires.setup(floats, 0, new Consistency.Asynchronous());
    Shard replica = Shard.replica(setup, System::nanoTime);
    Shard primary = Wires.primary(setup);
    Address replicaAddress = serve(replica);
    Address address = serve(primary);
    ParameterLayout layout = setup.layout();
    primary.replicateTo(link(replicaAddress, layout));
    for (int worker = 0; worker < workers; worker++) {
      ServerParameterStore store =
          ServerParameterStore.join(
              layout,
              List.<List<ShardLink>>of(List.of(link(address, layout))),
              worker,
              worker,
              new Patience(Duration.ofMillis(200), Duration.ofMinutes(1), 100));
      parts.add(store);
      stores.add(store);
    }
  }

  private Address serve(Shard shard) {
    ShardServer server =
        ShardServer.start(
            transport,
            Wires.ANY_PORT,
            List.of(shard),
            ListenConfig.defaults().withTimes(patient()));
    parts.add(server);
    return server.address();
  }

  private ShardLink link(Address address, ParameterLayout layout) {
    ShardLink link =
        new ReconnectingShardLink(
            transport, address, 0, LinkConfig.of(layout).withTimes(patient()));
    parts.add(link);
    return link;
  }

  /** A machine that is busy with other things must not look like a dead one. */
  private static WireTimes patient() {
    return new WireTimes(Duration.ofMillis(100), Duration.ofMinutes(1), Duration.ofMinutes(1));
  }

  /** Lets all workers push until it is enough. */
  void push(BooleanSupplier enough) {
    ExecutorService threads = Executors.newFixedThreadPool(stores.size());
    try {
      CompletableFuture.allOf(
              stores.stream()
                  .map(store -> CompletableFuture.runAsync(() -> push(store, enough), threads))
                  .toArray(CompletableFuture[]::new))
          .join();
    } finally {
      threads.shutdown();
    }
  }

  private void push(ServerParameterStore store, BooleanSupplier enough) {
    float[] gradient = new float[floats];
    float[] values = new float[floats];
    Arrays.fill(gradient, 1);
    while (!enough.getAsBoolean()) {
      store.pushPull(gradient, 1e-3, values);
      pushes.incrementAndGet();
      mostDirectBytes.accumulateAndGet(transport.directMemory(), Math::max);
    }
  }

  long pushes() {
    return pushes.get();
  }

  /** Measures; collects garbage before. */
  Holdings holdings() throws IOException {
    ManagementFactory.getMemoryMXBean().gc();
    return new Holdings(
        pushes.get(),
        residentBytes(),
        mostDirectBytes.getAndSet(0),
        ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
        openFiles(),
        ManagementFactory.getThreadMXBean().getThreadCount());
  }

  private static long residentBytes() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      String line = lines.filter(each -> each.startsWith("VmRSS:")).findFirst().orElseThrow();
      return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }
  }

  /** Descriptors that this process has open, without the one that this takes. */
  static long openFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.count() - 1;
    }
  }

  long unreleasedBuffers() {
    return transport.unreleasedBuffers();
  }

  /** Ends everything, the stores first. */
  @Override
  public void close() {
    try {
      for (int i = parts.size() - 1; i >= 0; i--) {
        parts.get(i).close();
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    } finally {
      transport.close();
    }
  }

  /** Pushes for some minutes. */
  public static void main(String[] arguments) throws IOException {
    double minutes = arguments.length > 0 ? Double.parseDouble(arguments[0]) : 10;
    int workers = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
    int floats = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 100_000;
    try (PushSoak soak = new PushSoak(workers, floats)) {
      long start = System.nanoTime();
      long periods = Math.round(minutes * 60 / PERIOD_SECONDS);
      for (long period = 1; period <= periods; period++) {
        long end = start + TimeUnit.SECONDS.toNanos(period * PERIOD_SECONDS);
        soak.push(() -> System.nanoTime() - end >= 0);
        Holdings now = soak.holdings();
        System.out.printf(
            "{\"seconds\": %d, \"pushes\": %d, \"resident_mib\": %.1f, \"direct_mib\": %.1f,"
                + " \"heap_mib\": %.2f, \"files\": %d, \"threads\": %d}%n",
            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start),
            now.pushes(),
            now.residentBytes() / 1048576.0,
            now.directBytes() / 1048576.0,
            now.heapBytes() / 1048576.0,
            now.files(),
            now.threads());
      }
    }
  }
}
