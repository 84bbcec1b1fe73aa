package org.mobula.tune.scheduler;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.Objects;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * Stops a trial that reports a value out of bounds, or NaN; the rule of Optuna's {@code
 * ThresholdPruner}.
 */
@RecordBuilder
public record ThresholdScheduler(
    @Doc("the least value that is in order") @Range(infinite = true) double lower,
    @Doc("the greatest value that is in order") @Range(infinite = true) double upper,
    @Doc("no trial is stopped before this step") @Range(min = 0) long warmupSteps,
    @Doc("steps from one check of a trial to the next") @Range(min = 1) long intervalSteps)
    implements Scheduler, ThresholdSchedulerBuilder.With {
  /** Checks the values. */
  public ThresholdScheduler {
    Constraints.check(ThresholdScheduler.class, lower, upper, warmupSteps, intervalSteps);
    Constraints.require(lower <= upper, "lower", lower, "must be ≤ upper (%s)".formatted(upper));
  }

  /** Without bounds: only NaN stops a trial. */
  public static ThresholdScheduler defaults() {
    return new ThresholdScheduler(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 0, 1);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    double value = Objects.requireNonNull(trial.intermediateValues().get(step));
    boolean inOrder = value >= lower && value <= upper;
    return inOrder || !PercentileScheduler.isChecked(trial, step, warmupSteps, intervalSteps)
        ? Verdict.CONTINUE
        : Verdict.of(Decision.STOP);
  }
}
