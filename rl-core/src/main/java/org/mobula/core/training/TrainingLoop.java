package org.mobula.core.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.collection.CollectionStoppedException;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.training.config.TrainingConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run: collect, learn, save, measure, evaluate, and again. */
final class TrainingLoop implements TrainingControl {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingLoop.class);
  private static final int PROBE_ROWS = 64;

  /** What a failure meets: it decides what of the run is whole. */
  enum Stage {
    /** All of it. */
    BETWEEN_ITERATIONS,
    /** The parameters, but not the episodes that were being played. */
    COLLECTING,
    /** Nothing: the parameters are between two iterations. */
    LEARNING
  }

  private final TrainingConfig config;
  private final TrainingProgress progress;
  private final TrainingState run;
  private final RunCheckpoints checkpoints;
  private final Evaluation evaluation;
  private final @Nullable RunDirectory directory;
  private final List<TrainingListener> listeners;
  private final MetricSink sinks;
  private final StopRequest stop;
  private final LongSupplier nanoClock;
  private final Map<String, Double> measurements = new LinkedHashMap<>();
  private final Thread thread = Thread.currentThread();

  /** The last observations: what the network's outputs are tried on. */
  private final float[] probe;

  private int probeRows;

  /** Rounds of collecting and learning in an iteration. */
  private final int rounds;

  private Stage stage = Stage.BETWEEN_ITERATIONS;
  private @Nullable EvaluationResult lastEvaluation;
  private @Nullable RunMetrics files;
  private long started;
  private double secondsBefore;
  private boolean ended;
  private boolean adviceGiven;

  TrainingLoop(
      TrainingState run,
      Evaluation evaluation,
      @Nullable RunDirectory directory,
      List<TrainingListener> listeners,
      MetricSink sinks,
      StopRequest stop,
      LongSupplier nanoClock) {
    this.run = run;
    this.config = run.config;
    this.progress = run.progress;
    this.evaluation = evaluation;
    this.directory = directory;
    this.listeners = listeners;
    this.sinks = sinks;
    this.stop = stop;
    this.nanoClock = nanoClock;
    this.checkpoints =
        new RunCheckpoints(run, directory, stop, this::requireConverging, this::flushFiles);
    int probed = Math.min(PROBE_ROWS, run.source.environments());
    this.probe = new float[probed * run.policy.observationSpace().size()];
    this.rounds = config.algorithm().rounds(run.source.environments());
  }

  /**
   * Trains until the configuration says so or somebody asks for the end.
   *
   * @param resumed where it goes on from; null for the beginning
   * @param start where a new run begins; null for fresh parameters
   */
  TrainingResult go(@Nullable Checkpoint resumed, @Nullable StartingPoint start)
      throws IOException {
    evaluation.resetOptions(config.environment().resetOptions(1));
    started = nanoClock.getAsLong();
    if (resumed != null) {
      run.restore(resumed); // before the run's files are touched: what it refuses leaves them alone
      secondsBefore = progress.wallSeconds();
      checkpoints.resumed();
    } else {
      run.joinIn(run.store.gathered());
      if (start != null) {
        run.start(start);
      }
    }
    // Workers are waited for: only their whole rollout is progress.
    boolean steps = config.workers().count() == 0;
    run.source.stopWhen(
        () -> {
          if (steps) {
            run.store.progressed();
          }
          return collectionEnds();
        });
    if (directory == null) {
      return train(null);
    }
    Files.createDirectories(directory.path());
    try (FileChannel lock = directory.lock()) {
      LOG.debug("{} is locked by {}", directory.path(), lock);
      if (resumed == null) {
        requireFresh(directory);
      }
      RunDirectory.write(
          directory.config(), ConfigWriter.write(config, TrainingConfig.algorithms()));
      return train(new RunMetrics(directory, progress.environmentSteps()));
    }
  }

  /** Who loads a policy from two runs' checkpoints could get the one or the other. */
  private static void requireFresh(RunDirectory into) throws IOException {
    Optional<Path> newest = into.latest();
    if (newest.isPresent()) {
      throw new IllegalStateException(
          "%s holds a run already, with %s; resume it by resume(Checkpoint.read(…)), delete it, or train in another directory"
              .formatted(into.path(), newest.get().getFileName()));
    }
  }

  private TrainingResult train(@Nullable RunMetrics metrics) throws IOException {
    files = metrics;
    try {
      tell(listener -> listener.onStart(this));
      return loop();
    } catch (RuntimeException | Error e) {
      checkpoints.rescue(e, stage);
      throw e;
    } finally {
      ended = true;
      if (files != null) {
        files.close();
      }
      stop.giveInterruptBack();
    }
  }

  @Override
  public void stop(String why) {
    stop.make(why);
  }

  @Override
  public Optional<Map<String, byte[]>> parts(int mostBytes) {
    requireOwnThread("its checkpoint has the parts", "the parts");
    try {
      Map<String, byte[]> parts = run.smallParts();
      for (Map.Entry<String, Checkpoint.Writer> large :
          run.largeParts(run.source::writeState).entrySet()) {
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
    return new Policy(run.policy, run.copy(), config.network().engine());
  }

  /**
   * Each state is saved before anything is done with it that may fail or never end: measurements,
   * listeners, evaluations.
   */
  private TrainingResult loop() throws IOException {
    run.store.begin();
    Optional<String> reason = progress.endReason(config.stop());
    stop.takeInterrupt();
    if (reason.isEmpty() && !stop.isMade() && evaluationIsDue()) {
      evaluate(); // the run that is resumed ended within it
      reason = progress.endReason(config.stop());
    }
    while (reason.isEmpty() && !stop.isMade()) {
      long before = progress.environmentSteps();
      if (!iterate()) {
        stop.takeInterrupt();
        reason = progress.endReason(config.stop());
        break;
      }
      checkpoints.prove();
      reason = progress.endReason(config.stop());
      boolean evaluates = evaluationIsDue();
      if (reason.isPresent() || evaluates || checkpoints.isDue(before)) {
        checkpoints.save();
      }
      report();
      if (evaluates && !stop.isMade()) {
        evaluate();
        reason = progress.endReason(config.stop());
      }
      announceCheckpoint();
    }
    return end(reason);
  }

  /** Listeners see the interrupt: what they wait for may end by it. */
  private void tell(Consumer<TrainingListener> event) {
    stop.giveInterruptBack();
    for (TrainingListener listener : listeners) {
      try {
        event.accept(listener);
      } catch (RuntimeException e) {
        throw new TrainingException(
            "a listener (" + listener.getClass().getName() + ") failed after " + place(), e);
      }
    }
    stop.takeInterrupt();
  }

  private String place() {
    return place(progress.iterations());
  }

  private String place(long iteration) {
    return "iteration " + iteration + " (" + progress.environmentSteps() + " environment steps)";
  }

  /** Whether time is up or somebody has asked for the end; between two steps of a collection. */
  private boolean collectionEnds() {
    return stop.isMadeOrInterrupted()
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
    run.source.resetOptions(run.resetOptions.next(progress));
    try {
      do {
        collectAndLearn();
        run.round++;
      } while (run.round < rounds && progress.done() < 1);
      stage = Stage.LEARNING;
      run.round = 0;
      progress.addIteration();
      run.finished
          .factMeans()
          .forEach(
              (name, mean) ->
                  measurements.put(
                      MetricNames.ENVIRONMENT_PREFIX + name.replaceAll("[,\"\\v]", "_"), mean));
      run.finished.clear();
      run.source.measure(measurements);
      run.learner.measure(measurements);
      run.store.measure(measurements);
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
    PolicySnapshot present = run.snapshot();
    Experience experience = run.source.collect(present, progress.environmentSteps());
    stage = Stage.LEARNING;
    long lag = present.parameters().version() - experience.parameterVersion;
    if (run.round == rounds - 1) {
      measurements.put(MetricNames.ROLLOUT_POLICY_LAG, (double) lag);
    }
    progress.add(experience.rows(), experience.episodes);
    if (experience.episodes.count() > 0) {
      run.finished.addAll(experience.episodes);
    }
    if (!adviceGiven) {
      adviceGiven = true;
      ObservationAdvice.give(config, run.policy, experience);
    }
    if (experience.observationStatistics != null) {
      run.observationStatistics.merge(experience.observationStatistics);
    }
    run.store.gather(
        new Gathered(experience.rows(), experience.observationStatistics),
        run.observationStatistics);
    if (run.rewardScaling != null) {
      run.rewardScaling.measure(experience);
    }
    run.learner.learn(
        experience,
        run.store,
        new LearningMoment(done, progress.environmentSteps(), run.normalizer()));
    progress.reach(run.store.environmentSteps());
    keepProbe(experience);
  }

  private TrainingException failure(String place, RuntimeException cause) {
    boolean diverged =
        cause instanceof NonFiniteException number
            ? number.isDivergence()
            : stage == Stage.LEARNING && cause instanceof ArithmeticException;
    return new TrainingException(place + ": " + cause.getMessage(), cause, diverged);
  }

  private void keepProbe(Experience experience) {
    int size = run.policy.observationSpace().size();
    probeRows = probe.length / size;
    int from = experience.rows() - probeRows;
    for (int row = 0; row < probeRows; row++) {
      experience.observations.get(from + row, probe, row * size);
    }
  }

  /** The last update has not been looked at by anybody: the next collection would. */
  private void requireConverging() {
    PolicySnapshot present = run.snapshot();
    float[] values = present.parameters().values();
    try {
      NonFiniteException.checkDivergence(values, 0, values.length, "parameter");
      evaluation.requireFiniteOutputs(present, probe, probeRows);
    } catch (NonFiniteException e) {
      throw failure(place(), e);
    }
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
    stop.takeInterrupt();
    // The run that continues from a checkpoint does not measure again what came before it.
    boolean isSaved = checkpoints.isSaved();
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

  private void flushFiles() {
    if (files != null) {
      files.flush();
    }
  }

  /** Whether a multiple of {@code evaluation.every} was passed since the last evaluation. */
  private boolean evaluationIsDue() {
    return config.evaluation().episodes() > 0
        && progress.crossed(config.evaluation().every(), run.evaluatedSteps);
  }

  /**
   * Evaluates, unless that was just done, and notes which checkpoint is the best.
   *
   * @return false if it was asked to stop before the evaluation was over
   */
  private boolean evaluate() throws IOException {
    if (lastEvaluation != null && run.evaluatedSteps == progress.environmentSteps()) {
      return true;
    }
    Optional<EvaluationResult> found;
    try {
      found = evaluation.run(checkpoints.present(), this::evaluationEnds);
    } catch (RuntimeException e) {
      throw failure("the evaluation after " + place(), e);
    }
    stop.takeInterrupt();
    if (found.isEmpty()) {
      return false;
    }
    EvaluationResult result = found.get();
    lastEvaluation = result;
    if (run.evaluatedSteps == progress.environmentSteps()) { // before this run was resumed
      return true;
    }
    run.evaluatedSteps = progress.environmentSteps();
    progress.addEvaluation(result.meanReturn());
    checkpoints.evaluated(result.meanReturn());
    measurements.clear();
    measurements.put(MetricNames.EVALUATION_EPISODE_RETURN_MEAN, result.meanReturn());
    measurements.put(MetricNames.EVALUATION_EPISODE_RETURN_STD, result.returnDeviation());
    record();
    tell(listener -> listener.onEvaluation(progress, result));
    return true;
  }

  private boolean evaluationEnds() {
    run.store.progressed();
    return stop.isMadeOrInterrupted();
  }

  private void announceCheckpoint() {
    checkpoints
        .unannounced()
        .ifPresent(path -> tell(listener -> listener.onCheckpoint(progress, path)));
  }

  private TrainingResult end(Optional<String> met) throws IOException {
    checkpoints.save();
    boolean over = met.isPresent() && (config.evaluation().episodes() == 0 || evaluate());
    if (over) {
      checkpoints.prove();
    } else {
      checkpoints.markBest();
    }
    announceCheckpoint();
    if (files != null) {
      files.close();
      files.drawLearningCurve(config.environment().id());
    }
    TrainingResult result =
        new TrainingResult(
            run.policy,
            checkpoints.present(),
            config.network().engine(),
            progress,
            over ? met.get() : String.valueOf(stop.reason()),
            !over,
            over ? lastEvaluation : null,
            directory == null ? null : directory.path());
    tell(listener -> listener.onEnd(result));
    return result;
  }
}
