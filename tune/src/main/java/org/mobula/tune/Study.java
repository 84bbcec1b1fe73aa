package org.mobula.tune;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.runtime.Resources;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.tune.sampler.RandomSampler;
import org.mobula.tune.sampler.Sampler;
import org.mobula.tune.scheduler.NoScheduler;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;

/**
 * Searches a space for the parameters with the best values.
 *
 * <pre>{@code
 * FloatParameter x = FloatParameter.uniform("x", -5, 5);
 * StudyResult result =
 *     Study.builder(SearchSpace.of(x)).trials(100).build().optimize(trial -> Math.pow(trial.get(x), 2));
 * }</pre>
 *
 * <p>Trials run as actors of a task runtime, as many at once as their resources allow. A study with
 * a directory keeps a journal there; it goes on from it when it is run again.
 */
public final class Study {
  final SearchSpace space;
  final String name;
  final List<Direction> directions;
  private final List<String> metricNames;
  final Sampler sampler;
  final Scheduler scheduler;
  final SeedSequence seed;
  final int parallel;
  final boolean repeatable;
  final Resources trialResources;
  private final Resources nestedResources;
  final int retries;
  final int mostFailures;
  final @Nullable Duration trialTimeout;
  final StudyStop stop;
  final List<StudyListener> listeners;
  final LongSupplier nanoClock;
  private final InstantSource wallClock;
  private final @Nullable Path directory;
  private final @Nullable TaskRuntime runtime;
  private final List<Map<String, Object>> enqueued;
  private volatile @Nullable String stopRequest;

  private Study(Builder builder) {
    space = builder.space;
    name = builder.name;
    directions = List.copyOf(builder.directions);
    metricNames = List.copyOf(builder.metricNames);
    if (!metricNames.isEmpty() && metricNames.size() != directions.size()) {
      throw new IllegalArgumentException(
          "the objectives are called %s but the study has %s directions: name each"
              .formatted(metricNames, directions.size()));
    }
    sampler = builder.sampler;
    scheduler = builder.scheduler;
    seed = SeedSequence.of(builder.seed);
    parallel = builder.parallel;
    repeatable = builder.repeatable;
    trialResources = builder.trialResources;
    nestedResources = builder.nestedResources;
    retries = builder.retries;
    mostFailures = builder.mostFailures;
    trialTimeout = builder.trialTimeout;
    stop = builder.stop;
    listeners = List.copyOf(builder.listeners);
    nanoClock = builder.nanoClock;
    wallClock = builder.wallClock;
    directory = builder.directory;
    runtime = builder.runtime;
    enqueued = List.copyOf(builder.enqueued);
  }

  /** A study of this space: minimises by random search until told otherwise. */
  public static Builder builder(SearchSpace space) {
    return new Builder(space);
  }

  /**
   * Runs trials until the study has had enough of them.
   *
   * @throws StudyException if the objective says that no trial can succeed, or too many failed
   */
  public StudyResult optimize(Objective objective) {
    if (directions.size() != 1) {
      throw new IllegalArgumentException(
          "the study has %s directions but the objective one value: use optimizeMany"
              .formatted(directions.size()));
    }
    return optimizeMany(trial -> new double[] {objective.evaluate(trial)});
  }

  /** As {@link #optimize}, of an objective with a value for each direction. */
  public StudyResult optimizeMany(MultiObjective objective) {
    StudyDirectory files = directory == null ? null : StudyDirectory.hold(directory, wallClock);
    try (files;
        Journal journal = files == null ? Journal.inMemory() : files.openJournal()) {
      StudyRecord record =
          journal.together(
              () ->
                  journal.openStudy(
                      StudyDirectory.study(journal).map(StudyRecord::name).orElse(name),
                      directions,
                      space));
      if (!metricNames.isEmpty()
          && !metricNames.equals(record.systemAttributes().get(StudyRecord.METRIC_NAMES))) {
        journal.setSystemAttribute(record, StudyRecord.METRIC_NAMES, metricNames);
      }
      for (Map<String, Object> values : enqueued) {
        enqueue(journal, record, values);
      }
      if (runtime != null) {
        return new StudyLoop(this, journal, record, files, runtime, objective).run();
      }
      try (TaskRuntime own = localRuntime(wholeTrial(), parallel)) {
        return new StudyLoop(this, journal, record, files, own, objective).run();
      }
    }
  }

