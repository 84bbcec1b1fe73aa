package org.mobula.parameterserver;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.LinkConfig;
import org.mobula.parameterserver.wire.ListenConfig;
import org.mobula.parameterserver.wire.ReconnectingShardLink;
import org.mobula.parameterserver.wire.ShardServer;
import org.mobula.parameterserver.wire.Transport;

/**
 * One step of two worker processes, each with one of two shards in it: push the gradient, average,
 * SGD, and the new values back. Prints a JSON line for each size and codec, a few seconds after the
 * one before, with the mean, the median and the processor's time of one worker in microseconds.
 *
 * <pre>java -cp ... org.mobula.parameterserver.AverageBenchmark [floats,...] [codec,...]</pre>
 */
public final class AverageBenchmark {
  private static final int WORKERS = 2;

  /** Some 20,000 of the shortest steps: the compiler counts calls, not seconds. */
  private static final long WARM_UP_FLOATS = 200_000_000;

  private static final long WARM_UP_NANOS = 2_500_000_000L;

  /** Of the processor, as the compiler has to have had its share on a busy machine, too. */
  private static final double WARM_UP_MICROS = 4e6;

  private static final long MEASURED_NANOS = 2_000_000_000L;
  private static final int LEAST_STEPS = 10;
  private static final int MOST_STEPS = 100_000;

  private AverageBenchmark() {}

  /** The parent starts two children of the same class for each size and codec. */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 4) {
      work(
          Integer.parseInt(arguments[0]),
          Path.of(arguments[1]),
          Integer.parseInt(arguments[2]),
          CodecConfig.parse(arguments[3]));
      return;
    }
    String sizes = arguments.length > 0 ? arguments[0] : "9155,1000000,10000000";
    String codecs = arguments.length > 1 ? arguments[1] : "fp32,bf16";
    for (String size : sizes.split(",", -1)) {
      for (String codec : codecs.split(",", -1)) {
        measure(size, codec);
      }
    }
  }

  private static void measure(String size, String codec) throws Exception {
    Path folder = Files.createTempDirectory("average");
    List<Process> children = new ArrayList<>();
    for (int rank = 0; rank < WORKERS; rank++) {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("-Xmx4g");
      command.add("--add-modules=jdk.incubator.vector"); // as the command line does
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add(AverageBenchmark.class.getName());
      command.addAll(List.of(String.valueOf(rank), folder.toString(), size, codec));
      children.add(new ProcessBuilder(command).inheritIO().start());
    }
    for (Process child : children) {
      if (child.waitFor() != 0) {
        throw new IOException("a worker failed");
      }
    }
  }

  private static Address address(Path folder, int rank) {
    return new Address.Unix(folder.resolve("shard-" + rank).toString());
  }

  private static void work(int rank, Path folder, int floats, CodecConfig codec) throws Exception {
    ParameterLayout layout = new ParameterLayout.Builder().add("weights", floats).build();
    List<Range> ranges = ShardRanges.cut(layout, WORKERS).ranges();
    try (Transport transport = Transport.open()) {
      Range own = ranges.get(rank);
      Shard shard =
          Shard.primary(setup(layout, own), FloatSlice.of(new float[own.size()]), System::nanoTime);
      List<ShardLink> links = new ArrayList<>();
      CodecConfig forValues =
          codec.kind() == CodecKind.TOP_K ? CodecConfig.of(CodecKind.FP32) : codec;
      LinkConfig config = LinkConfig.of(layout).withCodecs(codec, forValues);
      for (int i = 0; i < WORKERS; i++) {
        links.add(
            i == rank
                ? new LocalShardLink(shard)
                : new ReconnectingShardLink(transport, address(folder, i), 0, config));
      }
      try (ShardServer server =
          ShardServer.start(
              transport, address(folder, rank), List.of(shard), ListenConfig.defaults())) {
        try (ServerParameterStore store =
            ServerParameterStore.join(
                layout,
                links.stream().map(List::of).toList(),
                rank,
                rank,
                new Patience(Duration.ofMillis(200), Duration.ofSeconds(5), 100),
                codec,
                event -> {})) {
          report(rank, floats, codec, steps(store, floats, rank == 0, codec.feedsErrorsBack()));
        }
        while (server.connections() > 0) { // the other worker still needs this shard
          Thread.sleep(1);
        }
      }
    }
  }

  private static ShardSetup setup(ParameterLayout layout, Range range) {
    return new ShardSetup(
        layout,
        range.from(),
        range.to(),
        OptimizerConfig.Sgd.defaults(),
        0,
        new Consistency.Synchronous(WORKERS),
        Duration.ofMinutes(1),
        Duration.ofMinutes(1),
        Duration.ofSeconds(10));
  }

  /**
   * Microseconds of each step after the warm-up; then those of the processor in one step.
   *
   * <p>The first worker takes steps for so long; with the last one it drives the first parameter
   * above zero, by which the other knows in the same step that it was the last.
   *
   * @param refill whether the gradient is changed by a push, as error feedback does
   */
  private static double[] steps(
      ServerParameterStore store, int floats, boolean first, boolean refill) {
    float[] gradient = new float[floats];
    float[] values = new float[floats];
    Arrays.fill(gradient, 1);
    double[] micros = new double[MOST_STEPS + 1];
    int steps = 0;
    long moved = 0;
    double processor = processorMicros();
    long begin = System.nanoTime();
    boolean warm = false;
    do {
      if (refill) {
        Arrays.fill(gradient, 1);
      }
      long now = System.nanoTime();
      moved += floats;
      if (!warm
          && moved > WARM_UP_FLOATS
          && now - begin > WARM_UP_NANOS
          && processorMicros() - processor > WARM_UP_MICROS) {
        warm = true;
        begin = now;
        processor = processorMicros();
      }
      if (first && warm && steps >= LEAST_STEPS && now - begin > MEASURED_NANOS) {
        gradient[0] = -1e9f;
      }
      long start = System.nanoTime();
      store.pushPull(gradient, 1e-3, values);
      if (warm && steps < MOST_STEPS) {
        micros[steps++] = (System.nanoTime() - start) / 1e3;
      }
    } while (values[0] <= 0);
    micros[steps] = (processorMicros() - processor) / steps;
    return Arrays.copyOf(micros, steps + 1);
  }

  private static double processorMicros() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime()
        / 1e3;
  }

  private static void report(int rank, int floats, CodecConfig codec, double[] figures) {
    if (rank != 0) {
      return;
    }
    double[] micros = Arrays.copyOf(figures, figures.length - 1);
    double mean = Arrays.stream(micros).average().orElseThrow();
    Arrays.sort(micros);
    System.out.printf(
        "{\"mobula\": \"parameter server\", \"workers\": %d, \"floats\": %d, \"codec\": \"%s\","
            + " \"microseconds\": %.0f, \"median\": %.0f, \"processor\": %.0f}%n",
        WORKERS, floats, codec, mean, micros[micros.length / 2], figures[micros.length]);
  }
}
