package org.mobula.core.training;

import java.time.Duration;
import java.util.Optional;

/** When a training run has done enough. */
@FunctionalInterface
public interface StopCondition {
  /** Why the run should end now, for a person to read; empty while it should go on. */
  Optional<String> reason(TrainingProgress progress);

  /** Ends after this many environment steps. */
  static StopCondition environmentSteps(long steps) {
    return progress ->
        met(progress.environmentSteps() >= steps, steps + " environment steps are taken");
  }

  /** Ends when the mean return of the last {@code episodes} episodes is at least this. */
  static StopCondition episodeReturn(double atLeast, int episodes) {
    return progress ->
        met(
            progress.episodeReturnMean(episodes) >= atLeast,
            "the mean return of the last " + episodes + " episodes has reached " + atLeast);
  }

  /** Ends after this much wall time, earlier parts of a resumed run included. */
  static StopCondition wallTime(Duration limit) {
    return progress ->
        met(
            progress.wallSeconds() >= limit.toNanos() / 1e9,
            "the time of " + limit.toSeconds() + " s is up");
  }

  /** Ends when so many evaluations in a row were no better than the best before them. */
  static StopCondition noImprovement(int evaluations) {
    return progress ->
        met(
            progress.evaluationsSinceBest() >= evaluations,
            "the last " + evaluations + " evaluations brought no improvement");
  }

  /** Ends as soon as either is met. */
  default StopCondition or(StopCondition other) {
    return progress -> reason(progress).or(() -> other.reason(progress));
  }

  /** Ends as soon as both are met. */
  default StopCondition and(StopCondition other) {
    return progress ->
        reason(progress)
            .flatMap(first -> other.reason(progress).map(second -> first + " and " + second));
  }

  private static Optional<String> met(boolean condition, String reason) {
    return condition ? Optional.of(reason) : Optional.empty();
  }
}
