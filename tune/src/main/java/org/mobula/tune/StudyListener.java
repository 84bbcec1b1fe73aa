package org.mobula.tune;

import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** Is told what happens in a study, in the thread that runs it. */
public interface StudyListener {
  /** A trial has begun, or goes on after a pause. */
  default void onStart(StudyRecord study, TrialRecord trial) {}

  /** A trial has reported and was answered. */
  default void onReport(StudyRecord study, TrialRecord trial, long step, Decision decision) {}

  /** A trial is complete, pruned or failed. */
  default void onEnd(StudyRecord study, TrialRecord trial) {}

  /**
   * Something is wrong that the study can live with: a line of the journal that cannot be read, or
   * a trial that was asked for with a value outside the space.
   */
  default void onWarning(String warning) {}
}
