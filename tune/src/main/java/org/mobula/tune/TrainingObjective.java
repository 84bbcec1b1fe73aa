package org.mobula.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.config.NearestName;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.metrics.MetricTable;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingControl;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.tune.scheduler.Decision;

/**
 * Trains a policy with the trial's parameters in its configuration, reports a metric as it goes on,
 * and is worth the metric's last value. The parameters' names are keys of the training
 * configuration, such as {@code algorithm.ppo.clip-range}.
 *
 * <p>The trial's directory is a run's directory: its checkpoints can be evaluated, served, and gone
 * on with. Each trial has a seed of its own unless {@code seed} is searched.
 */
public final class TrainingObjective implements Objective {
  private static final long serialVersionUID = 1L;

  private final String base;
  private final List<String> metrics;
  private final @Nullable EnvironmentFactory environment;
  private final Alternatives alternatives;
  private final @Nullable TrialTraining training;

  private TrainingObjective(
      String base,
      List<String> metrics,
      @Nullable EnvironmentFactory environment,
      Alternatives alternatives,
      @Nullable TrialTraining training) {
    this.base = base;
    this.metrics = List.copyOf(metrics);
    this.environment = environment;
    this.alternatives = alternatives;
    this.training = training;
  }

  /**
   * Trains as this configuration says but for the parameters, each trial in one thread.
   *
   * @throws IllegalArgumentException if it asks for workers or a parameter server, which somebody
   *     has to start
   */
  public static TrainingObjective of(TrainingConfig base) {
    inOnePlace(base);
    return of(base, TrainingConfig.algorithms(), null);
  }

  /**
   * As {@link #of(TrainingConfig)}, with workers or a parameter server for each trial.
   *
   * @param alternatives the algorithms, parameter stores and the like that the configuration may
   *     name
   * @param training null to train each trial in one thread
   */
  public static TrainingObjective of(
      TrainingConfig base, Alternatives alternatives, @Nullable TrialTraining training) {
    return new TrainingObjective(
        ConfigWriter.write(base, alternatives),
        List.of(MetricNames.EVALUATION_EPISODE_RETURN_MEAN),
        null,
        alternatives,
        training);
  }

  /** With another metric than the mean return of evaluations. */
  public TrainingObjective withMetric(String name) {
    return withMetrics(List.of(name));
  }

