package org.mobula.tune.report;

import static org.mobula.tune.report.StudyCharts.LEVELS;
import static org.mobula.tune.report.StudyCharts.numberOf;

import java.util.List;
import java.util.Objects;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.TrialRecord;

/** Means of the neighbours' values, weighted by a Gaussian of their distance. */
final class Surface {
  private static final double BANDWIDTH = 0.06;

  private final double[] x;
  private final double[] y;
  private final double[] goodness;
  private final double widthOfX;
  private final double widthOfY;

  Surface(
      List<TrialRecord> trials,
      int objective,
      Scale across,
      Parameter one,
      Scale up,
      Parameter two,
      ValueScale values) {
    x = new double[trials.size()];
    y = new double[trials.size()];
    goodness = new double[trials.size()];
    for (int i = 0; i < x.length; i++) {
      TrialRecord trial = trials.get(i);
      x[i] = across.share(Objects.requireNonNull(numberOf(trial, one)));
      y[i] = up.share(Objects.requireNonNull(numberOf(trial, two)));
      goodness[i] = values.goodness(trial.values()[objective]);
    }
    widthOfX = width(one);
    widthOfY = width(two);
  }

  /** Choices know nothing of each other. */
  private static double width(Parameter parameter) {
    return parameter instanceof CategoricalParameter c ? 0.01 / c.choices().size() : BANDWIDTH;
  }

  /** From 0, bad, to {@link StudyCharts#LEVELS} − 1; −1 where no trial is near. */
  int level(double atX, double atY) {
    double[] squares = new double[x.length];
    double nearest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < squares.length; i++) {
      double dx = (x[i] - atX) / widthOfX;
      double dy = (y[i] - atY) / widthOfY;
      squares[i] = dx * dx + dy * dy;
      nearest = Math.min(nearest, squares[i]);
    }
    if (nearest > 36) {
      return -1;
    }
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < squares.length; i++) {
      double weight = Math.exp((nearest - squares[i]) / 2);
      sum += weight * goodness[i];
      weights += weight;
    }
    return (int) Math.min(LEVELS - 1.0, sum / weights * LEVELS);
  }
}
