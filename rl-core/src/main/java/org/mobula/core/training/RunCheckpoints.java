package org.mobula.core.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.NonFiniteException;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.PolicySnapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run. A new one is unproven until an iteration from there on has shown that
 * training can go on; only then may older ones go, and it may be called the best. Without a
 * directory nothing is written, but the same states are kept and handed out.
 */
final class RunCheckpoints {
  private static final Logger LOG = LoggerFactory.getLogger(RunCheckpoints.class);

  private final TrainingState run;
  private final @Nullable RunDirectory directory;
  private final StopRequest stop;
  private final Runnable convergence;
  private final Runnable flush;

  /** How far the run was when its state was last saved, or would have been with a directory. */
  private long savedSteps = -1;

  /** The policy as it was saved then, or once others push to the store: a version behind it. */
  private @Nullable PolicySnapshot saved;

  private double savedSeconds;
  private long resumedSteps = -1;
  private long announcedSteps = -1;
  private @Nullable Path unproven;

  /**
   * Of a run that has saved nothing yet.
   *
   * @param directory null to keep states in memory
   * @param convergence throws if the present parameters have diverged
   * @param flush puts measurements on the disk, before the checkpoint that follows them
   */
  RunCheckpoints(
      TrainingState run,
      @Nullable RunDirectory directory,
      StopRequest stop,
      Runnable convergence,
      Runnable flush) {
    this.run = run;
    this.directory = directory;
    this.stop = stop;
    this.convergence = convergence;
    this.flush = flush;
  }

  private long steps() {
    return run.progress.environmentSteps();
  }

  /** Whether the present state is saved. */
  boolean isSaved() {
    return savedSteps == steps();
  }

  /**
   * Whether the configuration asks for one now.
   *
   * @param before environment steps at the last iteration
   */
  boolean isDue(long before) {
    double seconds = run.config.checkpoint().everyWallTime().toMillis() / 1e3;
    return directory != null
        && (run.progress.crossed(run.config.checkpoint().every(), before)
            || (seconds > 0 && run.progress.wallSeconds() - savedSeconds >= seconds));
  }

  /**
   * The policy that the newest state holds, if that is of now. Where others push to the store, it
   * has moved on since; what is evaluated, kept and handed out must be one version.
   */
  PolicySnapshot present() {
    PolicySnapshot known = saved;
    return known != null && isSaved() ? known : run.snapshot();
  }

  /** The run has read its state from a checkpoint. */
  void resumed() {
    savedSeconds = run.progress.wallSeconds();
    savedSteps = steps();
    resumedSteps = savedSteps;
    if (directory != null && Files.isDirectory(directory.checkpoint(savedSteps))) {
      unproven = directory.checkpoint(savedSteps);
    }
  }

  /** Saves the present state, unless that was just done. One that has diverged is no state. */
  void save() throws IOException {
    convergence.run();
    if (directory == null) {
      saved = run.copy();
      savedSteps = steps();
      return;
    }
    stop.takeInterrupt();
    Path path = directory.checkpoint(steps());
    // A whole checkpoint is not replaced by its like: a kill in between would leave none.
    if (!isSaved() || !Files.isDirectory(path)) {
      write(path, run.source::writeState);
    }
  }

  /** Notes in the newest checkpoint what the evaluation of its policy came to. */
  void evaluated(double meanReturn) throws IOException {
    if (directory != null && savedSteps == run.evaluatedSteps) {
      stop.takeInterrupt();
      run.foundBest = meanReturn >= run.progress.bestEvaluation();
      Checkpoint.replaceParts(directory.checkpoint(savedSteps), run.evaluated());
    }
  }

  /** From the newest checkpoint on training has gone on well, so older ones may go. */
  void prove() throws IOException {
    if (directory != null && unproven != null) {
      convergence.run();
      stop.takeInterrupt();
      markBest();
      unproven = null;
      directory.keep(run.config.checkpoint().keep());
    }
  }

  /** Points to the newest checkpoint, if it was found to be the best. */
  void markBest() throws IOException {
    if (directory != null && unproven != null && run.foundBest) {
      run.foundBest = false;
      directory.markBest(unproven);
    }
  }

  /** The newest checkpoint, once. */
  Optional<Path> unannounced() {
    if (directory == null || savedSteps < 0 || announcedSteps == savedSteps) {
      return Optional.empty();
    }
    announcedSteps = savedSteps;
    return Optional.of(directory.checkpoint(savedSteps));
  }

  /** Leaves a checkpoint from which a failed run can go on, if there is one to be had. */
  @SuppressWarnings("CatchingUnchecked") // the failure of the run is the one to be thrown
  void rescue(Throwable failure, TrainingLoop.Stage stage) {
    boolean diverged = failure instanceof TrainingException training && training.isDivergence();
    if (directory == null || (stage == TrainingLoop.Stage.LEARNING && !diverged)) {
      return;
    }
    try {
      stop.takeInterrupt();
      if (diverged) {
        dropUnproven();
      } else if (run.progress.iterations() > 0 && !isSaved()) {
        convergence.run();
        saveWhatIsWhole(directory.checkpoint(steps()), stage);
      }
    } catch (Exception e) {
      failure.addSuppressed(e);
    }
  }

  /** Its policy diverged in the very next iteration: whoever resumed from it would, too. */
  private void dropUnproven() throws IOException {
    if (unproven != null && savedSteps != resumedSteps) { // that one is not this run's own
      RunDirectory.delete(unproven);
    }
  }

  private void saveWhatIsWhole(Path path, TrainingLoop.Stage stage) throws IOException {
    if (stage == TrainingLoop.Stage.BETWEEN_ITERATIONS) {
      try {
        write(path, run.source::writeState);
        return;
      } catch (IOException | RuntimeException e) {
        LOG.debug("the episodes cannot be saved; new ones begin", e);
      }
    }
    write(path, run.source::writeNewEpisodes);
  }

  private void write(Path path, Checkpoint.Writer sourceState) throws IOException {
    run.foundBest = false;
    flush.run();
    Map<String, byte[]> parts = run.smallParts();
    StoreState state = run.store.save(); // parameters, moments and steps of one version
    float[] values = state.parameters().values();
    NonFiniteException.checkDivergence(values, 0, values.length, "parameter");
    PolicySnapshot snapshot = run.snapshot(state);
    new Checkpoint(run.policy, snapshot, state, parts)
        .write(
            path,
            run.config,
            Provenance.now(run.config.seed(), run.progress),
            new TreeMap<>(run.largeParts(sourceState)));
    saved = snapshot;
    savedSteps = steps();
    savedSeconds = run.progress.wallSeconds();
    unproven = path;
  }
}
