package org.mobula.cli.output;

import java.time.Duration;
import java.util.Locale;
import org.mobula.core.training.EvaluationResult;

/** Numbers as a person reads them. */
public final class Figures {
  private Figures() {}

  /** {@code 102,400}. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** With one decimal: a return; a dash where there is none yet. */
  public static String episodeReturn(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.1f", value);
  }

  /** Three significant digits or more. */
  public static String measurement(double value) {
    double size = Math.abs(value);
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    } else if (size >= 100) {
      return String.format(Locale.ROOT, "%.0f", value);
    } else if (size >= 1) {
      return String.format(Locale.ROOT, "%.2f", value);
    } else if (size >= 1e-3 || size == 0) {
      return String.format(Locale.ROOT, "%.4f", value);
    }
    return String.format(Locale.ROOT, "%.1e", value);
  }

  /** The two largest units: {@code 1 h 5 min}. */
  public static String duration(double seconds) {
    Duration time = Duration.ofSeconds(Math.round(seconds));
    if (time.toDays() > 0) {
      return time.toDays() + " d " + time.toHoursPart() + " h";
    } else if (time.toHours() > 0) {
      return time.toHours() + " h " + time.toMinutesPart() + " min";
    } else if (time.toMinutes() > 0) {
      return time.toMinutes() + " min " + time.toSecondsPart() + " s";
    }
    return time.toSeconds() + " s";
  }

  /** {@code mean return 500.0 ± 0.0 over 100}. */
  public static String meanReturn(EvaluationResult result) {
    return String.format(
        Locale.ROOT,
        "mean return %.1f ± %.1f over %d",
        result.meanReturn(),
        result.returnDeviation(),
        result.returns().size());
  }
}
