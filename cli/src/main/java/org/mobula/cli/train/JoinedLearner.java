package org.mobula.cli.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.process.MetricsEndpoint;
import org.mobula.cli.process.StopSignals;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.metrics.PrometheusSink;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.JoinedStore;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ShardLostException;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.rollout.RolloutWorkers;

/** One more learner at a running parameter server: it pushes gradients and keeps nothing. */
final class JoinedLearner {
  private final TrainingConfig config;
  private final ServerConfig server;
  private final EnvironmentFactory environment;

  private JoinedLearner(
      TrainingConfig config, ServerConfig server, EnvironmentFactory environment) {
    this.config = config;
    this.server = server;
    this.environment = environment;
  }

  /**
   * A learner that has not joined yet. Unless the settings name a seed it draws one: with that of
   * the file it would see the same episodes as the run's own learner.
   *
   * @param addresses of all shards, in their order
   */
  static JoinedLearner of(
      Path file, List<String> overrides, List<String> addresses, @Nullable Path tokenFile) {
    TrainingConfig config = ConfigFiles.read(file, overrides);
    if (config.environment().external() != null) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("environment", "external")),
          "other processes play the environment, and they play with one learner",
          "Join with an environment that has a name.");
    }
    ServerConfig server = ConfigFiles.server(config, addresses.size(), addresses, tokenFile);
    boolean seeded = overrides.stream().anyMatch(setting -> setting.startsWith("seed="));
    long seed = seeded ? config.seed() : UUID.randomUUID().getMostSignificantBits() >>> 33;
    TrainingConfig own =
        config
            .withSeed(seed)
            .withStop(config.stop().withEvaluationsWithoutImprovement(0)) // the run sees them
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0).withEvery(0));
    return new JoinedLearner(own, server, ConfiguredEnvironment.of(own, file, overrides));
  }

  int train(RunOutput output, @Nullable MetricsEndpoint metrics) {
    int exitCode;
    TrainingResult result;
    try (TrainingDisplay display = output.display(new Pace(config.stop(), 0, System::nanoTime));
        TaskRuntime runtime = runtime();
        JoinedStore store = new JoinedStore(server, display::happened)) {
      Trainer.Builder builder =
          Trainer.builder(config)
              .environment(environment)
              .learners(server.learners())
              .store(store)
              .listener(display);
      if (metrics != null) {
        PrometheusSink sink = new PrometheusSink(Map.of());
        metrics.show(sink);
        builder.sink(sink);
      }
      if (runtime != null) {
        builder.experience(
            RolloutWorkers.on(runtime, failure -> display.workerFailed(failure.message())));
      }
      Trainer trainer = builder.build();
      try (StopSignals signals =
          StopSignals.listen(
              signal -> {
                trainer.stop(signal);
                display.stopping(signal);
              })) {
        result = trainer.train();
        exitCode = result.interrupted() ? signals.exitCode() : 0;
      }
    } catch (RuntimeException e) {
      output.failed(null, ErrorReport.message(e));
      throw CommandFailure.failed("this learner failed: " + ErrorReport.message(e), remedy(e), e);
    }
    output.endJoined(result);
    return exitCode;
  }

  /** What workers run on; null where the learner collects by itself. */
  private @Nullable TaskRuntime runtime() {
    if (config.workers().count() == 0) {
      return null;
    }
    Double cpus = config.runtime().cpus();
    double usual = Runtime.getRuntime().availableProcessors();
    return LocalTaskRuntime.builder().cpus(cpus == null ? usual : cpus).build();
  }

  private static String remedy(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RefusedException refused) {
        return ShardRefusals.remedy(refused);
      } else if (cause instanceof ShardLostException) {
        return "Join again when the shards are there; {mobula} parameter-server status asks them.";
      }
    }
    return "The others go on; --debug shows the stack trace.";
  }
}
