package org.mobula.tune.report;

import static org.mobula.tune.report.Plot.GRAY;
import static org.mobula.tune.report.Plot.HEIGHT;
import static org.mobula.tune.report.Plot.LABEL;
import static org.mobula.tune.report.Plot.TICK;
import static org.mobula.tune.report.Plot.TITLE;
import static org.mobula.tune.report.Plot.WIDTH;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.report.Canvas.Anchor;
import org.mobula.tune.report.Canvas.Pen;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** An axis for the values and one for each parameter, and a line across them for each trial. */
final class ParallelCoordinates {
  private static final int MOST_LINES = 300;
  private static final int GAP = 104;
  private static final double TOP = 64;
  private static final double BOTTOM = HEIGHT - 16.0;

  private final int objective;
  private final List<TrialRecord> worstFirst;
  private final List<Axis> axes = new ArrayList<>();
  private final int gap;
  private final double left;
  private final double right;
  private final int width;

  /**
   * An axis.
   *
   * @param parameter null for the values
   */
  private record Axis(String name, Scale scale, @Nullable Parameter parameter) {
    double y(double number) {
      return BOTTOM - scale.share(number) * (BOTTOM - TOP);
    }
  }

  ParallelCoordinates(
      StudyRecord study, int objective, List<TrialRecord> trials, List<Parameter> parameters) {
    this.objective = objective;
    worstFirst =
        Trials.thinned(study, objective, trials, MOST_LINES).stream()
            .sorted(Trials.byLoss(study, objective).reversed())
            .toList();
    ValueScale values = new ValueScale(study, objective, trials);
    axes.add(new Axis(values.name(), values.scale(), null));
    for (Parameter parameter : parameters) {
      axes.add(new Axis(parameter.name(), Scale.of(parameter, 4), parameter));
    }
    // A name has the room of two axes, for names stand by turns in two rows.
    int longest = axes.stream().mapToInt(axis -> axis.name.length()).max().orElse(0);
    gap = Math.max(GAP, (int) (0.56 * LABEL.size() * (longest + 1) / 1.75));
    // Half of the outer names stands beyond their axes.
    left = Math.max(60, half(axes.get(0).name));
    right = Math.max(70, half(axes.get(axes.size() - 1).name));
    width = Math.max(WIDTH, (int) (left + gap * parameters.size() + right));
  }

  private double half(String name) {
    return 6 + 0.56 * LABEL.size() * Plot.tail(name, 1.75 * gap).length() / 2;
  }

  Chart chart(String title) {
    return new Chart(
        title,
        width,
        HEIGHT,
        canvas -> {
          canvas.text(TITLE, 12, 20, Anchor.START, 0, Plot.fitted(title, width - 24.0, TITLE));
          for (int t = 0; t < worstFirst.size(); t++) {
            double rank = worstFirst.size() < 2 ? 1 : t / (worstFirst.size() - 1.0);
            Pen pen = Pen.of(Plot.shade(rank), rank > 0.9 ? 1.6 : 1).faint(rank > 0.9 ? 0.9 : 0.45);
            drawTrial(canvas, pen, worstFirst.get(t));
          }
          for (int i = 0; i < axes.size(); i++) {
            drawAxis(canvas, i);
          }
        });
  }

  private double x(int axis) {
    return left + (width - left - right) * axis / Math.max(1, axes.size() - 1);
  }

  private void drawTrial(Canvas canvas, Pen pen, TrialRecord trial) {
    List<double[]> run = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      Parameter parameter = axes.get(i).parameter;
      if (parameter == null) {
        run.add(new double[] {x(i), axes.get(i).y(trial.values()[objective])});
      } else if (Trials.numberOf(trial, parameter) != null) {
        double number = Trials.shaken(parameter, trial, Trials.GOLDEN, 0.3);
        run.add(new double[] {x(i), axes.get(i).y(number)});
      } else {
        drawRun(canvas, pen, run);
        run.clear();
      }
    }
    drawRun(canvas, pen, run);
  }

  private static void drawRun(Canvas canvas, Pen pen, List<double[]> run) {
    if (run.size() > 1) {
      canvas.line(
          pen,
          run.stream().mapToDouble(point -> point[0]).toArray(),
          run.stream().mapToDouble(point -> point[1]).toArray());
    }
  }

  private void drawAxis(Canvas canvas, int index) {
    Axis axis = axes.get(index);
    double x = x(index);
    Pen pen = Pen.of(GRAY, 1);
    String name = Plot.tail(axis.name, 1.75 * gap);
    canvas.text(LABEL, x, index % 2 == 0 ? 40 : 54, Anchor.MIDDLE, 0, name);
    canvas.segment(pen, x, TOP, x, BOTTOM);
    for (Scale.Tick tick : axis.scale.ticks()) {
      double y = axis.y(tick.value());
      canvas.segment(pen, x, y, x + 4, y);
      String label = Plot.fitted(tick.label(), GAP - 28.0, TICK);
      // Lines run below the label.
      canvas.rectangle(Plot.WHITE, x + 5, y - 5, 6.3 * label.length() + 2, 11);
      canvas.text(TICK, x + 6, y + 4, Anchor.START, 0, label);
    }
  }
}
