package org.mobula.cli.train;

import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.log.Log;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.parameterserver.shard.ShardEvent;

/** Two lines on a terminal that are drawn over and over, and wiped away at the end. */
final class ProgressBar implements TrainingDisplay {
  private static final long NANOS_BETWEEN_FRAMES = 100_000_000;
  private static final int MAX_BAR = 30;
  private static final int MIN_BAR = 5;
  private static final String START_OF_FIRST_LINE = "\r\u001b[1A";
  private static final String CLEAR_TO_END_OF_LINE = "\u001b[K";
  // Should the terminal have become narrower, lines are cut there and do not wrap.
  private static final String WRAP_OFF = "\u001b[?7l";
  private static final String WRAP_ON = "\u001b[?7h";

  private final PrintWriter err;
  private final int columns;
  private final Pace pace;
  private long lastFrame = Long.MIN_VALUE;
  private boolean drawn;
  private @Nullable String evaluation;

  /**
   * A bar that is not drawn yet.
   *
   * @param columns width of the terminal
   */
  ProgressBar(PrintWriter err, int columns, Pace pace) {
    this.err = err;
    this.columns = columns;
    this.pace = pace;
    Log.current().above(this::workerFailed);
  }

  @Override
  public synchronized void onIteration(
      TrainingProgress progress, Map<String, Double> measurements) {
    pace.count(progress);
    long now = pace.elapsed();
    if (lastFrame != Long.MIN_VALUE && now - lastFrame < NANOS_BETWEEN_FRAMES) {
      return;
    }
    lastFrame = now;
    sayEvaluation();
    String frame =
        WRAP_OFF
            + cut(bar(progress))
            + CLEAR_TO_END_OF_LINE
            + "\n"
            + cut("      " + ProgressText.losses(measurements))
            + CLEAR_TO_END_OF_LINE
            + WRAP_ON;
    err.print(drawn ? START_OF_FIRST_LINE + frame : frame);
    err.flush();
    drawn = true;
  }

  private String bar(TrainingProgress progress) {
    double done = pace.done(progress);
    String percent = "%3s %% ".formatted((int) (100 * done));
    String figures = ProgressText.figures(progress, pace);
    int width = Math.min(MAX_BAR, columns - 1 - percent.length() - 1 - figures.length());
    if (width < MIN_BAR) {
      return percent + figures;
    }
    int full = (int) (width * done);
    return percent + "█".repeat(full) + "░".repeat(width - full) + " " + figures;
  }

  private String cut(String line) {
    return line.length() < columns ? line : line.substring(0, columns - 1);
  }

  /** Told above the bar with the next frame: the last one stands in the summary anyway. */
  @Override
  public synchronized void onEvaluation(TrainingProgress progress, EvaluationResult result) {
    sayEvaluation();
    evaluation = ProgressText.evaluation(progress, result);
  }

  private void sayEvaluation() {
    if (evaluation != null) {
      wipe();
      err.println(evaluation);
      evaluation = null;
    }
  }

  @Override
  public synchronized void workerFailed(String message) {
    wipe();
    err.println(message);
  }

  @Override
  public void happened(ShardEvent event) {
    workerFailed(event.toString());
  }

  @Override
  public synchronized void stopping(String signal) {
    wipe();
    err.println(ProgressText.stopping(signal));
  }

  private void wipe() {
    if (drawn) {
      err.print("\r" + CLEAR_TO_END_OF_LINE + START_OF_FIRST_LINE + CLEAR_TO_END_OF_LINE);
      drawn = false;
    }
    err.flush();
  }

  @Override
  public synchronized void onEnd(TrainingResult result) {
    wipe();
  }

  @Override
  public synchronized void close() {
    Log.current().alone();
    wipe();
  }
}
