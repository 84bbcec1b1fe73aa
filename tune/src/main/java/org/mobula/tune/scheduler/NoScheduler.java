package org.mobula.tune.scheduler;

import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** Lets every trial run to its end. */
public record NoScheduler() implements Scheduler {
  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    return Verdict.CONTINUE;
  }
}
