package org.mobula.cli.composition;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.rollout.RolloutWorkers;

/**
 * What a training configuration asks for beside the trainer, on one runtime: rollout workers, and a
 * parameter server with its shards and further learners.
 */
public final class Plugs implements AutoCloseable {
  private final TrainingConfig config;
  private final TaskRuntime runtime;
  private final Consumer<String> failures;
  private final @Nullable ParameterServer parameters;

  /**
   * Starts nothing yet: the trainer does.
   *
   * @param failures hears of workers and learners that fail
   * @param events hears of shards and learners
   * @param place begins the names of actors; empty where the run has the runtime for itself
   * @param takeOver whether running shards are claimed that another run or trainer holds
   */
  public Plugs(
      TrainingConfig config,
      EnvironmentFactory environment,
      TaskRuntime runtime,
      Consumer<String> failures,
      Consumer<ShardEvent> events,
      String place,
      boolean takeOver) {
    this.config = config;
    this.runtime = runtime;
    this.failures = failures;
    ServerConfig server = ConfigFiles.server(config);
    if (server == null) {
      parameters = null;
      return;
    }
    ParameterServer made =
        ParameterServer.on(runtime, server, environment, failures, events)
            .named(place)
            // Failures of the other learners' workers are logged: a display does not travel.
            .experience(setup -> RolloutWorkers.on(runtime).apply(setup));
    parameters = takeOver ? made.takeOver() : made;
  }

  /** Whether the configuration asks for anything. */
  public static boolean any(TrainingConfig config) {
    return config.workers().count() > 0 || config.parameters() != null;
  }

  /**
   * A runtime in this process for one run: with the machine's CPUs unless the file says otherwise,
   * or one for each learner where those are more, which all but the first hold for the whole run.
   */
  public static TaskRuntime runtime(TrainingConfig config) {
    int processors = Runtime.getRuntime().availableProcessors();
    Double cpus = config.runtime().cpus();
    return LocalTaskRuntime.builder()
        .cpus(cpus == null ? Math.max(processors, learners(config)) : cpus)
        .build();
  }

  /** What a run takes of its runtime at most, beside the trainer's own thread. */
  public static Resources resources(TrainingConfig config) {
    WorkersConfig workers = config.workers();
    int learners = learners(config);
    double shards = config.parameters() == null ? 0 : 1; // each needs one for a moment
    return Resources.cpu(learners * workers.count() * workers.cpus() + learners - 1 + shards);
  }

  private static int learners(TrainingConfig config) {
    ServerConfig server = ConfigFiles.server(config);
    return server == null ? 1 : server.learners();
  }

  public void into(Trainer.Builder trainer) {
    if (config.workers().count() > 0) {
      trainer.experience(RolloutWorkers.on(runtime, failure -> failures.accept(failure.message())));
    }
    ServerConfig server = ConfigFiles.server(config);
    if (server != null && parameters != null) {
      trainer.learners(server.learners()).store(parameters);
    }
  }

  @Override
  public void close() {
    if (parameters != null) {
      parameters.close();
    }
  }
}
