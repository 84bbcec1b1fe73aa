package org.mobula.core.training;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/**
 * Shows the progress of a run in lines: one for each tenth of it or ten seconds, and one for each
 * evaluation.
 *
 * <pre>{@code
 * Trainer.builder(config).listener(new ConsoleListener(System.out)).build().train();
 * }</pre>
 */
public final class ConsoleListener implements TrainingListener {
  private static final double SECONDS_BETWEEN_LINES = 10;

  private final PrintStream out;
  private int tenths = -1;
  private double lastLine;

  /** Prints there, and leaves it open. */
  public ConsoleListener(PrintStream out) {
    this.out = out;
  }

  @Override
  public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
    int tenth = (int) (10 * progress.done());
    if (tenth > tenths || progress.wallSeconds() - lastLine >= SECONDS_BETWEEN_LINES) {
      tenths = tenth;
      lastLine = progress.wallSeconds();
      say(
          "%3d %%  step %,d  %,.0f steps/s  mean return %s",
          (int) (100 * progress.done()),
          progress.environmentSteps(),
          progress.environmentSteps() / progress.wallSeconds(),
          progress.episodes() == 0
              ? "-"
              : String.format(Locale.ROOT, "%.1f", progress.recentReturnMean()));
    }
  }

  @Override
  public void onEvaluation(TrainingProgress progress, EvaluationResult result) {
    say(
        "evaluation at step %,d: mean return %.1f ± %.1f over %d episodes",
        progress.environmentSteps(),
        result.meanReturn(),
        result.returnDeviation(),
        result.returns().size());
  }

  @Override
  public void onEnd(TrainingResult result) {
    say(
        "%,d environment steps in %.1f s; ended because %s",
        result.progress().environmentSteps(), result.progress().wallSeconds(), result.reason());
  }

  private void say(String format, Object... values) {
    out.println(String.format(Locale.ROOT, format, values));
  }
}
