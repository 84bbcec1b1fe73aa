package org.mobula.cli.train;

import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.Figures;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingProgress;
import org.mobula.parameterserver.shard.ShardEvent;

/** A line each tenth of the run or ten seconds, for pipes and log files. */
final class ProgressLines implements TrainingDisplay {
  private static final long NANOS_BETWEEN_LINES = 10_000_000_000L;

  private final PrintWriter err;
  private final Pace pace;
  private long lastLine;
  private int tenths = -1;
  private @Nullable String evaluation;

  ProgressLines(PrintWriter err, Pace pace) {
    this.err = err;
    this.pace = pace;
  }

  @Override
  public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
    pace.count(progress);
    sayEvaluation();
    double done = pace.done(progress);
    long now = pace.elapsed();
    if ((int) (10 * done) > tenths || now - lastLine >= NANOS_BETWEEN_LINES) {
      tenths = (int) (10 * done);
      lastLine = now;
      err.println(
          "%3s %%  step %s  %s  %s"
              .formatted(
                  (int) (100 * done),
                  Figures.count(progress.environmentSteps()),
                  ProgressText.figures(progress, pace),
                  ProgressText.losses(measurements)));
    }
  }

  /** Told with the next iteration: the last one stands in the summary anyway. */
  @Override
  public void onEvaluation(TrainingProgress progress, EvaluationResult result) {
    sayEvaluation();
    evaluation = ProgressText.evaluation(progress, result);
  }

  private void sayEvaluation() {
    if (evaluation != null) {
      err.println(evaluation);
      evaluation = null;
    }
  }

  @Override
  public void workerFailed(String message) {
    err.println(message);
  }

  @Override
  public void happened(ShardEvent event) {
    err.println(event);
  }

  @Override
  public void stopping(String signal) {
    err.println(ProgressText.stopping(signal));
  }

  @Override
  public void close() {}
}
