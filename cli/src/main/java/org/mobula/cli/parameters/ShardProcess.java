package org.mobula.cli.parameters;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.JsonLine;
import org.mobula.cli.process.MetricsEndpoint;
import org.mobula.cli.process.StopSignals;
import org.mobula.core.metrics.PrometheusSink;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ShardHost;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A shard that is a process of its own, until a signal ends it. */
final class ShardProcess {
  private static final Logger LOG = LoggerFactory.getLogger(ShardProcess.class);
  private static final long NANOS_BETWEEN_METRICS = 1_000_000_000;

  private final Options options;

  /** Of the main thread, which alone touches what follows. */
  private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

  private boolean ended;
  private @Nullable ShardEvent lost;

  ShardProcess(Options options) {
    this.options = options;
  }

  /**
   * What the command line says.
   *
   * @param index of the shard among {@code count}
   * @param listen an address
   * @param replica whether it follows a primary
   * @param replicateTo the replica's address
   * @param restore a run or a checkpoint to resume from
   * @param metrics an address for metrics
   * @param prometheus a file for metrics
   */
  record Options(
      Path config,
      List<String> settings,
      int index,
      int count,
      String listen,
      @Nullable Path tokenFile,
      @Nullable Path certificate,
      @Nullable Path privateKey,
      boolean replica,
      @Nullable String replicateTo,
      @Nullable Path restore,
      @Nullable String metrics,
      @Nullable Path prometheus,
      boolean json) {
    String place() {
      return index + "/" + count;
    }
  }

  /** Serves until a signal comes, whose exit code it returns. */
  static int run(Options options, PrintWriter out) throws IOException, InterruptedException {
    ShardProcess process = new ShardProcess(options);
    ConfigFiles.checkToken(options.tokenFile);
    try (MetricsEndpoint metrics = MetricsEndpoint.at(options.metrics, process.token());
        ShardHost host = process.start()) {
      process.say(host, metrics, out);
      return process.serve(host, metrics);
    }
  }

  ShardHost start() throws IOException {
    Path file = options.config;
    List<String> settings = options.settings;
    TrainingConfig training = ConfigFiles.read(file, settings);
    ServerConfig server = ConfigFiles.server(training, options.count, List.of(), options.tokenFile);
    PolicySpec policy =
        ConfiguredEnvironment.policy(
            training, ConfiguredEnvironment.of(training, file, settings), file, settings);
    ParameterLayout layout = training.layout(policy);
    try {
      ShardSetup setup = ParameterServer.setup(training, policy, server, options.index);
      Address address = Address.parse(options.listen);
      Address follower = // read before anything listens
          options.replicateTo == null ? null : Address.parse(options.replicateTo);
      ListenConfig listening = listening();
      ShardHost host;
      if (options.replica) {
        host = ShardHost.replica(setup, address, listening);
      } else if (options.restore != null) {
        host = ShardHost.restored(setup, saved(options.restore, layout), address, listening);
      } else {
        // As the trainer would: the same seed starts with the same parameters.
        Pcg64 random = new Pcg64(SeedSequence.of(training.seed()).stream("parameters"));
        float[] initial = training.initialParameters(policy, random);
        host = ShardHost.primary(setup, initial, address, listening);
      }
      host.listening(this::hear);
      host.pairedBy(server);
      if (follower != null) {
        host.replicateTo(follower, server);
      } else if (!options.replica) {
        host.withoutReplica(server);
      }
      return host;
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(
          ErrorReport.message(e), "{mobula} parameter-server --help lists the options.");
    }
  }

  private ListenConfig listening() {
    return new ListenConfig(
        token(),
        options.certificate,
        options.privateKey,
        ListenConfig.defaults().sliceRequests(),
        ListenConfig.defaults().smallRequests(),
        ListenConfig.defaults().times());
  }

  private String token() {
    return options.tokenFile == null ? "" : ListenConfig.readToken(options.tokenFile);
  }

