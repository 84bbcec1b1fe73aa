package org.mobula.tune.scheduler;

import java.util.List;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * Decides which trials go on, by what they report.
 *
 * <p>As a sampler, a scheduler is a function of what the journal holds; what it needs to remember
 * it hands out as attributes. One thread at a time.
 */
public interface Scheduler {
  /** The system attribute that is true while a trial is paused. */
  String PAUSED = "mobula:paused";

  /**
   * Asked after each report, which is in the trial's intermediate values already.
   *
   * @param step the one reported
   */
  Verdict onReport(StudyRecord study, TrialRecord trial, long step);

  /**
   * What to do with a free place.
   *
   * @param mayBegin whether new trials are within the study's budget; if not, {@link Next.Sample}
   *     and {@link Next.Begin} are not to be answered. A {@link Next.Copy} goes on in place of a
   *     trial and needs no budget
   */
  default Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
    return mayBegin ? Next.SAMPLE : Next.WAIT;
  }

  /** Whether {@link #next} may answer with a {@link Next.Copy} of a trial that has paused. */
  default boolean copies() {
    return false;
  }

  /**
   * Several schedulers at once: a trial stops if any says so, else pauses if any says so. At most
   * one of them may pause trials.
   */
  static Scheduler anyOf(Scheduler... schedulers) {
    return new AnyScheduler(List.of(schedulers));
  }

  /** Whether a trial is paused. */
  static boolean isPaused(TrialRecord trial) {
    return !trial.state().isFinished() && Boolean.TRUE.equals(trial.systemAttributes().get(PAUSED));
  }
}
