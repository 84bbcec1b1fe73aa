package org.mobula.cli.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.Figures;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingProgress;

/** The words of a progress bar and of progress lines. */
final class ProgressText {
  private static final String LOSS = "loss/";
  private static final String EXPLORATION = "exploration/";

  private ProgressText() {}

  /** Speed, return and remaining time, as far as they are known. */
  static String figures(TrainingProgress progress, Pace pace) {
    List<String> words = new ArrayList<>();
    double speed = pace.stepsPerSecond(progress);
    if (!Double.isNaN(speed)) {
      words.add(Figures.count(Math.round(speed)) + " steps/s");
    }
    if (progress.episodes() > 0) {
      words.add("return " + Figures.episodeReturn(progress.recentReturnMean()));
    }
    if (!Double.isNaN(speed)) {
      words.add(Figures.duration(pace.secondsLeft(progress)) + " left");
    }
    return String.join("  ", words);
  }

  /**
   * Each term of the loss by the name that the algorithm gave it, and what else it measures of how
   * far its policy explores and moves.
   */
  static String losses(Map<String, Double> measurements) {
    List<String> words = new ArrayList<>();
    measurements.forEach(
        (name, value) -> {
          if (name.startsWith(LOSS)) {
            add(words, name.substring(LOSS.length()).replace('_', ' ') + " loss", value);
          }
        });
    add(words, "entropy", measurements.get(MetricNames.POLICY_ENTROPY));
    add(words, "kl", measurements.get(MetricNames.POLICY_KL));
    measurements.forEach(
        (name, value) -> {
          if (name.startsWith(EXPLORATION)) {
            add(words, name.substring(EXPLORATION.length()).replace('_', ' '), value);
          }
        });
    return String.join("  ", words);
  }

  private static void add(List<String> words, String name, @Nullable Double value) {
    if (value != null) {
      words.add(name + " " + Figures.measurement(value));
    }
  }

  static String evaluation(TrainingProgress progress, EvaluationResult result) {
    return "evaluation at %s steps: %s episodes"
        .formatted(Figures.count(progress.environmentSteps()), Figures.meanReturn(result));
  }

  static String stopping(String signal) {
    return signal + ": ending after this step; once more ends at once";
  }
}