  private static Checkpoint saved(Path path, ParameterLayout layout) throws IOException {
    RunDirectory run = new RunDirectory(path);
    Path checkpoint = run.latest().orElse(path);
    boolean ofItself = Files.exists(path.resolve(Policy.FILE_NAME));
    if (Files.exists(run.config()) && checkpoint.equals(path) && !ofItself) {
      throw CommandFailure.usage(
          "--restore: the run " + path + " has no checkpoint",
          "checkpoint.every saves while a run trains; without --restore the shard starts anew.");
    }
    Checkpoint saved = Checkpoint.read(checkpoint);
    int numbers = saved.store().parameters().values().length;
    if (numbers != layout.size()) {
      throw new IllegalArgumentException(
          "%s holds %s parameters but the training file's network has %s"
              .formatted(checkpoint, numbers, layout.size()));
    }
    return saved;
  }

  private void say(ShardHost host, @Nullable MetricsEndpoint metrics, PrintWriter out) {
    ShardStatus status = host.status();
    if (options.json) {
      JsonLine line =
          new JsonLine()
              .text("address", host.address().toString())
              .text("role", ShardFigures.role(status))
              .integer("version", status.version())
              .integer("from", status.from())
              .integer("to", status.to());
      if (metrics != null) {
        line.text("metrics", metrics.url());
      }
      out.println(line);
    } else {
      out.println(
          "shard %s (parameters %s to %s, version %s, %s) at %s"
              .formatted(
                  options.place(),
                  Figures.count(status.from()),
                  Figures.count(status.to()),
                  Figures.count(status.version()),
                  ShardFigures.roleAndReplica(status),
                  host.address()));
      if (metrics != null) {
        out.println("metrics at " + metrics.url());
      }
    }
    out.flush();
  }

  /** In the main thread: who does not read what it says must not make the shard wait. */
  @SuppressWarnings("try") // the signals are listened to until the end
  int serve(ShardHost host, @Nullable MetricsEndpoint endpoint) throws InterruptedException {
    Map<String, String> labels = Map.of("shard", options.place());
    PrometheusSink sink =
        options.prometheus == null
            ? new PrometheusSink(labels)
            : PrometheusSink.toFile(options.prometheus, labels);
    if (endpoint != null) {
      endpoint.show(sink);
    }
    try (StopSignals signals = StopSignals.listen(signal -> tasks.add(() -> ended = true))) {
      long start = System.nanoTime();
      long measured = start - NANOS_BETWEEN_METRICS;
      boolean written = true;
      while (!ended) {
        long now = System.nanoTime();
        if (now - measured >= NANOS_BETWEEN_METRICS) {
          measured = now;
          double seconds = (now - start) / 1e9;
          written = write(() -> sink.record(0, seconds, ShardFigures.of(host.status())), written);
        }
        Runnable task = tasks.poll(1, TimeUnit.SECONDS);
        if (task != null) {
          task.run();
        }
      }
      boolean unused = write(sink::close, written);
      if (lost != null) {
        throw CommandFailure.failed(
            "shard %s has ended: %s".formatted(options.place(), lost.message()),
            "Its replica takes over where there is one; else start it anew with --restore RUN.");
      }
      return 0; // a signal is how a server ends
    }
  }

  /** Called by the shard, which is not made to wait. */
  void hear(ShardEvent event) {
    tasks.add(() -> happened(event));
  }

  private void happened(ShardEvent event) {
    event.log(LOG);
    if (event.kind() == ShardEvent.Kind.SHARD_LOST) {
      lost = event;
      ended = true;
    }
  }

  /**
   * Writes the metrics, which are worth less than the parameters: a full disk is reported once, and
   * ends nothing.
   *
   * @param before whether they could be written the last time
   * @return whether they could be written
   */
  private boolean write(Runnable metrics, boolean before) {
    try {
      metrics.run();
      if (!before) {
        LOG.warn("The metrics are written to {} again.", options.prometheus);
      }
      return true;
    } catch (RuntimeException e) {
      if (before) {
        LOG.warn(
            "The metrics cannot be written to {}, whose numbers are old until they can: {}",
            options.prometheus,
            ErrorReport.message(e));
      }
      return false;
    }
  }
}
