package org.mobula.tune.scheduler;

import io.soabase.recordbuilder.core.RecordBuilder;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** Stops a trial whose last reports are no better than what it had reported before them. */
@RecordBuilder
public record PatienceScheduler(
    @Doc("reports without an improvement that stop a trial") @Range(min = 1) int patience,
    @Doc("a value better by no more than this is no improvement") @Range(min = 0) double minDelta)
    implements Scheduler, PatienceSchedulerBuilder.With {
  /** Checks the values. */
  public PatienceScheduler {
    Constraints.check(PatienceScheduler.class, patience, minDelta);
  }

  /** Ten reports, and any improvement counts. */
  public static PatienceScheduler defaults() {
    return new PatienceScheduler(10, 0);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    double before = Double.POSITIVE_INFINITY;
    double after = Double.POSITIVE_INFINITY;
    int left = trial.intermediateValues().size();
    if (left <= patience) {
      return Verdict.CONTINUE;
    }
    for (double value : trial.intermediateValues().values()) {
      double smallerIsBetter = study.direction().toMinimize(value);
      if (Double.isNaN(value)) {
        smallerIsBetter = Double.POSITIVE_INFINITY;
      }
      if (left > patience) {
        before = Math.min(before, smallerIsBetter);
      } else {
        after = Math.min(after, smallerIsBetter);
      }
      left--;
    }
    return after < before - minDelta ? Verdict.CONTINUE : Verdict.of(Decision.STOP);
  }
}
