package org.mobula.tune.report;

import java.util.List;
import java.util.Objects;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.TrialRecord;

/** Means of the neighbours' values, weighted by a Gaussian of their distance. */
final class Surface {
  /** How many colours there are. */
  static final int LEVELS = 12;

  /** Cells lie over the next ones by so much, or the seams shine through. */
  static final double OVERLAP = 0.7;

  private static final double BANDWIDTH = 0.06;
  private static final int CELLS = 36;

  private final double[] x;
  private final double[] y;
  private final double[] goodness;
  private final double widthOfX;
  private final double widthOfY;
  private final int columns;
  private final int rows;

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
      x[i] = across.share(Objects.requireNonNull(Trials.numberOf(trial, one)));
      y[i] = up.share(Objects.requireNonNull(Trials.numberOf(trial, two)));
      goodness[i] = values.goodness(trial.values()[objective]);
    }
    widthOfX = width(one);
    widthOfY = width(two);
    columns = cells(one);
    rows = cells(two);
  }

  /** Choices know nothing of each other. */
  private static double width(Parameter parameter) {
    return parameter instanceof CategoricalParameter c ? 0.01 / c.choices().size() : BANDWIDTH;
  }

  private static int cells(Parameter parameter) {
    return parameter instanceof CategoricalParameter c ? c.choices().size() : CELLS;
  }

  /** Fills a plot with cells; leaves out those that no trial is near. */
  void draw(Plot plot) {
    double width = (plot.right() - plot.left()) / columns;
    double height = (plot.bottom() - plot.top()) / rows;
    for (int row = 0; row < rows; row++) {
      int from = 0;
      for (int column = 1; column <= columns; column++) {
        // Cells alike are drawn in one piece, over the seam with the next row.
        int level = level(from, row);
        if (column < columns && level == level(column, row)) {
          continue;
        }
        if (level >= 0) {
          plot.canvas()
              .rectangle(
                  Plot.shade(level / (LEVELS - 1.0)),
                  plot.left() + from * width,
                  plot.bottom() - (row + 1) * height,
                  (column - from) * width + (column < columns ? OVERLAP : 0),
                  height + (row > 0 ? OVERLAP : 0));
        }
        from = column;
      }
    }
  }

  /** From 0, bad, to {@link #LEVELS} − 1; −1 where no trial is near. */
  private int level(int column, int row) {
    double atX = (column + 0.5) / columns;
    double atY = (row + 0.5) / rows;
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
