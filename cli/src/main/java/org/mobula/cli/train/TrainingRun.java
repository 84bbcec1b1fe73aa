package org.mobula.cli.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.composition.Plugs;
import org.mobula.cli.composition.PolicyFit;
import org.mobula.cli.directories.RunEvents;
import org.mobula.cli.directories.RunState;
import org.mobula.cli.directories.Runs;
import org.mobula.cli.options.TraceOption.Timeline;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Terminal;
import org.mobula.cli.process.MetricsEndpoint;
import org.mobula.cli.process.StopSignals;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.metrics.PrometheusSink;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.recording.RecordingReader;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingControl;
import org.mobula.core.training.TrainingException;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ShardLostException;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.serve.EpisodeServer;

/** A run that can begin or be resumed: all that could be wrong with it has been looked at. */
final class TrainingRun implements AutoCloseable {
  private static final String RECORDINGS =
      "Name a file or a folder of Parquet files, as {mobula} record writes them; {mobula} data"
          + " describe shows what is in them.";

  private final RunDirectory directory;
  private final RunState state;
  private final TrainingConfig config;
  private final EnvironmentFactory environment;
  private final @Nullable Checkpoint checkpoint;
  private final long stepsBefore;
  private final @Nullable Listening listening;
  private final @Nullable RecordedEpisodes recordings;

  /** Whether it has parameters to train. */
  private boolean begun;

  private TrainingRun(
      RunDirectory directory,
      RunState state,
      TrainingConfig config,
      EnvironmentFactory environment,
      @Nullable Checkpoint checkpoint,
      long stepsBefore,
      @Nullable Listening listening,
      @Nullable RecordedEpisodes recordings) {
    this.directory = directory;
    this.state = state;
    this.config = config;
    this.environment = environment;
    this.checkpoint = checkpoint;
    this.stepsBefore = stepsBefore;
    this.listening = listening;
    this.recordings = recordings;
  }

  /**
   * A new run.
   *
   * @param name of its directory; null for the file's name and a number
   * @param traced whether there must be a runtime to draw
   * @param listening for episodes that other processes play; null for none
   */
  static TrainingRun begin(
      Path file,
      List<String> overrides,
      Runs runs,
      @Nullable String name,
      boolean traced,
      @Nullable Listening listening)
      throws IOException {
    TrainingConfig config = ConfigFiles.read(file, overrides);
    requireRuntime(config, traced);
    Listening.check(listening, config, file, overrides);
    EnvironmentFactory environment = ConfiguredEnvironment.of(config, file, overrides);
    // Asked before the directory is made: an environment that cannot be learnt in leaves nothing.
    PolicySpec policy = ConfiguredEnvironment.policy(config, environment, file, overrides);
    ConfigFiles.checkShards(config, policy, file, overrides);
    ConfiguredEnvironment.checkEvaluation(config, policy, file, overrides);
    RecordedEpisodes recordings = recordings(config, policy, file, overrides);
    Path run = runs.create(file, name);
    return new TrainingRun(
        new RunDirectory(run),
        RunState.hold(run),
        config,
        environment,
        null,
        0,
        listening,
        recordings);
  }

