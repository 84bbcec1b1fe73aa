package org.mobula.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.mobula.core.metrics.PrometheusSink;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ServerConfigBuilder;
import org.mobula.parameterserver.ShardHost;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "parameter-server",
    description = {
      "Hold one shard of the parameters of a training file, until a signal ends it.",
      "Learners reach it by parameters.server.addresses in their file, or by train --join."
    },
    subcommands = ParameterServerStatusCommand.class)
final class ParameterServerCommand implements Callable<Integer> {
  private static final Pattern SHARD = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "CONFIG", description = "The training file.")
  private @Nullable Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set any key of the training file. Can be repeated.")
  private List<String> settings = List.of();

  @Option(
      names = "--shard",
      paramLabel = "I/N",
      defaultValue = "0/1",
      description = "Which of how many shards, from 0 (default: ${DEFAULT-VALUE}).")
  @SuppressWarnings("NullAway.Init") // has a default
  private String shard;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1:0",
      description =
          "host:port or unix:/path to listen at; port 0 takes a free one (default:"
              + " ${DEFAULT-VALUE}). Other than loopback needs --token-file.")
  @SuppressWarnings("NullAway.Init") // has a default
  private String listen;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with the token that learners must have.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--certificate",
      paramLabel = "FILE",
      description = "PEM file with the certificate chain for TLS.")
  private @Nullable Path certificate;

  @Option(
      names = "--private-key",
      paramLabel = "FILE",
      description = "PEM file with the certificate's PKCS #8 key.")
  private @Nullable Path privateKey;

  @Option(
      names = "--replica",
      description = "Hold nothing but follow a primary that names this one by --replicate-to.")
  private boolean replica;

  @Option(
      names = "--replicate-to",
      paramLabel = "ADDRESS",
      description = "The replica that takes over when this shard fails.")
  private @Nullable String replicateTo;

  @Option(
      names = "--restore",
      paramLabel = "RUN",
      description = "Go on from a run's newest checkpoint, or from a checkpoint's directory.")
  private @Nullable Path restore;

  @Option(
      names = "--prometheus",
      paramLabel = "FILE",
      description = "Keep the shard's metrics there, for the node exporter's text-file collector.")
  private @Nullable Path prometheus;

  @Option(names = "--json", description = "Print where it listens as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (config == null) {
      throw new ParameterException(
          spec.commandLine(), "give the CONFIG whose parameters the shard is to hold");
    }
    Matcher place = SHARD.matcher(shard);
    if (!place.matches() || number(place, 1) >= number(place, 2)) {
      throw new ParameterException(
          spec.commandLine(), "--shard is " + shard + " but must be I/N with I < N, such as 0/2");
    }
    if (replica && (replicateTo != null || restore != null)) {
      throw new ParameterException(
          spec.commandLine(), "a --replica follows: leave out --replicate-to and --restore");
    }
    try (ShardHost host = start(config, number(place, 1), number(place, 2))) {
      say(host);
      return serve(host);
    }
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  private ShardHost start(Path file, int index, int count) throws IOException {
    TrainingConfig training = ConfigFiles.read(file, settings);
    ServerConfig given = ConfigFiles.server(training);
    ServerConfig server =
        ServerConfigBuilder.builder(given == null ? ServerConfig.defaults() : given)
            .shards(count)
            .addresses(List.of())
            .tokenFile(tokenFile == null ? null : tokenFile.toString())
            .build();
    PolicySpec policy =
        ConfiguredEnvironment.policy(
            training, ConfiguredEnvironment.of(training, file, settings), file, settings);
    ParameterLayout layout = policy.network().layout();
    try {
      ShardSetup setup = ParameterServer.setup(training.algorithm(), layout, server, index);
      Address address = Address.parse(listen);
      ListenConfig options = options();
      ShardHost host;
      if (replica) {
        host = ShardHost.replica(setup, address, options);
      } else if (restore != null) {
        host = ShardHost.restored(setup, saved(restore, layout), address, options);
      } else {
        // As the trainer would: the same seed starts with the same parameters.
        Pcg64 random = new Pcg64(SeedSequence.of(training.seed()).stream("parameters"));
        float[] initial = policy.network().initialParameters(random);
        host = ShardHost.primary(setup, initial, address, options);
      }
      if (replicateTo != null) {
        host.replicateTo(Address.parse(replicateTo), server);
      }
      return host;
    } catch (IllegalArgumentException e) {
      throw CommandFailure.usage(
          ErrorReport.message(e), "{mobula} parameter-server --help tells the options.");
    }
  }

  private ListenConfig options() {
    String token = tokenFile == null ? "" : ListenConfig.readToken(tokenFile);
    return new ListenConfig(
        token,
        certificate,
        privateKey,
        ListenConfig.defaults().sliceRequests(),
        ListenConfig.defaults().smallRequests(),
        ListenConfig.defaults().times());
  }

  private static StoreState saved(Path path, ParameterLayout layout) throws IOException {
    RunDirectory run = new RunDirectory(path);
    Path checkpoint = run.latest().orElse(path);
    StoreState state = Checkpoint.read(checkpoint).store();
    int numbers = state.parameters().values().length;
    if (numbers != layout.size()) {
      throw new IllegalArgumentException(
          "%s holds %d parameters but the training file's network has %d"
              .formatted(checkpoint, numbers, layout.size()));
    }
    return state;
  }

  private void say(ShardHost host) {
    PrintWriter out = spec.commandLine().getOut();
    ShardStatus status = host.status();
    if (json) {
      out.println(
          new JsonLine()
              .text("address", host.address().toString())
              .text("role", ShardFigures.role(status))
              .integer("version", status.version())
              .integer("from", status.from())
              .integer("to", status.to()));
    } else {
      out.println(
          "shard %s (parameters %s to %s, version %s, %s) at %s"
              .formatted(
                  shard,
                  Figures.count(status.from()),
                  Figures.count(status.to()),
                  Figures.count(status.version()),
                  ShardFigures.role(status),
                  host.address()));
    }
    out.flush();
  }

  /** Until a signal comes, whose exit code it returns. */
  private int serve(ShardHost host) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (StopSignals signals = StopSignals.listen(signal -> ended.countDown());
        PrometheusSink sink =
            prometheus == null ? null : PrometheusSink.toFile(prometheus, Map.of("shard", shard))) {
      long start = System.nanoTime();
      while (!ended.await(1, TimeUnit.SECONDS)) {
        if (sink != null) {
          double seconds = (System.nanoTime() - start) / 1e9;
          sink.record(0, seconds, ShardFigures.of(host.status()));
        }
      }
      return signals.exitCode();
    }
  }
}
