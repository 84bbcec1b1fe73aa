package org.mobula.tune.scheduler;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Stops a trial whose best value so far is worse than a percentile of what the complete trials
 * reported at the same step; at 50, the median stopping rule (Golovin et al., 2017, "Google
 * Vizier"). The rule is that of Optuna's {@code PercentilePruner}.
 */
@RecordBuilder
public record PercentileScheduler(
    @Doc("how many percent of the trials are good enough; 50 is the median")
        @Range(min = 0, max = 100)
        double percentile,
    @Doc("trials that must be complete before one is stopped") @Range(min = 0) int startupTrials,
    @Doc("no trial is stopped before this step") @Range(min = 0) long warmupSteps,
    @Doc("steps from one check of a trial to the next") @Range(min = 1) long intervalSteps,
    @Doc("complete trials that must have reported at the same step") @Range(min = 1) int minTrials)
    implements Scheduler, PercentileSchedulerBuilder.With {
  /** Checks the values. */
  public PercentileScheduler {
    Constraints.check(
        PercentileScheduler.class,
        percentile,
        startupTrials,
        warmupSteps,
        intervalSteps,
        minTrials);
  }

  /** The median, after five complete trials. */
  public static PercentileScheduler defaults() {
    return new PercentileScheduler(50, 5, 0, 1, 1);
  }

  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    if (!isChecked(trial, step, warmupSteps, intervalSteps)) {
      return Verdict.CONTINUE;
    }
    List<TrialRecord> complete =
        study.trials().stream().filter(t -> t.state() == TrialState.COMPLETE).toList();
    List<Double> reported =
        complete.stream()
            .map(other -> other.intermediateValues().get(step))
            .filter(Objects::nonNull)
            .toList();
    if (complete.isEmpty() || complete.size() < startupTrials) {
      return Verdict.CONTINUE;
    }
    double[] own =
        trial.intermediateValues().values().stream()
            .mapToDouble(study.direction()::toMinimize)
            .filter(value -> !Double.isNaN(value))
            .toArray();
    if (own.length == 0) {
      return Verdict.of(Decision.STOP);
    }
    double[] others =
        reported.stream()
            .mapToDouble(study.direction()::toMinimize)
            .filter(value -> !Double.isNaN(value))
            .sorted()
            .toArray();
    boolean worse =
        reported.size() >= minTrials
            && others.length > 0
            && Arrays.stream(own).min().orElseThrow() > quantile(others, percentile / 100);
    return worse ? Verdict.of(Decision.STOP) : Verdict.CONTINUE;
  }

  /**
   * Whether a report is the first one since the last check that was due.
   *
   * @param warmup the step of the first check
   */
  static boolean isChecked(TrialRecord trial, long step, long warmup, long interval) {
    if (step < warmup) {
      return false;
    }
    Long before = trial.intermediateValues().lowerKey(step);
    long due = (step - warmup) / interval * interval + warmup;
    return before == null || before < due;
  }

  /** Between two values it is on the straight line through them, as in NumPy. */
  private static double quantile(double[] sorted, double fraction) {
    double place = fraction * (sorted.length - 1);
    int index = (int) place;
    double below = sorted[index];
    double above = sorted[Math.min(index + 1, sorted.length - 1)];
    double between = place - index;
    if (between == 0 || below == above) {
      return below;
    }
    return between < 0.5
        ? below + (above - below) * between
        : above - (above - below) * (1 - between);
  }
}
