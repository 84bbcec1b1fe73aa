package org.mobula.core.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.experience.Rollout;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.metrics.CompositeSink;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.simd.Simd;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a policy: pull the parameters, collect experience, learn, push gradients, and again, until
 * one of the conditions of {@link StopConfig} is met.
 *
 * <pre>{@code
 * TrainingResult result = Trainer.builder(config).environment(MyWorld::new).build().train();
 * }</pre>
 */
public final class Trainer {
  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

  private final TrainingConfig config;
  private final int learners;
  private final EnvironmentFactory environment;
  private final PolicySpec policy;
  private final Function<ExperienceSetup, ExperienceSource> sourcePlug;
  private final StorePlug storePlug;
  private final List<TrainingListener> listeners;
  private final MetricSink sinks;
  private final @Nullable RunDirectory directory;
  private final @Nullable Checkpoint resumed;
  private final LongSupplier nanoClock;
  private final TrainingProgress progress = new TrainingProgress();
  private volatile @Nullable String stopRequest;
  private boolean begun;

  private Trainer(Builder builder) {
    this.config = builder.config;
    this.learners = builder.learners;
    this.environment =
        builder.environment != null
            ? builder.environment
            : EnvironmentCatalogue.standard()
                .factory(config.environment().name(), config.environment().options());
    this.policy = ExperienceSetup.policy(config, environment);
    this.sourcePlug = builder.sourcePlug;
    this.storePlug = builder.storePlug;
    this.listeners = List.copyOf(builder.listeners);
    this.sinks = new CompositeSink(builder.sinks);
    this.directory = builder.directory == null ? null : new RunDirectory(builder.directory);
    this.resumed = builder.resumed;
    this.nanoClock = builder.nanoClock;
    if (resumed != null && !resumed.policy().equals(policy)) {
      throw new IllegalArgumentException(
          "the checkpoint's policy does not fit this run: it was trained with "
              + resumed.policy()
              + " but the configuration asks for "
              + policy);
    }
  }

  /** Starts to put a trainer together. */
  public static Builder builder(TrainingConfig config) {
    return new Builder(config);
  }

  /** Makes the store that parameters and optimizer live in. */
  @FunctionalInterface
  public interface StorePlug {
    /** A store that starts with these parameters. */
    ParameterStore create(TrainingConfig config, PolicySpec policy, float[] initialParameters);
  }

  /**
   * Asks the run to end after the present iteration, with a checkpoint. May be called from any
   * thread.
   *
   * @param reason for a person to read
   */
  public void stop(String reason) {
    stopRequest = reason;
  }

  /**
   * Trains until the configuration says so or {@link #stop} is called. A trainer trains once.
   *
   * <p>An interrupt of the thread that trains is a call of {@link #stop}: the present iteration
   * ends, a checkpoint is written, and the thread is still interrupted when this returns.
   *
   * @throws IllegalStateException if it has trained before, or its directory holds another run's
   *     checkpoints and it resumes none
   * @throws TrainingException if learning diverges or an environment or worker fails
   * @throws UncheckedIOException if the run directory cannot be written
   */
  public TrainingResult train() {
    if (begun) { // its progress is over, but its parameters would be fresh ones
      throw new IllegalStateException(
          "this trainer has trained already; build another, which resumes from a checkpoint if it"
              + " is to go on");
    }
    begun = true;
    if (config.network().engine() == NetworkEngine.AUTO
        && policy.network() instanceof MlpSpec
        && !Simd.available()) {
      LOG.warn(
          "this JVM was started without the Vector API, so PyTorch computes the network; start it"
              + " with --add-modules jdk.incubator.vector to train faster");
    }
    SeedSequence root = SeedSequence.of(config.seed());
    float[] initial = policy.network().initialParameters(new Pcg64(root.stream("parameters")));
    Pcg64 learnerRandom = new Pcg64(root.stream("learner"));
    try (ParameterStore store = storePlug.create(config, policy, initial);
        ExperienceSource source =
            sourcePlug.apply(new ExperienceSetup(config, policy, environment));
        Learner learner =
            config
                .algorithm()
                .learner(
                    new LearnerSetup(
                        policy,
                        config.network().engine(),
                        source.environments(),
                        config.workers().gradients(),
                        learnerRandom));
        Evaluation evaluation =
            new Evaluation(
                environment,
                policy,
                config.network().engine().create(policy.network()),
                config.evaluation().episodes(),
                config.evaluation().deterministic(),
                root.stream("evaluation").generateState(1)[0] >>> 33)) {
      return new Run(store, source, learner, evaluation).go();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      sinks.close();
    }
  }