  /** What a trial and all that it starts take. */
  Resources wholeTrial() {
    return sum(trialResources, nestedResources);
  }

  private static Resources sum(Resources one, Resources other) {
    Resources sum = one;
    for (Map.Entry<String, Long> more : other.micros().entrySet()) {
      sum = sum.withMicros(more.getKey(), sum.micros(more.getKey()) + more.getValue());
    }
    return sum;
  }

  /** Trials that only wait for each other's reports need no processors for that. */
  private static TaskRuntime localRuntime(Resources trial, int parallel) {
    double wanted =
        Math.max(
            Runtime.getRuntime().availableProcessors(), trial.amount(Resources.CPU) * parallel);
    Resources all = trial.with(Resources.CPU, wanted);
    for (Map.Entry<String, Long> resource : trial.micros().entrySet()) {
      if (!resource.getKey().equals(Resources.CPU)) {
        all = all.withMicros(resource.getKey(), resource.getValue() * Math.max(1, parallel));
      }
    }
    return LocalTaskRuntime.builder().name("mobula-study").resources(all).build();
  }

  private void enqueue(Journal journal, StudyRecord record, Map<String, Object> values) {
    Map<String, Object> seen = space.seen(values);
    boolean known =
        record.trials().stream()
            .anyMatch(trial -> seen.equals(trial.systemAttributes().get(Proposals.FIXED)));
    if (!known) {
      journal.enqueue(record, Map.of(Proposals.FIXED, seen));
    }
  }

  /**
   * Asks the study to end now: running trials are cut off, and go on from their last checkpoints if
   * the study is run again. May be called from any thread.
   *
   * @param reason for a person to read
   */
  public void stop(String reason) {
    stopRequest = reason;
  }

  Optional<String> stopRequest() {
    return Optional.ofNullable(stopRequest);
  }

  /** Puts a study together. */
  public static final class Builder {
    private final SearchSpace space;
    private String name = "study";
    private List<Direction> directions = List.of(Direction.MINIMIZE);
    private List<String> metricNames = List.of();
    private Sampler sampler = new RandomSampler();
    private Scheduler scheduler = new NoScheduler();
    private long seed;
    private int parallel = 1;
    private boolean repeatable = true;
    private Resources trialResources = Resources.ONE_CPU;
    private Resources nestedResources = Resources.NONE;
    private int retries;
    private int mostFailures = Integer.MAX_VALUE;
    private @Nullable Duration trialTimeout;
    private StudyStop stop = StudyStop.defaults();
    private final List<StudyListener> listeners = new ArrayList<>();
    private LongSupplier nanoClock = System::nanoTime;
    private InstantSource wallClock = InstantSource.system();
    private @Nullable Path directory;
    private @Nullable TaskRuntime runtime;
    private final List<Map<String, Object>> enqueued = new ArrayList<>();

    private Builder(SearchSpace space) {
      this.space = space;
    }

    /**
     * What the journal calls a study that begins. One that is in the directory's journal already
     * keeps the name that it has there.
     */
    public Builder name(String newName) {
      name = newName;
      return this;
    }

    /** Smaller or larger values are better; one for each value of the objective. */
    public Builder directions(Direction... newDirections) {
      if (newDirections.length == 0) {
        throw new IllegalArgumentException("a study needs at least one direction");
      }
      directions = List.of(newDirections);
      return this;
    }

    /** Larger values are better. */
    public Builder maximize() {
      return directions(Direction.MAXIMIZE);
    }