  /** An old run from its newest checkpoint. */
  static TrainingRun goOn(
      Path run, List<String> overrides, boolean traced, @Nullable Listening listening)
      throws IOException {
    RunDirectory directory = new RunDirectory(run);
    RunState state = RunState.hold(run);
    try {
      TrainingConfig config = ConfigFiles.read(directory.config(), overrides);
      requireRuntime(config, traced);
      Listening.check(listening, config, directory.config(), overrides);
      EnvironmentFactory environment =
          ConfiguredEnvironment.of(config, directory.config(), overrides);
      requireSameCount(run, ConfigFiles.read(directory.config(), List.of()), config);
      Path path = newest(directory);
      long steps = RunDirectory.environmentSteps(path);
      requireMoreSteps(run, steps, config);
      Checkpoint checkpoint = read(path, directory);
      requireMore(run, checkpoint.progress(), config);
      PolicySpec policy =
          ConfiguredEnvironment.policy(config, environment, directory.config(), overrides);
      ConfigFiles.checkShards(config, policy, directory.config(), overrides);
      ConfiguredEnvironment.checkEvaluation(config, policy, directory.config(), overrides);
      PolicyFit.misfit(checkpoint.policy(), policy)
          .ifPresent(
              misfit -> {
                throw CommandFailure.usage(
                    run + " cannot be resumed: " + misfit,
                    "Leave out the --set that changes the network or the environment, or begin a"
                        + " new run.");
              });
      RecordedEpisodes recordings = recordings(config, policy, directory.config(), overrides);
      return new TrainingRun(
          directory, state, config, environment, checkpoint, steps, listening, recordings);
    } catch (IOException | RuntimeException e) {
      state.close();
      throw e;
    }
  }

  private static void requireRuntime(TrainingConfig config, boolean traced) {
    if (traced && !Plugs.any(config)) {
      throw CommandFailure.usage(
          "--trace draws workers, shards and learners, but the training file asks for none",
          "Leave out --trace, or add --set workers.count=1.");
    }
  }

  /** A checkpoint holds the state of each environment, and of each worker's. */
  private static void requireSameCount(Path run, TrainingConfig saved, TrainingConfig config) {
    requireSame(
        run, "environment.count", saved.environment().count(), config.environment().count());
    requireSame(run, "workers.count", saved.workers().count(), config.workers().count());
  }

  private static void requireSame(Path run, String key, int saved, int count) {
    if (saved != count) {
      throw CommandFailure.usage(
          "%s cannot be resumed with %s=%s: its checkpoints are of %s"
              .formatted(run, key, count, saved),
          "Leave out the --set that changes it, or begin a new run.");
    }
  }

  private static void requireMoreSteps(Path run, long steps, TrainingConfig config) {
    long end = config.stop().environmentSteps();
    if (steps >= end) {
      throw CommandFailure.usage(
          "%s has already taken %s environment steps and ends at %s".formatted(run, steps, end),
          "Raise the end, such as --set stop.environment-steps=" + 2 * steps);
    }
  }

  /** A run that has met its end would only be evaluated once more. */
  private static void requireMore(Path run, TrainingProgress progress, TrainingConfig config) {
    StopConfig stop = config.stop();
    Optional<String> met = progress.met(stop);
    if (met.isEmpty()) {
      return;
    }
    String key = met.get();
    String further =
        switch (key) {
          case "episode-return" ->
              String.valueOf(
                  stop.episodeReturn() == null
                      ? 0
                      : stop.episodeReturn() + Math.max(1, Math.abs(stop.episodeReturn())));
          case "wall-time" -> (long) Math.ceil(2 * progress.wallSeconds()) + "s";
          case "evaluations-without-improvement" ->
              String.valueOf(2 * progress.evaluationsSinceBest());
          default -> String.valueOf(2 * progress.environmentSteps());
        };
    throw CommandFailure.usage(
        "%s has ended already: %s".formatted(run, progress.endReason(stop).orElse(key)),
        "Raise the end, such as --set stop.%s=%s".formatted(key, further));
  }

  private static Path newest(RunDirectory directory) throws IOException {
    return directory
        .latest()
        .orElseThrow(
            () ->
                CommandFailure.usage(
                    directory.path() + " has no checkpoint to resume from",
                    "Begin again: {mobula} train "
                        + directory.config()
                        + "; checkpoint.every saves while it trains."));
  }

  private static Checkpoint read(Path path, RunDirectory directory) throws IOException {
    try {
      return Checkpoint.read(path);
    } catch (IOException | RuntimeException e) {
      List<Path> all = directory.checkpoints();
      throw CommandFailure.failed(
          "the newest checkpoint cannot be read: " + ErrorReport.message(e),
          all.size() > 1
              ? "Delete " + path + " to resume from the one before."
              : "It is the only checkpoint; begin again: {mobula} train " + directory.config(),
          e);
    }
  }