  /** One run: the parts that live as long as it does. */
  private final class Run {
    private final ParameterStore store;
    private final ExperienceSource source;
    private final Learner learner;
    private final Evaluation evaluation;
    private final float[] parameters;
    private final RunningStatistics observationStatistics;
    private final @Nullable RewardScaling rewardScaling;
    private final Map<String, Double> measurements = new LinkedHashMap<>();
    private @Nullable EvaluationResult lastEvaluation;
    private long evaluatedSteps;
    private long savedSteps = -1;
    private @Nullable RunMetrics files;
    private long started;
    private double secondsBefore;
    private boolean interrupted;

    Run(ParameterStore store, ExperienceSource source, Learner learner, Evaluation evaluation) {
      this.store = store;
      this.source = source;
      this.learner = learner;
      this.evaluation = evaluation;
      this.parameters = new float[store.layout().size()];
      this.observationStatistics = new RunningStatistics(policy.observationSpace().flatSize());
      this.rewardScaling =
          config.normalization().rewards()
              ? new RewardScaling(
                  source.environments(),
                  config.algorithm().discount(),
                  config.normalization().clip())
              : null;
    }

    TrainingResult go() throws IOException {
      started = nanoClock.getAsLong();
      if (resumed != null) {
        restore(resumed); // before the run's files are touched: what it refuses leaves them alone
      }
      if (directory != null) {
        if (resumed == null) {
          requireFresh(directory);
        }
        Files.createDirectories(directory.path());
        RunDirectory.write(
            directory.config(), ConfigWriter.write(config, TrainingConfig.algorithms()));
        files = new RunMetrics(directory, progress.environmentSteps());
      }
      try {
        return loop();
      } finally {
        if (files != null) {
          files.close();
        }
        giveInterruptBack();
      }
    }

    /** Who loads a policy from two runs' checkpoints could get the one or the other. */
    private void requireFresh(RunDirectory into) throws IOException {
      Optional<Path> newest = into.latest();
      if (newest.isPresent()) {
        throw new IllegalStateException(
            "%s holds a run already, with %s; resume it by resume(Checkpoint.read(…)), delete it, or train in another directory"
                .formatted(into.path(), newest.get().getFileName()));
      }
    }

    private TrainingResult loop() throws IOException {
      Optional<String> reason = config.stop().reason(progress);
      takeInterrupt();
      while (reason.isEmpty() && stopRequest == null) {
        long before = progress.environmentSteps();
        iterate();
        boolean best =
            config.evaluation().episodes() > 0
                && crossed(config.evaluation().every(), before)
                && evaluate();
        reason = config.stop().reason(progress);
        if (reason.isEmpty() && (best || crossed(config.checkpoint().every(), before))) {
          save(best);
        }
      }
      return end(reason.orElseGet(() -> String.valueOf(stopRequest)), reason.isEmpty());
    }

    /** Sets the interrupt aside, since files cannot be written under one. */
    private void takeInterrupt() {
      if (Thread.interrupted()) {
        interrupted = true;
        if (stopRequest == null) {
          stop("the thread that trains was interrupted");
        }
      }
    }

