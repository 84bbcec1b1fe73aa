package org.mobula.cli.tune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.cli.composition.Plugs;
import org.mobula.cli.directories.RunEvents;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.config.ConfigException;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.tune.ParameterConfig;
import org.mobula.tune.TrainingObjective;
import org.mobula.tune.Trial;
import org.mobula.tune.TuneConfig;
import org.mobula.tune.scheduler.NoScheduler;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A search file and the training file that it searches, with every mistake in them found.
 *
 * @param config what the search file says
 * @param base what the training file says
 * @param nested what a trial's workers, learners and shards take at most
 */
record SearchFile(TuneConfig config, TrainingConfig base, Resources nested) {
  private static final Logger LOG = LoggerFactory.getLogger(SearchFile.class);

  static SearchFile read(Path file, List<String> overrides) {
    TuneConfig config =
        ConfigReader.read(file, TuneConfig.class, overrides, TuneConfig.alternatives());
    Path basePath = file.resolveSibling(config.base());
    if (Files.notExists(basePath)) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("base")),
          "base is %s but there is no file %s".formatted(config.base(), basePath),
          "Name a training file by its path from the search file's folder.");
    }
    TrainingConfig base = ConfigFiles.read(basePath, List.of());
    if (base.environment().external() != null) {
      throw CommandFailure.setting(
          ConfigReader.place(basePath, List.of(), List.of("environment", "external")),
          "other processes play the environment, and they play with one run, not with many trials",
          "Search in an environment that has a name.");
    }
    PolicySpec policy =
        ConfiguredEnvironment.policy(
            base, ConfiguredEnvironment.of(base, basePath, List.of()), basePath, List.of());
    ConfigFiles.checkShards(base, policy, basePath, List.of());
    if (base.parameters() instanceof ServerConfig server && !server.addresses().isEmpty()) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("base")),
          "%s trains on running shards (parameters.server.addresses), which are one run's, not every trial's"
              .formatted(config.base()),
          "Leave addresses out there: each trial then starts its own shards.");
    }
    TrainingObjective objective =
        TrainingObjective.of(
            base,
            ConfigFiles.alternatives(),
            (trial, training, trainer) -> trainer.build().train());
    List<Resources> nested = new ArrayList<>(List.of(Plugs.resources(base)));
    SearchSpace space = space(file, overrides, config);
    for (Parameter parameter : space.parameters()) {
      check(file, overrides, objective, space, parameter);
      nested.addAll(nested(objective, parameter));
      if (parameter.name().startsWith("environment.")) {
        checkEnvironments(file, overrides, objective, parameter);
      }
    }
    for (Map<String, Object> first : config.firstTrials()) {
      try {
        space.seen(first);
      } catch (IllegalArgumentException e) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("first")),
            ErrorReport.message(e),
            "Name keys of the space, with values that they can have.");
      }
    }
    boolean reports =
        base.evaluation().every() > 0
            || config.space().containsKey("evaluation.every")
            || !config.metric().contains(MetricNames.EVALUATION_EPISODE_RETURN_MEAN);
    if (!reports && !(config.scheduler() instanceof NoScheduler)) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("scheduler")),
          "trials report only at their end, for evaluation.every of "
              + config.base()
              + " is 0: a scheduler has nothing to decide on",
          "Set evaluation.every there, or the metric to "
              + MetricNames.ROLLOUT_EPISODE_RETURN_MEAN
              + ".");
    }
    return new SearchFile(
        config,
        base,
        nested.stream()
            .max(Comparator.comparing(each -> each.amount(Resources.CPU)))
            .orElse(Resources.NONE));
  }

  /** With each end of the range alone: what does not fit so is another check's affair. */
  private static List<Resources> nested(TrainingObjective objective, Parameter parameter) {
    List<Resources> all = new ArrayList<>();
    for (Object value : ends(parameter)) {
      try {
        all.add(Plugs.resources(objective.config(Map.of(parameter.name(), value))));
      } catch (ConfigException e) {
        // Right beside another parameter's value alone.
      }
    }
    return all;
  }

  /** Trains with a trial's parameters; its workers, learners and shards live on that runtime. */
  TrainingObjective objective(TaskRuntime runtime) {
    return TrainingObjective.of(
            base,
            ConfigFiles.alternatives(),
            (trial, config, trainer) -> train(runtime, trial, config, trainer))
        .withMetrics(config.metric());
  }

  private static TrainingResult train(
      TaskRuntime runtime, Trial trial, TrainingConfig config, Trainer.Builder trainer) {
    EnvironmentFactory environment = ConfiguredEnvironment.of(config);
    String place = "trial-" + trial.number() + "/";
    RunEvents events =
        trial.directory().map(path -> new RunEvents(path, InstantSource.system())).orElse(null);
    try (Plugs plugs =
        new Plugs(
            config,
            environment,
            runtime,
            failure -> LOG.warn("{}{}", place, failure),
            event -> {
              if (events != null) {
                events.record(event);
              }
            },
            place,
            false)) {
      plugs.into(trainer);
      ConfiguredEnvironment.plug(config, environment, trainer);
      return trainer.build().train();
    }
  }

  private static SearchSpace space(Path file, List<String> overrides, TuneConfig config) {
    for (Map.Entry<String, ParameterConfig> entry : config.space().entrySet()) {
      String key = entry.getKey();
      ParameterConfig value = entry.getValue();
      try {
        value.parameter(key);
      } catch (IllegalArgumentException e) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("space", key)),
            ErrorReport.message(e),
            "Such as {uniform: [0, 1]}, {log: [1e-5, 1e-2]}, {integer: [1, 8]} or {choice: [a, b]}.");
      }
    }
    try {
      return config.searchSpace();
    } catch (IllegalArgumentException e) {
      throw CommandFailure.setting(
          ConfigReader.place(file, overrides, List.of("space")),
          ErrorReport.message(e),
          "Mend the condition or constraint.");
    }
  }

  /**
   * A key that the training file has not is a mistake, and so is an end of a range, or a choice,
   * that it cannot have: such a trial would fail in the middle of the study. What fails alone may
   * be right beside another parameter's value.
   */
  private static void check(
      Path file,
      List<String> overrides,
      TrainingObjective objective,
      SearchSpace space,
      Parameter parameter) {
    for (Object value : ends(parameter)) {
      String name = parameter.name();
      Optional<String> mistake = mistake(objective, name, value, Map.of(name, value));
      boolean beside =
          mistake.isPresent()
              && space.parameters().stream()
                  .filter(other -> !other.name().equals(name))
                  .flatMap(other -> ends(other).stream().map(end -> Map.entry(other.name(), end)))
                  .map(other -> Map.of(name, value, other.getKey(), other.getValue()))
                  .anyMatch(both -> mistake(objective, name, value, both).isEmpty());
      if (mistake.isPresent() && !beside) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("space", name)),
            name + ": " + mistake.get(),
            "Every key of the space is a dotted key of the training file, and every value one that"
                + " it can have; {mobula} schema lists them all.");
      }
    }
  }

  private static Optional<String> mistake(
      TrainingObjective objective, String name, Object value, Map<String, Object> values) {
    try {
      objective.config(values);
      return Optional.empty();
    } catch (ConfigException e) {
      String setting = "--set " + TrainingObjective.settings(Map.of(name, value)).get(0) + ": ";
      return e.mistakes().stream().map(mistake -> mistake.replace(setting, "")).findFirst();
    } catch (IllegalArgumentException e) {
      return Optional.of(ErrorReport.message(e));
    }
  }

  /** What an environment takes only its maker knows: one is made with each end of the range. */
  private static void checkEnvironments(
      Path file, List<String> overrides, TrainingObjective objective, Parameter parameter) {
    for (Object value : ends(parameter)) {
      Map<String, Object> values = Map.of(parameter.name(), value);
      String setting = TrainingObjective.settings(values).get(0);
      try {
        TrainingConfig config = objective.config(values);
        ConfiguredEnvironment.of(config).create().close();
      } catch (RuntimeException e) {
        throw CommandFailure.setting(
            ConfigReader.place(file, overrides, List.of("space", parameter.name())),
            "no environment can be made with %s: %s".formatted(setting, ErrorReport.message(e)),
            "Leave that value out of the space.");
      }
    }
  }

  private static List<Object> ends(Parameter parameter) {
    List<Double> numbers = new ArrayList<>();
    if (parameter instanceof FloatParameter number) {
      numbers.addAll(List.of(number.low(), number.high()));
    } else if (parameter instanceof IntParameter integer) {
      numbers.addAll(List.of((double) integer.low(), (double) integer.high()));
    } else if (parameter instanceof CategoricalParameter choice) {
      for (int i = 0; i < choice.choices().size(); i++) {
        numbers.add((double) i);
      }
    }
    return numbers.stream().map(parameter::value).toList();
  }
}