  /**
   * Trains to the end; the exit code is 128 and the signal's number if a signal came first.
   *
   * @param takeOver whether running shards are claimed that another run or trainer holds
   */
  int train(
      RunOutput output, boolean takeOver, @Nullable MetricsEndpoint metrics, Timeline timeline)
      throws IOException {
    try (EpisodeServer episodes = listen(output)) {
      return train(output, takeOver, metrics, timeline, episodes);
    }
  }

  private @Nullable EpisodeServer listen(RunOutput output) throws IOException {
    if (listening == null) {
      return null;
    }
    try {
      return listening.start(String.valueOf(directory.path().getFileName()), config);
    } catch (CommandFailure e) {
      undo();
      output.failed(checkpoint == null ? null : directory.path(), String.valueOf(e.getMessage()));
      throw e;
    }
  }

  private int train(
      RunOutput output,
      boolean takeOver,
      @Nullable MetricsEndpoint metrics,
      Timeline timeline,
      @Nullable EpisodeServer episodes)
      throws IOException {
    state.write(RunState.Kind.RUNNING, "");
    output.begin(directory.path(), config, stepsBefore);
    TrainingResult result;
    int exitCode;
    try (TrainingDisplay display =
            output.display(new Pace(config.stop(), stepsBefore, System::nanoTime));
        TaskRuntime runtime = Plugs.any(config) ? Plugs.runtime(config) : null;
        Plugs plugs = plugs(runtime, display, takeOver)) {
      if (runtime != null) {
        timeline.of(runtime);
      }
      Trainer trainer = trainer(display, output, plugs, metrics, episodes);
      try (StopSignals signals =
          StopSignals.listen(
              signal -> {
                trainer.stop(signal);
                display.stopping(signal);
              })) {
        result = trainer.train();
        exitCode = result.interrupted() ? signals.exitCode() : 0;
      }
    } catch (RuntimeException | Error e) {
      throw failed(output, e);
    }
    state.write(RunState.Kind.of(result), result.reason());
    output.end(directory.path(), config, result);
    return exitCode;
  }

