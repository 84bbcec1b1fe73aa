package org.mobula.core.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.collection.ExperienceSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.experience.RewardScaling;
import org.mobula.core.metrics.CompositeSink;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationEnvironmentConfig;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
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
  private final @Nullable RecordedEpisodes recordings;
  private final @Nullable StartingPoint start;
  private final LongSupplier nanoClock;
  private final TrainingProgress progress;
  private final StopRequest stop = new StopRequest();
  private final ResetOptions resetOptions;
  private boolean begun;

  private Trainer(Builder builder) {
    // What a checkpoint's policy means by its outputs stays as it was, whatever is usual by now.
    this.config = builder.resumed == null ? builder.config : asIn(builder.resumed, builder.config);
    this.environment =
        builder.environment != null ? builder.environment : named(config.environment());
    this.policy = ExperienceSetup.policy(config, environment);
    this.evaluationEnvironment = evaluationEnvironment(builder);
    this.progress = new TrainingProgress(config.stop().environmentSteps());
    this.sourcePlug = builder.sourcePlug != null ? builder.sourcePlug : ExperienceSetup::inProcess;
    this.storePlug = builder.storePlug != null ? builder.storePlug : Trainer::inMemory;
    this.listeners = new ArrayList<>(builder.listeners);
    this.sinks = new CompositeSink(builder.sinks);
    this.directory = builder.directory == null ? null : new RunDirectory(builder.directory);
    this.resumed = builder.resumed;
    this.start = builder.start;
    this.resetOptions = new ResetOptions(config.environment(), builder.curriculum);
    this.nanoClock = builder.nanoClock;
    this.recordings = builder.recordings;
    requireSpaces(recordings);
    if (recordings != null && RecordedEstimates.isFor(config, policy, recordings)) {
      listeners.add(0, new RecordedEstimates(config, recordings)); // others see what it measures
    }
    if (resumed != null && !resumed.policy().isTrainableAs(policy)) {
      throw new IllegalArgumentException(
          "the checkpoint's policy does not fit this run: it was trained with "
              + resumed.policy()
              + " but the configuration asks for "
              + policy);
    }
    requireNetworks();
  }

  private void requireSpaces(@Nullable RecordedEpisodes given) {
    if (given == null) {
      return;
    }
    Space observations = given.observationSpace();
    Space actions = given.actionSpace();
    // The bounds of observations mean nothing to a policy; those of actions are its unit.
    boolean alike =
        observations.size() == policy.observationSpace().size()
            && observations.flatSize() == policy.observationSpace().flatSize();
    if (!alike || !actions.equals(policy.actionSpace())) {
      throw new IllegalArgumentException(
          "the recordings have observations %s and actions %s, but the environment has observations %s and actions %s; both must be the same, the bounds of actions included"
              .formatted(
                  observations,
                  told(actions, policy.actionSpace()),
                  policy.observationSpace(),
                  policy.actionSpace()));
    }
    given.requireLearnable();
  }

  /**
   * A learner beside a run's trainer has no parameters in its checkpoint: they are at the shards.
   */
  private void requireNetworks() {
    ParameterLayout layout = config.layout(policy);
    if (start != null && start.store().parameters().values().length != layout.size()) {
      throw new IllegalArgumentException(
          "the run starts from %s parameters but its networks, %s, have %s"
              .formatted(
                  start.store().parameters().values().length, layout.networks(), layout.size()));
    }
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
      try {
        factory = named(other.in(config.environment()));
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
                .formatted(
                    told(observations, policy.observationSpace()),
                    told(actions, policy.actionSpace()),
                    policy.observationSpace(),
                    policy.actionSpace()));
      }
    }
    return factory;
  }

  private static String told(Space space, Space other) {
    boolean looksEqual = !space.equals(other) && space.toString().equals(other.toString());
    return looksEqual ? space + " with other bounds" : space.toString();
  }

  private static EnvironmentFactory named(EnvironmentConfig environment) {
    ExternalEnvironmentConfig external = environment.external();
    if (external != null) {
      return external.factory();
    } else if (environment.isPython()) {
      throw new IllegalArgumentException(
          environment.id()
              + " is stepped in Python, by the module rollout-workers:"
              + " Trainer.Builder.environment(PythonEnvironments.of(config.environment()))");
    }
    return EnvironmentCatalogue.standard()
        .factory(environment.id(), environment.options(), environment.wrappers());
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
    stop.make(reason);
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
                    resumed == null
                        ? resetOptions.next(progress)
                        : resetOptions.restored(resumed)));
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
                        recordings,
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
        TrainingState state =
            new TrainingState(
                config, policy, progress, resetOptions, store, source, learner, rewardScaling);
        return new TrainingLoop(state, evaluation, directory, listeners, sinks, stop, nanoClock)
            .go(resumed, start);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      sinks.close();
    }
  }

  /** The environments are made and reset: the first of an environment's code to run. */
  private ExperienceSource source(ExperienceSetup setup) {
    if (recordings != null) {
      return new RecordedSource(recordings, policy, config.normalization().observations());
    }
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
    private @Nullable RecordedEpisodes recordings;
    private @Nullable StartingPoint start;
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

    /**
     * Episodes to learn from, for an algorithm that {@linkplain
     * org.mobula.core.algorithm.AlgorithmConfig#learnsFromRecordings learns from recordings}: what
     * {@code data} names, or others. A run that is resumed is given the same ones again.
     */
    public Builder recordings(RecordedEpisodes episodes) {
      this.recordings = episodes;
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
     * Begins a new run there, not with fresh parameters. A {@link Trainer#stop} before {@link
     * Trainer#train} leaves a run in the directory that takes no step until it is resumed.
     */
    public Builder startFrom(StartingPoint point) {
      this.start = point;
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
      if (start != null && resumed != null) {
        throw new IllegalArgumentException(
            "a run that resumes a checkpoint starts there: leave out either resume or startFrom");
      }
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
      if (config.algorithm().learnsFromRecordings() && recordings == null) {
        throw new IllegalArgumentException(
            "the algorithm learns from recordings, but this trainer was given none"
                + (config.data() == null ? "" : ", nor has anything read " + config.data())
                + ": add .recordings(episodes)");
      }
      if (!config.algorithm().learnsFromRecordings() && recordings != null) {
        throw new IllegalArgumentException(
            "the trainer was given recordings, but its algorithm learns from what it collects: leave"
                + " .recordings(…) out, or learn by an algorithm such as bc");
      }
      if (config.environment().external() != null && sourcePlug == null && recordings == null) {
        throw new IllegalArgumentException(
            "environment.external is played by other processes, but nothing takes their episodes:"
                + " add .experience(EpisodeServer.start(name, config.environment(), settings)) of"
                + " the module serve");
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