    private void giveInterruptBack() {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    /** Listeners see the interrupt: what they wait for may end by it. */
    private void tell(Consumer<TrainingListener> event) {
      giveInterruptBack();
      listeners.forEach(event);
      takeInterrupt();
    }

    private void iterate() {
      long iteration = progress.iterations() + 1;
      measurements.clear();
      double done =
          Math.min(1, progress.environmentSteps() / (double) config.stop().environmentSteps());
      try {
        PolicySnapshot present = snapshot();
        Rollout rollout = source.collect(present);
        source.measure(measurements);
        long lag = present.parameters().version() - rollout.parameterVersion;
        measurements.put(MetricNames.ROLLOUT_POLICY_LAG, (double) lag);
        progress.addIteration((long) rollout.rows() * learners, rollout.episodes);
        if (rollout.observationStatistics != null) {
          observationStatistics.merge(rollout.observationStatistics);
        }
        if (rewardScaling != null) {
          rewardScaling.apply(rollout);
        }
        learner.learn(rollout, store, done, measurements);
        store.measure(measurements);
      } catch (RuntimeException e) {
        throw new TrainingException(
            "iteration "
                + iteration
                + " ("
                + progress.environmentSteps()
                + " environment steps): "
                + e.getMessage(),
            e);
      }
      progress.setWallSeconds(secondsBefore + (nanoClock.getAsLong() - started) / 1e9);
      measurements.put(MetricNames.ROLLOUT_EPISODE_RETURN_MEAN, progress.recentReturnMean());
      measurements.put(MetricNames.ROLLOUT_EPISODE_LENGTH_MEAN, progress.recentLengthMean());
      measurements.put(MetricNames.ROLLOUT_EPISODES, (double) progress.episodes());
      measurements.put(
          MetricNames.TIME_STEPS_PER_SECOND, progress.environmentSteps() / progress.wallSeconds());
      measurements.put(MetricNames.TIME_ITERATIONS, (double) progress.iterations());
      record();
      tell(listener -> listener.onIteration(progress, measurements));
    }

    private void record() {
      takeInterrupt();
      if (files != null) {
        files.record(progress.environmentSteps(), progress.wallSeconds(), measurements);
      }
      sinks.record(progress.environmentSteps(), progress.wallSeconds(), measurements);
    }

    private PolicySnapshot snapshot() {
      long version = store.pull(parameters);
      return new PolicySnapshot(new ParameterSnapshot(version, parameters), normalizer());
    }

    private @Nullable ObservationNormalizer normalizer() {
      return config.normalization().observations()
          ? ObservationNormalizer.of(observationStatistics, config.normalization().clip())
          : null;
    }

    /** Whether the last iteration passed a multiple of {@code every}. */
    private boolean crossed(long every, long before) {
      return every > 0 && before / every != progress.environmentSteps() / every;
    }

    /** Evaluates, unless that was just done; true if none before was better. */
    private boolean evaluate() {
      if (lastEvaluation != null && evaluatedSteps == progress.environmentSteps()) {
        return lastEvaluation.meanReturn() >= progress.bestEvaluation();
      }
      EvaluationResult result = evaluation.run(snapshot());
      lastEvaluation = result;
      evaluatedSteps = progress.environmentSteps();
      progress.addEvaluation(result.meanReturn());
      measurements.clear();
      measurements.put(MetricNames.EVALUATION_EPISODE_RETURN_MEAN, result.meanReturn());
      measurements.put(MetricNames.EVALUATION_EPISODE_RETURN_STD, result.returnDeviation());
      record();
      tell(listener -> listener.onEvaluation(progress, result));
      return result.meanReturn() >= progress.bestEvaluation();
    }

    private TrainingResult end(String reason, boolean stoppedEarly) throws IOException {
      boolean best = false;
      if (!stoppedEarly && config.evaluation().episodes() > 0) {
        best = evaluate();
      }
      save(best);
      if (files != null) {
        files.close();
        files.drawLearningCurve(config.environment().name());
      }
      ParameterSnapshot values = store.snapshot();
      TrainingResult result =
          new TrainingResult(
              policy,
              new PolicySnapshot(values, normalizer()),
              config.network().engine(),
              progress,
              reason,
              stoppedEarly,
              stoppedEarly ? null : lastEvaluation,
              directory == null ? null : directory.path());
      tell(listener -> listener.onEnd(result));
      return result;
    }

    private void save(boolean best) throws IOException {
      if (directory == null) {
        return;
      }
      takeInterrupt();
      Path path = directory.checkpoint(progress.environmentSteps());
      // A whole checkpoint is not replaced by its like: a kill in between would leave none.
      if (savedSteps != progress.environmentSteps() || !Files.isDirectory(path)) {
        write(path);
        savedSteps = progress.environmentSteps();
      }
      if (best) {
        directory.markBest(path);
      }
      directory.keep(config.checkpoint().keep());
      tell(listener -> listener.onCheckpoint(progress, path));
    }

    private void write(Path path) throws IOException {
      Map<String, byte[]> parts = new TreeMap<>();
      parts.put("progress", Checkpoint.bytes(progress::writeState));
      parts.put("experience-source", Checkpoint.bytes(source::writeState));
      parts.put("learner", Checkpoint.bytes(learner::writeState));
      parts.put("observation-statistics", Checkpoint.bytes(observationStatistics::writeState));
      if (rewardScaling != null) {
        parts.put("reward-scaling", Checkpoint.bytes(rewardScaling::writeState));
      }
      new Checkpoint(policy, snapshot(), store.save(), parts)
          .write(path, config, Provenance.now(config.seed(), progress));
    }

    private void restore(Checkpoint checkpoint) throws IOException {
      store.restore(checkpoint.store());
      checkpoint.restore("progress", progress::readState);
      checkpoint.restore("experience-source", source::readState);
      checkpoint.restore("learner", learner::readState);
      checkpoint.restore("observation-statistics", observationStatistics::readState);
      if (rewardScaling != null) {
        checkpoint.restore("reward-scaling", rewardScaling::readState);
      }
      secondsBefore = progress.wallSeconds();
      savedSteps = progress.environmentSteps();
    }
  }

