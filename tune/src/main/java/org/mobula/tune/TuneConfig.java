package org.mobula.tune;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.NotEmpty;
import org.mobula.core.config.OrOne;
import org.mobula.core.config.Range;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.runtime.Resources;
import org.mobula.tune.scheduler.AshaScheduler;
import org.mobula.tune.scheduler.HyperbandScheduler;
import org.mobula.tune.scheduler.NoScheduler;
import org.mobula.tune.scheduler.PatienceScheduler;
import org.mobula.tune.scheduler.PercentileScheduler;
import org.mobula.tune.scheduler.PopulationBasedTraining;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.scheduler.ThresholdScheduler;
import org.mobula.tune.space.Condition;
import org.mobula.tune.space.Inequality;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;

/** A search in training files: one YAML file. */
@RecordBuilder
public record TuneConfig(
    @Doc("the training file whose keys are searched; seen from the search file") String base,
    @Doc("what each key may be: {log: [1e-5, 1e-2]}, {choice: [a, b]}, …, or one value") @NotEmpty
        Map<String, ParameterConfig> space,
    @Doc("what the keys must keep among each other, such as a <= 2 * b") List<String> constraints,
    @Doc("what is made as good as can be: a metric of the training, or a list of several")
        @OrOne
        @NotEmpty
        List<String> metric,
    @Doc("whether larger or smaller values are better; a list with one for each of several metrics")
        @OrOne
        @NotEmpty
        List<Direction> direction,
    @Doc("who chooses the parameters") SamplerConfig sampler,
    @Doc("who stops, pauses and resumes trials by what they report") Scheduler scheduler,
    @Doc("when the study has had enough") StudyStop stop,
    @Doc("how many trials run at once, if there are the resources") @Range(min = 1) int parallel,
    @Doc(
            "whether parallel trials wait for each other's next report, so that the same seed gives"
                + " the same study")
        boolean repeatable,
    @Doc("the root of all random numbers") @Range(min = 0) long seed,
    @Doc("processor cores that a trial holds") @Range(exclusiveMin = 0) double cpus,
    @Doc("GPUs that a trial holds; fractions are shared") @Range(min = 0) double gpus,
    @Doc("bytes of memory that a trial is counted with; 0 does not count") @Range(min = 0)
        long memory,
    @Doc("a trial that runs for longer without a pause has failed") @Range(exclusiveMin = 0)
        @Nullable Duration trialTimeout,
    @Doc("how often a failed trial is tried again with the same parameters") @Range(min = 0)
        int retries,
    @Doc("the study is given up when more trials have failed; 0 for no limit") @Range(min = 0)
        int mostFailures,
    @Doc("parameters to try first; what is left out is the sampler's")
        List<Map<String, Object>> first)
    implements TuneConfigBuilder.With {

  /** Checks the values. */
  public TuneConfig {
    Constraints.check(
        TuneConfig.class,
        base,
        space,
        constraints,
        metric,
        direction,
        sampler,
        scheduler,
        stop,
        parallel,
        repeatable,
        seed,
        cpus,
        gpus,
        memory,
        trialTimeout,
        retries,
        mostFailures,
        first);
    Constraints.require(
        metric.size() == direction.size(),
        "direction",
        direction,
        "must be one for each metric: metric has " + metric.size());
    Constraints.require(
        Set.copyOf(metric).size() == metric.size(), "metric", metric, "must name none twice");
    if (metric.size() > 1 && !(scheduler instanceof NoScheduler)) {
      Constraints.require(
          false,
          "scheduler",
          alternatives().key(Scheduler.class, scheduler),
          "must be none with several metrics: which of two trials is worse is not known");
    }
    if (scheduler instanceof PopulationBasedTraining pbt) {
      Constraints.require(
          stop.trials() == 0 || stop.trials() >= pbt.populationSize(),
          "stop",
          "{trials: " + stop.trials() + "}",
          "must be {trials: %s} or more, for as many members has the population"
              .formatted(pbt.populationSize()));
    }
    metric = List.copyOf(metric);
    direction = List.copyOf(direction);
    constraints = List.copyOf(constraints);
    first = List.copyOf(first);
  }

  /**
   * 100 trials one after another, for the mean return of evaluations, by the sampler that suits.
   */
  public static TuneConfig defaults(String base, Map<String, ParameterConfig> space) {
    return new TuneConfig(
        base,
        space,
        List.of(),
        List.of(MetricNames.EVALUATION_EPISODE_RETURN_MEAN),
        List.of(Direction.MAXIMIZE),
        new SamplerConfig.Auto(),
        new NoScheduler(),
        StudyStop.defaults(),
        1,
        true,
        0,
        1,
        0,
        0,
        null,
        0,
        0,
        List.of());
  }

  /** The samplers and schedulers by their keys in a file. */
  public static Alternatives alternatives() {
    return Alternatives.of(
        Scheduler.class,
        Map.of(
            "none",
            NoScheduler.class,
            "asha",
            AshaScheduler.class,
            "hyperband",
            HyperbandScheduler.class,
            "percentile",
            PercentileScheduler.class,
            "patience",
            PatienceScheduler.class,
            "threshold",
            ThresholdScheduler.class,
            "pbt",
            PopulationBasedTraining.class));
  }

  /**
   * The space.
   *
   * @throws IllegalArgumentException if a range, condition or constraint is wrong, with its key
   */
  public SearchSpace searchSpace() {
    SearchSpace.Builder builder = SearchSpace.builder();
    space.forEach(
        (key, value) -> {
          Parameter parameter = value.parameter(key);
          if (value.when().isEmpty()) {
            builder.add(parameter);
          }
          value
              .when()
              .forEach(
                  (asked, values) ->
                      builder.add(
                          parameter,
                          new Condition(
                              asked, values.stream().map(ParameterConfig::choice).toList())));
        });
    for (String constraint : constraints) {
      builder.constraint(constraint, Inequality.parse(constraint, space.keySet()));
    }
    return builder.build();
  }

  /** A study as this file says, without a directory, a runtime and listeners. */
  public Study.Builder study() {
    Resources resources =
        Resources.cpu(cpus).with(Resources.GPU, gpus).with(Resources.MEMORY, (double) memory);
    Study.Builder study =
        Study.builder(searchSpace())
            .directions(direction.toArray(Direction[]::new))
            .metricNames(metric)
            .sampler(sampler.create(stop.trials()))
            .scheduler(scheduler)
            .stop(stop)
            .parallel(parallel)
            .repeatable(repeatable)
            .seed(seed)
            .trialResources(resources)
            .retries(retries)
            .mostFailures(mostFailures == 0 ? Integer.MAX_VALUE : mostFailures);
    if (trialTimeout != null) {
      study.trialTimeout(trialTimeout);
    }
    firstTrials().forEach(study::enqueue);
    return study;
  }

  /** {@link #first} as the space knows it: a list by what is written for it. */
  public List<Map<String, Object>> firstTrials() {
    List<Map<String, Object>> trials = new ArrayList<>();
    for (Map<String, Object> values : first) {
      Map<String, Object> trial = new LinkedHashMap<>(values);
      trial.replaceAll((key, value) -> ParameterConfig.choice(value));
      trials.add(trial);
    }
    return trials;
  }
}