    /** What the objectives are called in reports, one name for each direction. */
    public Builder metricNames(List<String> names) {
      metricNames = List.copyOf(names);
      return this;
    }

    /** Who chooses parameters. */
    public Builder sampler(Sampler newSampler) {
      sampler = newSampler;
      return this;
    }

    /** Who stops, pauses and resumes trials by their reports. */
    public Builder scheduler(Scheduler newScheduler) {
      scheduler = newScheduler;
      return this;
    }

    /** The root of all random numbers. */
    public Builder seed(long newSeed) {
      seed = newSeed;
      return this;
    }

    /** Ends after so many trials. */
    public Builder trials(int most) {
      return stop(stop.withTrials(most));
    }

    /** When the study has had enough. */
    public Builder stop(StudyStop newStop) {
      stop = newStop;
      return this;
    }

    /** How many trials may run at once, if the runtime has the resources for them. */
    public Builder parallel(int most) {
      if (most < 1) {
        throw new IllegalArgumentException("parallel is " + most + " but must be ≥ 1");
      }
      parallel = most;
      return this;
    }

    /**
     * Whether parallel trials wait for each other's next report, so that all decisions are taken in
     * the order of the trials' numbers and the same seed gives the same study. Otherwise each is
     * answered as it comes. On unless said otherwise.
     */
    public Builder repeatable(boolean whether) {
      repeatable = whether;
      return this;
    }

    /** What each trial holds while it runs; one CPU unless said otherwise. */
    public Builder trialResources(Resources resources) {
      trialResources = resources;
      return this;
    }

    /**
     * What the tasks and actors that a trial starts take of the same runtime, beside what it holds
     * itself: no more trials run at once than the runtime has both for. Nothing unless said.
     */
    public Builder nestedResources(Resources resources) {
      nestedResources = resources;
      return this;
    }

    /** How often a failed trial is tried again with the same parameters, as a new trial. */
    public Builder retries(int most) {
      if (most < 0) {
        throw new IllegalArgumentException("retries is " + most + " but must be ≥ 0");
      }
      retries = most;
      return this;
    }

    /** Gives the study up when more trials have failed. */
    public Builder mostFailures(int most) {
      mostFailures = most;
      return this;
    }

    /** A trial that runs for longer without a pause has failed. */
    public Builder trialTimeout(Duration most) {
      if (most.isNegative() || most.isZero()) {
        throw new IllegalArgumentException("trialTimeout is " + most + " but must be > 0");
      }
      trialTimeout = most;
      return this;
    }

    /** Keeps the journal and the trials' files there. */
    public Builder directory(Path path) {
      directory = path;
      return this;
    }

    /** Runs the trials there; else in this process. */
    public Builder runtime(TaskRuntime newRuntime) {
      runtime = newRuntime;
      return this;
    }

    /**
     * A runtime in this process with the resources for as many trials at once as the study may run,
     * for a study whose trials start tasks and actors of their own. The caller closes it.
     */
    public TaskRuntime localRuntime() {
      return Study.localRuntime(sum(trialResources, nestedResources), parallel);
    }

    /** Tells this listener what happens. */
    public Builder listener(StudyListener listener) {
      listeners.add(listener);
      return this;
    }

    /**
     * Tries these parameters before the sampler is asked, which chooses what is left out.
     *
     * @param values by name, as the objective sees them
     */
    public Builder enqueue(Map<String, ?> values) {
      enqueued.add(new LinkedHashMap<>(values));
      return this;
    }

    /** Takes the time, in nanoseconds, from here. */
    public Builder clock(LongSupplier nanos) {
      nanoClock = nanos;
      return this;
    }

    /**
     * Takes the time of day from here: with it the processes that share a study on several machines
     * know which of them are alive, so their clocks must agree within a minute.
     */
    public Builder wallClock(InstantSource source) {
      wallClock = source;
      return this;
    }

    /** The study. */
    public Study build() {
      return new Study(this);
    }
  }
}