  /** With several metrics, whose last values are the trial's; it reports the first. */
  public TrainingObjective withMetrics(List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("metrics are [] but must be at least one");
    }
    return new TrainingObjective(base, names, environment, alternatives, training);
  }

  /** With environments from here, not from the catalogue by the name in the configuration. */
  public TrainingObjective withEnvironment(EnvironmentFactory factory) {
    return new TrainingObjective(base, metrics, factory, alternatives, training);
  }

  /**
   * The configuration of a trial.
   *
   * @param values of the parameters by their keys
   * @throws org.mobula.core.config.ConfigException if the values do not fit it
   * @throws IllegalArgumentException if they ask for workers, and nothing starts them
   */
  public TrainingConfig config(Map<String, Object> values) {
    TrainingConfig config =
        ConfigReader.read(
            base, "the training file", TrainingConfig.class, settings(values), alternatives);
    if (training == null) {
      inOnePlace(config);
    }
    return config;
  }

  private static void inOnePlace(TrainingConfig config) {
    if (config.workers().count() > 0 || config.parameters() != null) {
      throw new IllegalArgumentException(
          "the training has %s, but each trial trains in one place: leave it out, or give a TrialTraining"
              .formatted(config.parameters() == null ? "workers" : "a parameter server"));
    }
  }

  /** As {@code --set} takes them. */
  public static List<String> settings(Map<String, Object> values) {
    List<String> settings = new ArrayList<>();
    values.forEach(
        (key, value) ->
            settings.add(
                key
                    + "="
                    + (value instanceof String text && !text.startsWith("[")
                        ? "\"" + text + "\""
                        : value)));
    return settings;
  }

  @Override
  public double evaluate(Trial trial) throws IOException {
    return evaluateAll(trial)[0];
  }

  /** As {@link #evaluate}, with the last value of each metric: a {@link MultiObjective}. */
  public double[] evaluateAll(Trial trial) throws IOException {
    TrainingConfig config = config(trial.values());
    if (!trial.values().containsKey("seed")) {
      config = config.withSeed(trial.seed());
    }
    Trainer.Builder builder = Trainer.builder(config);
    Watch watch = new Watch(trial, config.stop().environmentSteps());
    builder.listener(watch);
    if (environment != null) {
      builder.environment(environment);
    }
    Optional<Path> directory = trial.directory();
    if (directory.isPresent()) {
      builder.directory(directory.get());
      Optional<Path> checkpoint = new RunDirectory(directory.get()).latest();
      if (checkpoint.isPresent()) {
        builder.resume(Checkpoint.read(checkpoint.get()));
      }
    }
    TrainingResult result =
        training == null ? builder.build().train() : training.train(trial, config, builder);
    double[] values = new double[metrics.size()];
    for (int i = 0; i < values.length; i++) {
      String metric = metrics.get(i);
      Double last = watch.last.get(metric);
      if (last != null || result.interrupted()) {
        values[i] = last == null ? Double.NaN : last;
      } else {
        values[i] =
            directory
                .flatMap(place -> lastRecorded(place, metric))
                .orElseThrow(() -> missing(metric, watch));
      }
    }
    return values;
  }

  private static StudyException missing(String metric, Watch watch) {
    return new StudyException(
        "there is no metric %s in this training%s; there are %s"
            .formatted(
                metric,
                NearestName.of(metric, watch.seen)
                    .map(near -> "; did you mean " + near + "?")
                    .orElse(""),
                watch.seen));
  }

  /** A trial that had come to its end when the study was cut off measures nothing more. */
  private static Optional<Double> lastRecorded(Path directory, String metric) {
    List<MetricTable.Point> points =
        MetricTable.read(new RunDirectory(directory).metricsCsv()).points(metric);
    return points.isEmpty() ? Optional.empty() : Optional.of(points.get(points.size() - 1).value());
  }

  /** Reports the metric, and does what the answer says. */
  private final class Watch implements TrainingListener {
    private final Trial trial;
    private final long end;
    private final TreeSet<String> seen = new TreeSet<>();
    private @Nullable TrainingControl control;
    private final Map<String, Double> last = new HashMap<>();

    Watch(Trial trial, long end) {
      this.trial = trial;
      this.end = end;
    }

    @Override
    public void onStart(TrainingControl given) {
      control = given;
    }

    @Override
    public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
      seen.addAll(measurements.keySet());
      for (String metric : metrics) {
        Double value = measurements.get(metric);
        if (value != null) {
          report(progress, metric, value);
        }
      }
      if (Thread.currentThread().isInterrupted()) {
        stop("the trial was cancelled");
      }
    }

    @Override
    public void onEvaluation(TrainingProgress progress, EvaluationResult result) {
      seen.add(MetricNames.EVALUATION_EPISODE_RETURN_MEAN);
      if (metrics.contains(MetricNames.EVALUATION_EPISODE_RETURN_MEAN)) {
        report(progress, MetricNames.EVALUATION_EPISODE_RETURN_MEAN, result.meanReturn());
      }
    }

    private void report(TrainingProgress progress, String metric, double value) {
      last.put(metric, value);
      // What is known at the end is the trial's value; nothing is left to be decided.
      if (metric.equals(metrics.get(0)) && progress.environmentSteps() < end) {
        Decision decision = trial.report(progress.environmentSteps(), value);
        if (decision != Decision.CONTINUE) {
          stop(decision == Decision.PAUSE ? "the trial is paused" : "the trial is stopped");
        }
      }
    }

    private void stop(String reason) {
      if (control != null) {
        control.stop(reason);
      }
    }
  }
}
