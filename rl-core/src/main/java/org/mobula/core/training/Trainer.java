package org.mobula.core.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.collection.CollectionStoppedException;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.ObservationScale;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.EpisodeLog;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.metrics.CompositeSink;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EvaluationEnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
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
  private static final int PROBE_ROWS = 64;

  private final TrainingConfig config;
  private final EnvironmentFactory environment;
  private final EnvironmentFactory evaluationEnvironment;
  private final PolicySpec policy;
  private final Function<ExperienceSetup, ExperienceSource> sourcePlug;
  private final StorePlug storePlug;
  private final List<TrainingListener> listeners;
  private final MetricSink sinks;
  private final @Nullable RunDirectory directory;
  private final @Nullable Checkpoint resumed;
  private final LongSupplier nanoClock;
  private final TrainingProgress progress;
  private volatile @Nullable String stopRequest;
  private final @Nullable Curriculum curriculum;
  private Map<String, Object> resetOptions;

  /** The iteration that the reset options are for, from 1; 0 before there is one. */
  private long resetOptionsIteration;

  private boolean begun;

  private Trainer(Builder builder) {
    // What a checkpoint's policy means by its outputs stays as it was, whatever is usual by now.
    this.config = builder.resumed == null ? builder.config : asIn(builder.resumed, builder.config);
    this.environment =
        builder.environment != null
            ? builder.environment
            : named(config.environment().id(), config.environment().options());
    this.policy = ExperienceSetup.policy(config, environment);
    this.evaluationEnvironment = evaluationEnvironment(builder);
    this.progress = new TrainingProgress(config.stop().environmentSteps());
    this.sourcePlug = builder.sourcePlug != null ? builder.sourcePlug : ExperienceSetup::inProcess;
    this.storePlug = builder.storePlug != null ? builder.storePlug : Trainer::inMemory;
    this.listeners = List.copyOf(builder.listeners);
    this.sinks = new CompositeSink(builder.sinks);
    this.directory = builder.directory == null ? null : new RunDirectory(builder.directory);
    this.resumed = builder.resumed;
    this.curriculum = builder.curriculum;
    this.resetOptions = config.environment().resetOptions(0);
    this.nanoClock = builder.nanoClock;
    if (resumed != null && !resumed.policy().isTrainableAs(policy)) {
      throw new IllegalArgumentException(
          "the checkpoint's policy does not fit this run: it was trained with "
              + resumed.policy()
              + " but the configuration asks for "
              + policy);
    }
    requireNetworks();
  }

  /**
   * A learner beside a run's trainer has no parameters in its checkpoint: they are at the shards.
   */
  private void requireNetworks() {
    ParameterLayout layout = config.layout(policy);
    int saved = resumed == null ? 0 : resumed.store().parameters().values().length;
    if (saved > 0 && saved != layout.size()) {
      throw new IllegalArgumentException(
          "the checkpoint's networks have %s parameters but this run's, %s, have %s: take the checkpoint whole, with networks.safetensors, and the settings that it was trained with"
              .formatted(saved, layout.networks(), layout.size()));
    }
  }

  private EnvironmentFactory evaluationEnvironment(Builder builder) {
    EvaluationEnvironmentConfig other = config.evaluation().environment();
    EnvironmentFactory factory = builder.evaluationEnvironment;
    if (factory == null) {
      if (other == null) {
        return environment;
      }
      String name = other.name() == null ? config.environment().id() : other.name();
      try {
        factory = named(name, other.options());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "evaluation.environment: "
                + e.getMessage()
                + "; one that only the program knows is given by Builder.evaluationEnvironment",
            e);
      }
    }
    try (Environment evaluated = factory.create()) {
      Space observations = evaluated.observationSpace();
      Space actions = evaluated.actionSpace();
      if (!observations.equals(policy.observationSpace())
          || !actions.equals(policy.actionSpace())) {
        throw new IllegalArgumentException(
            "the evaluation environment has observations %s and actions %s, but training has observations %s and actions %s; both must be equal, bounds included"
                .formatted(observations, actions, policy.observationSpace(), policy.actionSpace()));
      }
    }
    return factory;
  }

  private static EnvironmentFactory named(String id, Map<String, Object> options) {
    if (id.indexOf(':') >= 0) {
      throw new IllegalArgumentException(
          id
              + " is stepped in Python, by the module rollout-workers:"
              + " Trainer.Builder.environment(PythonEnvironments.of(config.environment()))");
    }
    return EnvironmentCatalogue.standard().factory(id, options);
  }

  /**
   * The next iteration's reset options; the curriculum is asked once for each iteration, also where
   * one is ended before its time and another run continues it.
   */
  private Map<String, Object> nextResetOptions() {
    long iteration = progress.iterations() + 1;
    if (resetOptionsIteration == iteration) {
      return resetOptions;
    }
    try {
      Map<String, Object> present = config.environment().resetOptions(progress.done());
      Map<String, Object> next = curriculum == null ? present : asked(curriculum, present);
      OptionState.requireSavable(next);
      resetOptions = Map.copyOf(next);
    } catch (RuntimeException e) {
      throw new TrainingException("the reset options of iteration " + iteration, e);
    }
    resetOptionsIteration = iteration;
    return resetOptions;
  }

  /** Before environments are made: they may know no others. */
  private Map<String, Object> lastResetOptions(Checkpoint checkpoint) throws IOException {
    if (checkpoint.parts().containsKey("reset-options")) { // older ones had none
      checkpoint.restore(
          "reset-options",
          in -> {
            resetOptionsIteration = in.readLong();
            resetOptions = OptionState.read(in);
          });
    }
    return resetOptions;
  }

  /** What the curriculum returns, which sees what it returned last and what is scheduled. */
  private Map<String, Object> asked(Curriculum asked, Map<String, Object> configured) {
    Map<String, Object> last = new LinkedHashMap<>(resetOptions);
    Map<String, Object> fixed = config.environment().resetOptions();
    configured.forEach(
        (name, value) -> {
          if (!value.equals(fixed.get(name))) {
            last.put(name, value);
          }
        });
    return Objects.requireNonNull(
        asked.next(progress, Map.copyOf(last)), "the curriculum returned null; return Map.of()");
  }

  /** Starts to put a trainer together. */
  public static Builder builder(TrainingConfig config) {
    return new Builder(config);
  }

  private static TrainingConfig asIn(Checkpoint resumed, TrainingConfig config) {
    boolean scaled = resumed.policy().scaledActions();
    return ActionHead.canScale(resumed.policy().actionSpace())
        ? config.withNormalization(config.normalization().withActions(scaled))
        : config;
  }

  private static ParameterStore inMemory(
      TrainingConfig config, PolicySpec policy, float[] initialParameters) {
    return new LocalParameterStore(
        config.layout(policy),
        initialParameters,
        config.algorithm().optimizer(),
        config.algorithm().maxGradientNorm());
  }

  /** Makes the store that parameters and optimizer live in. */
  @FunctionalInterface
  public interface StorePlug {
    /**
     * A store that starts with these parameters.
     *
     * @param initialParameters of all networks, as {@link TrainingConfig#layout} has them
     */
    ParameterStore create(TrainingConfig config, PolicySpec policy, float[] initialParameters);

    /**
     * A store that starts with these parameters, for a run that may be resumed.
     *
     * @param saved the parts of the checkpoint that the run is resumed from, among them those of
     *     {@link ParameterStore#saveParts}; empty for a new run
     */
    default ParameterStore create(
        Map<String, byte[]> saved,
        TrainingConfig config,
        PolicySpec policy,
        float[] initialParameters) {
      return create(config, policy, initialParameters);
    }
  }

  /**
   * Asks the run to end with a checkpoint: before the next step of a collection or an evaluation,
   * or after the present update. A run that is resumed continues a collection where it ended. May
   * be called from any thread.
   *
   * @param reason for a person to read
   */
  public void stop(String reason) {
    stopRequest = reason;
  }

  /**
   * Trains until the configuration says so or {@link #stop} is called. A trainer trains once.
   *
   * <p>An interrupt of the thread that trains is a call of {@link #stop}, and the thread is still
   * interrupted when this returns.
   *
   * @throws IllegalStateException if it has trained before, or its directory holds another run's
   *     checkpoints and it resumes none, or another trainer is at work there
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
    SeedSequence root = SeedSequence.of(config.seed());
    float[] initial = config.initialParameters(policy, new Pcg64(root.stream("parameters")));
    Pcg64 learnerRandom = new Pcg64(root.stream("learner"));
    RewardScaling rewardScaling =
        config.normalization().rewards()
            ? new RewardScaling(
                config.environment().count(),
                config.algorithm().discount(),
                config.normalization().clip())
            : null;
    try (ParameterStore store =
            storePlug.create(
                resumed == null ? Map.of() : resumed.parts(), config, policy, initial);
        ExperienceSource source =
            source(
                new ExperienceSetup(
                    config,
                    policy,
                    environment,
                    resumed == null ? nextResetOptions() : lastResetOptions(resumed)));
        Learner learner =
            config
                .algorithm()
                .learner(
                    new LearnerSetup(
                        policy,
                        config.algorithm().networks(policy, config.network()),
                        config.network().engine(),
                        source.environments(),
                        config.workers().gradients(),
                        config.normalization().observationClip(),
                        rewardScaling,
                        learnerRandom));
        Evaluation evaluation =
            new Evaluation(
                evaluationEnvironment,
                policy,
                config.network().engine().create(policy.network()),
                config.evaluation().episodes(),
                config.evaluation().deterministic(),
                root.stream("evaluation").generateState(1)[0] >>> 33,
                config.evaluation().maxEpisodeSteps())) {
      try (Watchdog watchdog = Watchdog.start(() -> inProgress(source, evaluation), nanoClock)) {
        LOG.trace("watched by {}", watchdog);
        return new Run(store, source, learner, rewardScaling, evaluation).go();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      sinks.close();
    }
  }

  /** The environments are made and reset: the first of an environment's code to run. */
  private ExperienceSource source(ExperienceSetup setup) {
    try {
      return sourcePlug.apply(setup);
    } catch (EnvironmentException e) {
      throw new TrainingException("before the first iteration", e);
    }
  }

  private static List<StepInProgress> inProgress(ExperienceSource source, Evaluation evaluation) {
    List<StepInProgress> all = new ArrayList<>(source.inProgress());
    all.addAll(evaluation.inProgress());
    return all;
  }

  /** What a failure meets: it decides what of the run is whole. */
  private enum Stage {
    /** All of it. */
    BETWEEN_ITERATIONS,
    /** The parameters, but not the episodes that were being played. */
    COLLECTING,
    /** Nothing: the parameters are between two iterations. */
    LEARNING
  }

  /** One run: the parts that live as long as it does. */
  private final class Run implements TrainingControl {
    private final ParameterStore store;
    private final ExperienceSource source;
    private final Learner learner;
    private final Evaluation evaluation;
    private final float[] parameters;
    private final RunningStatistics observationStatistics;
    private final @Nullable RewardScaling rewardScaling;
    private final Map<String, Double> measurements = new LinkedHashMap<>();
    private final float[] probe;
    private Stage stage = Stage.BETWEEN_ITERATIONS;
    private @Nullable EvaluationResult lastEvaluation;
    private long evaluatedSteps;

    /** How far the run was when its state was last saved, or would have been with a directory. */
    private long savedSteps = -1;

    /** The policy as it was saved then, or once others push to the store: a version behind it. */
    private @Nullable PolicySnapshot saved;

    private long resumedSteps = -1;
    private double savedSeconds;
    private long announcedSteps = -1;

    /** The newest checkpoint, until an iteration from there on has shown that it can go on. */
    private @Nullable Path unproven;

    /** The last observations: what the network's outputs are tried on. */
    private int probeRows;

    /**
     * Rounds of collecting and learning in an iteration, and how many of the present one are done.
     */
    private final int rounds;

    private int round;

    /** Episodes that were over in the present iteration. */
    private final EpisodeLog finished = new EpisodeLog();

    private @Nullable ObservationNormalizer normalizer;

    /** Whether the newest checkpoint is the best, which it is told to be once it is proven. */
    private boolean foundBest;

    private @Nullable RunMetrics files;
    private long started;
    private double secondsBefore;
    private boolean interrupted;
    private final Thread thread = Thread.currentThread();
    private boolean ended;
    private boolean adviceGiven;

    Run(
        ParameterStore store,
        ExperienceSource source,
        Learner learner,
        @Nullable RewardScaling rewardScaling,
        Evaluation evaluation) {
      this.store = store;
      this.source = source;
      this.learner = learner;
      this.evaluation = evaluation;
      this.parameters = new float[policy.network().layout().size()];
      int features = policy.observationSpace().flatSize();
      this.observationStatistics = new RunningStatistics(features);
      int probed = Math.min(PROBE_ROWS, source.environments());
      this.probe = new float[probed * policy.observationSpace().size()];
      this.rewardScaling = rewardScaling;
      this.rounds = config.algorithm().rounds(source.environments());
    }

    TrainingResult go() throws IOException {
      evaluation.resetOptions(config.environment().resetOptions(1));
      started = nanoClock.getAsLong();
      if (resumed != null) {
        restore(resumed); // before the run's files are touched: what it refuses leaves them alone
      } else {
        joinIn(store.gathered());
      }
      // Workers are waited for: only their whole rollout is progress.
      boolean steps = config.workers().count() == 0;
      source.stopWhen(
          () -> {
            if (steps) {
              store.progressed();
            }
            return collectionEnds();
          });
      if (directory == null) {
        return train();
      }
      Files.createDirectories(directory.path());
      try (FileChannel lock = directory.lock()) {
        LOG.debug("{} is locked by {}", directory.path(), lock);
        return train();
      }
    }

    /** Schedules, the end and the scaling of observations are the run's. */
    private void joinIn(Gathered gathered) {
      progress.startAt(gathered.environmentSteps());
      RunningStatistics seen = gathered.observations();
      if (seen != null) {
        observationStatistics.restore(seen.count(), seen.mean(), seen.variance());
      }
    }

    private TrainingResult train() throws IOException {
      if (directory != null) {
        if (resumed == null) {
          requireFresh(directory);
        }
        RunDirectory.write(
            directory.config(), ConfigWriter.write(config, TrainingConfig.algorithms()));
        files = new RunMetrics(directory, progress.environmentSteps());
      }
      try {
        tell(listener -> listener.onStart(this));
        return loop();
      } catch (RuntimeException | Error e) {
        rescue(e);
        throw e;
      } finally {
        ended = true;
        if (files != null) {
          files.close();
        }
        giveInterruptBack();
      }
    }

    @Override
    public void stop(String why) {
      Trainer.this.stop(why);
    }

    @Override
    public Optional<Map<String, byte[]>> parts(int mostBytes) {
      requireOwnThread("its checkpoint has the parts", "the parts");
      try {
        Map<String, byte[]> parts = smallParts();
        for (Map.Entry<String, Checkpoint.Writer> large :
            largeParts(source::writeState).entrySet()) {
          Optional<byte[]> bytes = Checkpoint.bytes(large.getValue(), mostBytes);
          if (bytes.isEmpty()) {
            return Optional.empty();
          }
          parts.put(large.getKey(), bytes.get());
        }
        long sum = parts.values().stream().mapToLong(bytes -> bytes.length).sum();
        return sum > mostBytes ? Optional.empty() : Optional.of(parts);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void requireOwnThread(String afterwards, String what) {
      if (Thread.currentThread() != thread || ended) {
        throw new IllegalStateException(
            ended
                ? "the run is over; " + afterwards
                : "only the thread that trains may ask for "
                    + what
                    + ", such as a listener in onIteration");
      }
    }

    @Override
    public Policy policy() {
      requireOwnThread("its result has the policy", "the policy");
      return new Policy(
          policy, new PolicySnapshot(store.snapshot(), normalizer()), config.network().engine());
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

    /**
     * Each state is saved before anything is done with it that may fail or never end: measurements,
     * listeners, evaluations.
     */
    private TrainingResult loop() throws IOException {
      store.begin();
      Optional<String> reason = progress.endReason(config.stop());
      takeInterrupt();
      if (reason.isEmpty() && stopRequest == null && evaluationIsDue()) {
        evaluate(); // the run that is resumed ended within it
        reason = progress.endReason(config.stop());
      }
      while (reason.isEmpty() && stopRequest == null) {
        long before = progress.environmentSteps();
        if (!iterate()) {
          takeInterrupt();
          reason = progress.endReason(config.stop());
          break;
        }
        proveCheckpoint();
        reason = progress.endReason(config.stop());
        boolean evaluates = evaluationIsDue();
        if (reason.isPresent() || evaluates || checkpointIsDue(before)) {
          save();
        }
        report();
        if (evaluates && stopRequest == null) {
          evaluate();
          reason = progress.endReason(config.stop());
        }
        announceCheckpoint();
      }
      return end(reason);
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
      for (TrainingListener listener : listeners) {
        try {
          event.accept(listener);
        } catch (RuntimeException e) {
          throw new TrainingException(
              "a listener (" + listener.getClass().getName() + ") failed after " + place(), e);
        }
      }
      takeInterrupt();
    }

    private String place() {
      return place(progress.iterations());
    }

    private String place(long iteration) {
      return "iteration " + iteration + " (" + progress.environmentSteps() + " environment steps)";
    }

    /** Whether time is up or somebody has asked for the end; between two steps of a collection. */
    private boolean collectionEnds() {
      return isStopped()
          || (config.stop().wallTime() != null
              && TrainingProgress.isTimeUp(config.stop(), seconds()));
    }

    private double seconds() {
      return secondsBefore + (nanoClock.getAsLong() - started) / 1e9;
    }

    /**
     * Collects and learns, as often as the algorithm asks for.
     *
     * @return false if a collection was ended before its time: another run continues it
     */
    private boolean iterate() {
      long iteration = progress.iterations() + 1;
      measurements.clear();
      source.resetOptions(nextResetOptions());
      try {
        do {
          collectAndLearn();
          round++;
        } while (round < rounds && progress.done() < 1);
        stage = Stage.LEARNING;
        round = 0;
        progress.addIteration();
        finished
            .factMeans()
            .forEach(
                (name, mean) ->
                    measurements.put(
                        MetricNames.ENVIRONMENT_PREFIX + name.replaceAll("[,\"\\v]", "_"), mean));
        finished.clear();
        source.measure(measurements);
        learner.measure(measurements);
        store.measure(measurements);
        stage = Stage.BETWEEN_ITERATIONS;
      } catch (CollectionStoppedException e) {
        stage = Stage.BETWEEN_ITERATIONS;
        progress.setWallSeconds(seconds());
        return false;
      } catch (RuntimeException e) {
        throw failure(place(iteration), e);
      }
      progress.setWallSeconds(seconds());
      return true;
    }

    private void collectAndLearn() {
      stage = Stage.COLLECTING;
      double done = progress.done();
      PolicySnapshot present = snapshot();
      Experience experience = source.collect(present, progress.environmentSteps());
      stage = Stage.LEARNING;
      long lag = present.parameters().version() - experience.parameterVersion;
      if (round == rounds - 1) {
        measurements.put(MetricNames.ROLLOUT_POLICY_LAG, (double) lag);
      }
      progress.add(experience.rows(), experience.episodes);
      if (experience.episodes.count() > 0) {
        finished.addAll(experience.episodes);
      }
      if (!adviceGiven) {
        adviceGiven = true;
        advise(experience);
      }
      if (experience.observationStatistics != null) {
        observationStatistics.merge(experience.observationStatistics);
      }
      store.gather(
          new Gathered(experience.rows(), experience.observationStatistics), observationStatistics);
      if (rewardScaling != null) {
        rewardScaling.measure(experience);
      }
      learner.learn(
          experience, store, new LearningMoment(done, progress.environmentSteps(), normalizer()));
      progress.reach(store.environmentSteps());
      keepProbe(experience);
    }

    /** What makes learning hopeless without failing; seen in the first observations. */
    private void advise(Experience experience) {
      if (policy.network() instanceof ConvolutionSpec) {
        ConvolutionSpec.axisOrder(policy.observationSpace())
            .ifPresent(hint -> LOG.warn("observation space {}", hint));
      }
      if (!config.normalization().observations()) {
        int features = policy.observationSpace().flatSize();
        float[] flattened = new float[experience.rows() * features];
        new ObservationEncoder(policy.observationSpace())
            .flatten(experience.observations, experience.rows(), flattened);
        int largest = 0;
        for (int i = 0; i < flattened.length; i++) {
          if (Math.abs(flattened[i]) > Math.abs(flattened[largest])) {
            largest = i;
          }
        }
        ObservationScale.advice(largest % features, Math.abs(flattened[largest]))
            .ifPresent(LOG::warn);
      }
    }

    private TrainingException failure(String place, RuntimeException cause) {
      boolean diverged =
          cause instanceof NonFiniteException number
              ? number.isDivergence()
              : stage == Stage.LEARNING && cause instanceof ArithmeticException;
      return new TrainingException(place + ": " + cause.getMessage(), cause, diverged);
    }

    private void keepProbe(Experience experience) {
      int size = policy.observationSpace().size();
      probeRows = probe.length / size;
      int from = experience.rows() * size - probe.length;
      System.arraycopy(experience.observations, from, probe, 0, probe.length);
    }

    private void report() {
      measurements.put(MetricNames.ROLLOUT_EPISODE_RETURN_MEAN, progress.recentReturnMean());
      measurements.put(MetricNames.ROLLOUT_EPISODE_LENGTH_MEAN, progress.recentLengthMean());
      measurements.put(MetricNames.ROLLOUT_EPISODES, (double) progress.episodes());
      measurements.put(
          MetricNames.TIME_STEPS_PER_SECOND, progress.environmentSteps() / progress.wallSeconds());
      measurements.put(MetricNames.TIME_ITERATIONS, (double) progress.iterations());
      try {
        tell(listener -> listener.onIteration(progress, measurements));
      } finally {
        record(); // with what the listeners measured
      }
    }

    private void record() {
      takeInterrupt();
      // The run that continues from a checkpoint does not measure again what came before it.
      boolean isSaved = savedSteps == progress.environmentSteps();
      if (files != null) {
        files.record(progress.environmentSteps(), progress.wallSeconds(), measurements);
        if (isSaved) {
          files.flush();
        }
      }
      try {
        sinks.record(progress.environmentSteps(), progress.wallSeconds(), measurements);
        if (isSaved) {
          sinks.flush();
        }
      } catch (RuntimeException e) {
        throw new TrainingException("a metric sink failed after " + place(), e);
      }
    }

    /** The store's present policy, good until this is called again. */
    private PolicySnapshot snapshot() {
      long version = store.pull(parameters);
      return new PolicySnapshot(new ParameterSnapshot(version, parameters), normalizer());
    }

    /**
     * The policy that the newest state holds, if that is of now. Where others push to the store, it
     * has moved on since; what is evaluated, kept and handed out must be one version.
     */
    private PolicySnapshot present() {
      PolicySnapshot known = saved;
      return known != null && savedSteps == progress.environmentSteps() ? known : snapshot();
    }

    /** None until something was measured: a collector then helps itself. */
    private @Nullable ObservationNormalizer normalizer() {
      if (!config.normalization().observations() || observationStatistics.count() == 0) {
        return null;
      }
      ObservationNormalizer known = normalizer;
      if (known == null || known.count() != observationStatistics.count()) {
        known = ObservationNormalizer.of(observationStatistics, config.normalization().clip());
        normalizer = known;
      }
      return known;
    }

    /** Whether a multiple of {@code every} lies between. */
    private boolean crossed(long every, long before) {
      return every > 0 && before / every != progress.environmentSteps() / every;
    }

    /** Whether a multiple of {@code evaluation.every} was passed since the last evaluation. */
    private boolean evaluationIsDue() {
      return config.evaluation().episodes() > 0
          && crossed(config.evaluation().every(), evaluatedSteps);
    }

    private boolean checkpointIsDue(long before) {
      double seconds = config.checkpoint().everyWallTime().toMillis() / 1e3;
      return directory != null
          && (crossed(config.checkpoint().every(), before)
              || (seconds > 0 && progress.wallSeconds() - savedSeconds >= seconds));
    }

    /**
     * Evaluates, unless that was just done, and notes which checkpoint is the best.
     *
     * @return false if it was asked to stop before the evaluation was over
     */
    private boolean evaluate() throws IOException {
      if (lastEvaluation != null && evaluatedSteps == progress.environmentSteps()) {
        return true;
      }
      Optional<EvaluationResult> found;
      try {
        found = evaluation.run(present(), this::evaluationEnds);
      } catch (RuntimeException e) {
        throw failure("the evaluation after " + place(), e);
      }
      takeInterrupt();
      if (found.isEmpty()) {
        return false;
      }
      EvaluationResult result = found.get();
      if (evaluatedSteps == progress.environmentSteps()) { // before this run was resumed
        lastEvaluation = result;
        return true;
      }
      lastEvaluation = result;
      evaluatedSteps = progress.environmentSteps();
      progress.addEvaluation(result.meanReturn());
      if (directory != null && savedSteps == evaluatedSteps) {
        takeInterrupt();
        Path path = directory.checkpoint(savedSteps);
        foundBest = result.meanReturn() >= progress.bestEvaluation();
        Checkpoint.replaceParts(
            path, Map.of("progress", progressState(), "evaluation", evaluated()));
      }
      measurements.clear();
      measurements.put(MetricNames.EVALUATION_EPISODE_RETURN_MEAN, result.meanReturn());
      measurements.put(MetricNames.EVALUATION_EPISODE_RETURN_STD, result.returnDeviation());
      record();
      tell(listener -> listener.onEvaluation(progress, result));
      return true;
    }

    private boolean evaluationEnds() {
      store.progressed();
      return isStopped();
    }

    /** Asked in the thread that trains, between two steps. */
    private boolean isStopped() {
      return stopRequest != null || Thread.currentThread().isInterrupted();
    }

    private TrainingResult end(Optional<String> met) throws IOException {
      save();
      boolean over = met.isPresent() && (config.evaluation().episodes() == 0 || evaluate());
      if (over) {
        proveCheckpoint();
      } else if (unproven != null) {
        markBest(unproven);
      }
      announceCheckpoint();
      if (files != null) {
        files.close();
        files.drawLearningCurve(config.environment().id());
      }
      TrainingResult result =
          new TrainingResult(
              policy,
              present(),
              config.network().engine(),
              progress,
              over ? met.get() : String.valueOf(stopRequest),
              !over,
              over ? lastEvaluation : null,
              directory == null ? null : directory.path());
      tell(listener -> listener.onEnd(result));
      return result;
    }

    /** Saves the present state, unless that was just done. One that has diverged is no state. */
    private void save() throws IOException {
      requireConverging();
      if (directory == null) {
        saved = new PolicySnapshot(store.snapshot(), normalizer());
        savedSteps = progress.environmentSteps();
        return;
      }
      takeInterrupt();
      Path path = directory.checkpoint(progress.environmentSteps());
      // A whole checkpoint is not replaced by its like: a kill in between would leave none.
      if (savedSteps != progress.environmentSteps() || !Files.isDirectory(path)) {
        write(path, source::writeState);
      }
    }

    /** The last update has not been looked at by anybody: the next collection would. */
    private void requireConverging() {
      PolicySnapshot present = snapshot();
      float[] values = present.parameters().values();
      try {
        NonFiniteException.checkDivergence(values, 0, values.length, "parameter");
        evaluation.requireFiniteOutputs(present, probe, probeRows);
      } catch (NonFiniteException e) {
        throw failure(place(), e);
      }
    }

    /** From the newest checkpoint on training has gone on well, so older ones may go. */
    private void proveCheckpoint() throws IOException {
      if (directory != null && unproven != null) {
        requireConverging();
        takeInterrupt();
        markBest(unproven);
        unproven = null;
        directory.keep(config.checkpoint().keep());
      }
    }

    private void markBest(Path path) throws IOException {
      if (directory != null && foundBest) {
        foundBest = false;
        directory.markBest(path);
      }
    }

    private void announceCheckpoint() {
      if (directory != null && savedSteps >= 0 && announcedSteps != savedSteps) {
        announcedSteps = savedSteps;
        Path path = directory.checkpoint(savedSteps);
        tell(listener -> listener.onCheckpoint(progress, path));
      }
    }

    /** Leaves a checkpoint from which a failed run can go on, if there is one to be had. */
    @SuppressWarnings("CatchingUnchecked") // the failure of the run is the one to be thrown
    private void rescue(Throwable failure) {
      if (directory == null || (stage == Stage.LEARNING && !isDivergence(failure))) {
        return;
      }
      try {
        takeInterrupt();
        if (isDivergence(failure)) {
          dropUnproven();
        } else if (progress.iterations() > 0 && savedSteps != progress.environmentSteps()) {
          requireConverging();
          saveWhatIsWhole();
        }
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }

    private static boolean isDivergence(Throwable failure) {
      return failure instanceof TrainingException training && training.isDivergence();
    }

    /** Its policy diverged in the very next iteration: whoever resumed from it would, too. */
    private void dropUnproven() throws IOException {
      if (unproven != null && savedSteps != resumedSteps) { // that one is not this run's own
        RunDirectory.delete(unproven);
      }
    }

    private void saveWhatIsWhole() throws IOException {
      if (directory == null) {
        return;
      }
      Path path = directory.checkpoint(progress.environmentSteps());
      if (stage == Stage.BETWEEN_ITERATIONS) {
        try {
          write(path, source::writeState);
          return;
        } catch (IOException | RuntimeException e) {
          LOG.debug("the episodes cannot be saved; new ones begin", e);
        }
      }
      write(path, source::writeNewEpisodes);
    }

    private byte[] progressState() throws IOException {
      return Checkpoint.bytes(progress::writeState);
    }

    private byte[] evaluated() throws IOException {
      return Checkpoint.bytes(
          out -> {
            out.writeLong(evaluatedSteps);
            out.writeBoolean(foundBest);
          });
    }

    /** The parts of a checkpoint, but for those that may be large. */
    private Map<String, byte[]> smallParts() throws IOException {
      Map<String, byte[]> parts = new TreeMap<>(store.saveParts());
      parts.put("progress", progressState());
      parts.put("evaluation", evaluated());
      if (round > 0) { // the run ends within an iteration
        parts.put(
            "iteration",
            Checkpoint.bytes(
                out -> {
                  out.writeInt(round);
                  finished.writeState(out);
                }));
      }
      parts.put("observation-statistics", Checkpoint.bytes(observationStatistics::writeState));
      if (rewardScaling != null) {
        parts.put("reward-scaling", Checkpoint.bytes(rewardScaling::writeState));
      }
      parts.put(
          "reset-options",
          Checkpoint.bytes(
              out -> {
                out.writeLong(resetOptionsIteration);
                OptionState.write(resetOptions, out);
              }));
      return parts;
    }

    /** Replay memory and experience; each is written by and by. */
    private Map<String, Checkpoint.Writer> largeParts(Checkpoint.Writer sourceState) {
      return Map.of(Checkpoint.SOURCE, sourceState, Checkpoint.LEARNER, learner::writeState);
    }

    private void write(Path path, Checkpoint.Writer sourceState) throws IOException {
      foundBest = false;
      if (files != null) {
        files.flush();
      }
      Map<String, byte[]> parts = smallParts();
      StoreState state = store.save(); // parameters, moments and steps of one version
      float[] values = state.parameters().values();
      NonFiniteException.checkDivergence(values, 0, values.length, "parameter");
      PolicySnapshot snapshot = new PolicySnapshot(policyOf(state), normalizer());
      new Checkpoint(policy, snapshot, state, parts)
          .write(
              path,
              config,
              Provenance.now(config.seed(), progress),
              new TreeMap<>(largeParts(sourceState)));
      saved = snapshot;
      savedSteps = progress.environmentSteps();
      savedSeconds = progress.wallSeconds();
      unproven = path;
    }

    /** The first network of all. */
    private ParameterSnapshot policyOf(StoreState saved) {
      ParameterSnapshot all = saved.parameters();
      return all.values().length == parameters.length
          ? all
          : new ParameterSnapshot(all.version(), Arrays.copyOf(all.values(), parameters.length));
    }

    private void restore(Checkpoint checkpoint) throws IOException {
      store.restore(checkpoint.store());
      store.restoreParts(checkpoint.parts());
      checkpoint.restore("progress", progress::readState);
      checkpoint.restore(Checkpoint.SOURCE, source::readState);
      checkpoint.restore(Checkpoint.LEARNER, learner::readState);
      checkpoint.restore("observation-statistics", observationStatistics::readState);
      if (rewardScaling != null) {
        checkpoint.restore("reward-scaling", rewardScaling::readState);
      }
      if (checkpoint.parts().containsKey("iteration")) {
        checkpoint.restore(
            "iteration",
            in -> {
              round = in.readInt();
              finished.readState(in);
            });
      }
      evaluatedSteps = progress.environmentSteps();
      if (checkpoint.parts().containsKey("evaluation")) { // older ones were saved after it
        checkpoint.restore(
            "evaluation",
            in -> {
              evaluatedSteps = in.readLong();
              foundBest = in.readBoolean();
            });
      }
      secondsBefore = progress.wallSeconds();
      savedSeconds = secondsBefore;
      savedSteps = progress.environmentSteps();
      resumedSteps = savedSteps;
      if (directory != null && Files.isDirectory(directory.checkpoint(savedSteps))) {
        unproven = directory.checkpoint(savedSteps);
      }
    }
  }

  /** Puts a trainer together; what is not given is in-process. */
  public static final class Builder {
    private final TrainingConfig config;
    private @Nullable EnvironmentFactory environment;
    private @Nullable EnvironmentFactory evaluationEnvironment;
    private @Nullable Curriculum curriculum;
    private @Nullable Function<ExperienceSetup, ExperienceSource> sourcePlug;
    private @Nullable StorePlug storePlug;
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

    /**
     * Environments to judge the policy in, with the same spaces as those of training: not those
     * that it learns in, nor those of {@code evaluation.environment}.
     */
    public Builder evaluationEnvironment(EnvironmentFactory factory) {
      this.evaluationEnvironment = factory;
      return this;
    }

    /**
     * Asked before each iteration how the episodes that start in it are reset. Evaluations take
     * {@code environment.reset-options} as they are at the end of the run, so that they can be
     * compared.
     */
    public Builder curriculum(Curriculum next) {
      this.curriculum = next;
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
     * Makes this one of several trainers whose stores are the same: their steps count together, as
     * the store hears of them.
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
     * @throws IllegalArgumentException if environment, algorithm and checkpoint do not fit
     *     together, or the configuration asks for what is not plugged in
     */
    public Trainer build() {
      requirePlugs();
      return new Trainer(this);
    }

    /** What other modules do for a configuration would otherwise be left undone without a word. */
    private void requirePlugs() {
      if (config.workers().count() > 0 && sourcePlug == null) {
        throw new IllegalArgumentException(
            "workers.count is "
                + config.workers().count()
                + ", but no workers are plugged into this trainer: add"
                + " .experience(RolloutWorkers.on(runtime)) of the module rollout-workers, or leave"
                + " workers.count at 0");
      }
      if (config.parameters() != null && storePlug == null) {
        throw new IllegalArgumentException(
            "parameters names a %s, but no store is plugged into this trainer: add"
                    .formatted(config.parameters().getClass().getSimpleName())
                + " .store(ParameterServer.on(runtime, serverConfig, environment)) and"
                + " .learners(serverConfig.learners()) of the module param-server, or leave"
                + " parameters out");
      }
      if (learners > 1 && storePlug == null) {
        throw new IllegalArgumentException(
            "learners is "
                + learners
                + ", but no store that they share is plugged into this trainer: add .store(…), or"
                + " leave learners at 1");
      }
    }
  }
}
