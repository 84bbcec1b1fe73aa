package org.mobula.cli.train;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Runs;
import org.mobula.cli.options.JsonEventsOption;
import org.mobula.cli.options.RunsOption;
import org.mobula.cli.options.SettingsOption;
import org.mobula.cli.options.TraceOption;
import org.mobula.cli.options.TraceOption.Timeline;
import org.mobula.cli.output.Program;
import org.mobula.cli.process.MetricsEndpoint;
import org.mobula.cli.process.VectorModule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code train}. */
@Command(
    name = TrainCommand.NAME,
    description = {
      "Train a policy as a YAML file says, or resume a run.",
      "Ctrl-C ends it after the present step, with a checkpoint to resume from."
    })
public final class TrainCommand implements Callable<Integer> {
  public static final String NAME = "train";
  static final String TAKE_OVER = "--take-over";
  static final String LISTEN = "--listen";

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "CONFIG", description = "A training file.")
  private @Nullable Path config;

  @Option(
      names = "--resume",
      paramLabel = "RUN",
      description = "Resume this run from its newest checkpoint.")
  private @Nullable String resume;

  @Option(
      names = "--join",
      paramLabel = "ADDRESSES",
      description =
          "Add a learner to a running parameter server: the address of each of its shards in their"
              + " order, as host:port or unix:/path, each with its replica's after a comma.")
  private List<String> join = List.of();

  @Option(
      names = LISTEN,
      arity = "0..1",
      fallbackValue = "127.0.0.1:8080",
      paramLabel = "HOST:PORT",
      description =
          "Take episodes that other processes play, for a CONFIG with environment.external: they ask"
              + " for actions over HTTP, there or at ${FALLBACK-VALUE}; port 0 takes a free one.")
  private @Nullable String listen;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "With --join: the file with the shards' token; with --listen: with the one that clients"
              + " must bring.")
  private @Nullable Path tokenFile;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private SettingsOption settings;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the run; otherwise the file's name and a number.")
  private @Nullable String name;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of all random numbers, instead of the file's.")
  private @Nullable Long seed;

  @Option(
      names = TAKE_OVER,
      description =
          "Claim running shards that another run or another trainer holds, and go on from their"
              + " parameters; with --resume, go back to the checkpoint.")
  private boolean takeOver;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private RunsOption runsOption;

  @Option(
      names = "--metrics",
      paramLabel = "ADDRESS",
      description =
          "host:port of this machine's loopback at which Prometheus can ask for the run's metrics.")
  private @Nullable String metrics;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private TraceOption trace;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonEventsOption json;

  @Override
  public Integer call() throws IOException {
    Runs runs = runsOption.runs();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    VectorModule.loadOrNote(err); // before the first network
    RunOutput output =
        json.isGiven()
            ? new JsonOutput(out, err)
            : new TextOutput(out, err, Program.of(spec).terminal());
    if (!join.isEmpty()) {
      if (trace.isGiven()) {
        throw new ParameterException(
            spec.commandLine(), "--trace draws a run's runtime; a learner that joins has none");
      }
      JoinedLearner learner = joined();
      try (MetricsEndpoint endpoint = endpoint(err)) {
        return learner.train(output, endpoint);
      }
    } else if (tokenFile != null && listen == null) {
      throw new ParameterException(
          spec.commandLine(),
          "--token-file goes with --join or --listen; a training file has"
              + " parameters.server.token-file");
    }
    try (MetricsEndpoint endpoint = endpoint(err);
        Timeline timeline = trace.open();
        TrainingRun run = resume == null ? begin(runs) : goOn(runs, resume)) {
      return run.train(output, takeOver, endpoint, timeline);
    }
  }

  private @Nullable MetricsEndpoint endpoint(PrintWriter err) {
    MetricsEndpoint endpoint = MetricsEndpoint.at(metrics, "");
    if (endpoint != null) {
      err.println("metrics at " + endpoint.url());
    }
    return endpoint;
  }

  private JoinedLearner joined() {
    if (config == null || resume != null || name != null || takeOver || listen != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--join takes the CONFIG that the parameter server was started with, and neither --resume,"
              + " --name, --take-over nor --listen: a learner that joins keeps no run of its own");
    }
    return JoinedLearner.of(config, settings.withSeed(seed), join, tokenFile);
  }

  private TrainingRun begin(Runs runs) throws IOException {
    Listening listening = listening(); // whose address may have been taken for the CONFIG
    if (config == null) {
      throw new ParameterException(
          spec.commandLine(), "give a CONFIG to begin a run, or --resume RUN to resume one");
    }
    return TrainingRun.begin(
        config, settings.withSeed(seed), runs, name, trace.isGiven(), listening);
  }

  private TrainingRun goOn(Runs runs, String run) throws IOException {
    if (config != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--resume takes the run's own configuration: change it by --set, not by " + config);
    } else if (name != null || seed != null) {
      throw new ParameterException(
          spec.commandLine(),
          "a resumed run keeps its name and its random numbers: leave out "
              + (name != null ? "--name" : "--seed"));
    }
    return TrainingRun.goOn(runs.find(run), settings.settings(), trace.isGiven(), listening());
  }

  private @Nullable Listening listening() {
    return listen == null ? null : Listening.at(listen, tokenFile);
  }
}
