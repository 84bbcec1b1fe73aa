package org.mobula.cli.train;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.config.StopConfig;

/**
 * How fast a run goes in this process, and how much of it is left. Counted from the end of the
 * first iteration, which also loads and compiles what the others use.
 */
final class Pace {
  private final StopConfig stop;
  private final LongSupplier nanoClock;
  private final long start;
  private long firstSteps;
  private long firstElapsed;
  private boolean warm;

  /**
   * A pace that is measured from now on.
   *
   * @param stepsBefore environment steps taken by earlier processes
   */
  Pace(StopConfig stop, long stepsBefore, LongSupplier nanoClock) {
    this.stop = stop;
    this.firstSteps = stepsBefore;
    this.nanoClock = nanoClock;
    this.start = nanoClock.getAsLong();
  }

  /** Nanoseconds since the start. */
  long elapsed() {
    return nanoClock.getAsLong() - start;
  }

  /** After an iteration. */
  void count(TrainingProgress progress) {
    if (!warm) {
      warm = true;
      firstSteps = progress.environmentSteps();
      firstElapsed = elapsed();
    }
  }

  /** NaN in the first iteration. */
  double stepsPerSecond(TrainingProgress progress) {
    long steps = progress.environmentSteps() - firstSteps;
    return steps == 0 ? Double.NaN : steps / ((elapsed() - firstElapsed) / 1e9);
  }

  /** From 0 to 1, by steps or by time, whichever is further. */
  double done(TrainingProgress progress) {
    double steps = progress.environmentSteps() / (double) stop.environmentSteps();
    Duration limit = stop.wallTime();
    double time = limit == null ? 0 : progress.wallSeconds() / seconds(limit);
    return Math.min(1, Math.max(steps, time));
  }

  /** Seconds until the last step or the end of the time; NaN in the first iteration. */
  double secondsLeft(TrainingProgress progress) {
    long steps = Math.max(0, stop.environmentSteps() - progress.environmentSteps());
    double left = steps / stepsPerSecond(progress);
    @Nullable Duration limit = stop.wallTime();
    return limit == null
        ? left
        : Math.max(0, Math.min(left, seconds(limit) - progress.wallSeconds()));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