  /** The composition: what plugs into the trainer's sockets. */
  private Trainer trainer(
      TrainingDisplay display,
      RunOutput output,
      @Nullable Plugs plugs,
      @Nullable MetricsEndpoint metrics,
      @Nullable EpisodeServer episodes) {
    Trainer.Builder trainer =
        Trainer.builder(config)
            .directory(directory.path())
            .listener(display)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onStart(TrainingControl control) {
                    begun = true;
                    if (episodes != null) { // from here on a signal leaves a run to resume
                      output.listening(episodes.url());
                    }
                  }
                });
    ConfiguredEnvironment.plug(config, environment, trainer);
    if (recordings != null) {
      trainer.recordings(recordings);
    }
    if (plugs != null) {
      plugs.into(trainer);
    }
    if (episodes != null) {
      trainer.experience(episodes);
    }
    if (metrics != null) {
      PrometheusSink sink =
          new PrometheusSink(Map.of("run", String.valueOf(directory.path().getFileName())));
      metrics.show(sink);
      trainer.sink(sink);
    }
    if (checkpoint != null) {
      trainer.resume(checkpoint);
    }
    return trainer.build();
  }

  /** What the file says to learn from, with the spaces of its environment; null for nothing. */
  private static @Nullable RecordedEpisodes recordings(
      TrainingConfig config, PolicySpec policy, Path file, List<String> overrides) {
    String data = config.data();
    if (data == null) {
      if (config.algorithm().learnsFromRecordings()) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("algorithm")),
            "the algorithm learns from recordings, but data names none",
            RECORDINGS);
      }
      return null;
    }
    try {
      return RecordingReader.read(Path.of(data), policy.observationSpace(), policy.actionSpace())
          .requireLearnable();
    } catch (IOException | IllegalArgumentException e) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("data")), ErrorReport.message(e), RECORDINGS);
    }
  }

  private @Nullable Plugs plugs(
      @Nullable TaskRuntime runtime, TrainingDisplay display, boolean takeOver) {
    if (runtime == null) {
      return null;
    }
    RunEvents events = new RunEvents(directory.path(), InstantSource.system());
    return new Plugs(
        config,
        environment,
        runtime,
        display::workerFailed,
        event -> {
          display.happened(event);
          events.record(event);
        },
        "",
        takeOver);
  }

  private RuntimeException failed(RunOutput output, Throwable error) throws IOException {
    String message = ErrorReport.message(error);
    if (!begun && isTurnedAway(error)) {
      return turnedAway(output, message, error);
    }
    state.write(RunState.Kind.FAILED, message);
    output.failed(directory.path(), message);
    return CommandFailure.failed(directory.path() + " failed: " + message, remedy(error), error);
  }

  /** Whether running shards will not have the run, or are not there. */
  private static boolean isTurnedAway(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RefusedException || cause instanceof ShardLostException) {
        return true;
      }
    }
    return false;
  }

  /** Nothing has happened: a new run leaves no directory, and a resumed one is what it was. */
  private RuntimeException turnedAway(RunOutput output, String message, Throwable error)
      throws IOException {
    String remedy = remedy(error);
    undo();
    if (checkpoint != null) {
      output.failed(directory.path(), message);
      return CommandFailure.failed(
          directory.path() + " was not resumed: " + message, remedy, error);
    }
    output.failed(null, message);
    return CommandFailure.failed("no run was begun: " + message, remedy, error);
  }

  /** Before the trainer has begun: there is nothing but the state and events. */
  private void undo() throws IOException {
    if (checkpoint != null) {
      state.putBack();
      return;
    }
    state.close();
    try (Stream<Path> files = Files.list(directory.path())) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory.path());
  }

  /** A command that leads out of the failure, not back to it. */
  private String remedy(Throwable error) throws IOException {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RefusedException refused) {
        return ShardRefusals.remedy(refused);
      } else if (cause instanceof ShardLostException && !begun) {
        return "Start the shards, or name their addresses; {mobula} parameter-server status asks them.";
      } else if (cause instanceof OutOfMemoryError) {
        return ErrorReport.MORE_MEMORY;
      }
    }
    Optional<Path> newest = directory.latest();
    String run = Terminal.word(directory.path());
    boolean diverged = error instanceof TrainingException training && training.isDivergence();
    if (newest.isEmpty()) {
      return diverged
          ? "Begin again with other numbers: {mobula} train %s --set %s"
              .formatted(Terminal.word(directory.config()), tamer())
          : "It left no checkpoint to resume from; --debug shows the stack trace.";
    } else if (diverged) {
      return "Resume from before the divergence, with other numbers: {mobula} train --resume %s --set %s"
          .formatted(run, tamer());
    }
    boolean ended;
    try {
      ended = Checkpoint.read(newest.get()).progress().met(config.stop()).isPresent();
    } catch (IOException e) {
      ended = false;
    }
    return ended
        ? "The training is complete, in %s; look at its policy: {mobula} evaluate %s"
            .formatted(newest.get(), run)
        : "Resume from its last checkpoint: {mobula} train --resume %s; --debug shows the stack trace."
            .formatted(run);
  }

  /** A tenth of the learning rate, the usual one at most, and a limit for the gradient. */
  private String tamer() {
    if (!(config.algorithm() instanceof PpoConfig ppo)) {
      return "normalization.observations=true";
    }
    PpoConfig usual = PpoConfig.defaults();
    double rate = Math.min(ppo.learningRate().at(0) / 10, usual.learningRate().at(0));
    boolean limited = ppo.maxGradientNorm() > 0;
    return "algorithm.ppo.learning-rate="
        + (float) rate
        + (limited ? "" : " --set algorithm.ppo.max-gradient-norm=" + usual.maxGradientNorm());
  }

  @Override
  public void close() throws IOException {
    state.close();
  }
}