  /** Puts a trainer together; what is not given is in-process. */
  public static final class Builder {
    private final TrainingConfig config;
    private @Nullable EnvironmentFactory environment;
    private Function<ExperienceSetup, ExperienceSource> sourcePlug = ExperienceSetup::inProcess;
    private StorePlug storePlug =
        (config, policy, initial) ->
            new LocalParameterStore(
                policy.network().layout(),
                initial,
                config.algorithm().optimizer(),
                config.algorithm().maxGradientNorm());
    private final List<TrainingListener> listeners = new ArrayList<>();
    private final List<MetricSink> sinks = new ArrayList<>();
    private @Nullable Path directory;
    private @Nullable Checkpoint resumed;
    private LongSupplier nanoClock = System::nanoTime;
    private int learners = 1;

    private Builder(TrainingConfig config) {
      this.config = config;
    }

    /** Environments from here, not from the catalogue by the name in the configuration. */
    public Builder environment(EnvironmentFactory factory) {
      this.environment = factory;
      return this;
    }

    /** Where experience comes from. */
    public Builder experience(Function<ExperienceSetup, ExperienceSource> plug) {
      this.sourcePlug = plug;
      return this;
    }

    /** Where the parameters live. */
    public Builder store(StorePlug plug) {
      this.storePlug = plug;
      return this;
    }

    /** Tells this listener what happens. */
    public Builder listener(TrainingListener listener) {
      listeners.add(listener);
      return this;
    }

    /** Sends measurements there; closed at the end of the run. */
    public Builder sink(MetricSink sink) {
      sinks.add(sink);
      return this;
    }

    /**
     * Keeps configuration, measurements, learning curve and checkpoints there: in a new directory,
     * or one without checkpoints, unless the run {@linkplain #resume resumes} one.
     */
    public Builder directory(Path path) {
      this.directory = path;
      return this;
    }

    /** Goes on from this checkpoint. */
    public Builder resume(Checkpoint checkpoint) {
      this.resumed = checkpoint;
      return this;
    }

    /**
     * Makes this one of several trainers whose stores are the same: their steps count together,
     * taken to be as many for each.
     *
     * @param count of the trainers, this one included
     */
    public Builder learners(int count) {
      if (count < 1) {
        throw new IllegalArgumentException("learners is " + count + " but must be ≥ 1");
      }
      this.learners = count;
      return this;
    }

    /** Takes the time, in nanoseconds, from here. */
    public Builder clock(LongSupplier nanos) {
      this.nanoClock = nanos;
      return this;
    }

    /**
     * The trainer.
     *
     * @throws IllegalArgumentException if environment, algorithm and checkpoint do not fit together
     */
    public Trainer build() {
      return new Trainer(this);
    }
  }
}
