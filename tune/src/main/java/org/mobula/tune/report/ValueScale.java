package org.mobula.tune.report;

import static org.mobula.tune.report.Plot.TICK;
import static org.mobula.tune.report.Surface.LEVELS;
import static org.mobula.tune.report.Surface.OVERLAP;

import java.util.Arrays;
import java.util.List;
import org.mobula.tune.report.Canvas.Anchor;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** The values of an objective: their scale without what is far off, and their colours. */
final class ValueScale {
  private final Direction direction;
  private final double best;
  private final double worst;
  private final long beyond;
  private final String name;
  private final Scale scale;

  ValueScale(StudyRecord study, int objective, List<TrialRecord> trials) {
    this(
        study.directions().get(objective),
        trials.stream().mapToDouble(trial -> Trials.loss(study, trial, objective)).toArray(),
        Trials.objectiveName(study, objective),
        0.75,
        4);
  }

  ValueScale(Direction direction, double[] losses, String name, double quantile, double times) {
    this.direction = direction;
    this.name = name;
    double[] range = Plot.range(losses, quantile, times);
    best = range[0];
    worst = range[1];
    beyond = Arrays.stream(losses).filter(loss -> loss > worst).count();
    double one = direction.toMinimize(best);
    double other = direction.toMinimize(worst);
    scale = Scale.of(Math.min(one, other), Math.max(one, other), false, 0, 5);
  }

  Scale scale() {
    return scale;
  }

  String name() {
    return name;
  }

  /** From 0, bad, to 1, good. */
  double goodness(double value) {
    double share = (worst - direction.toMinimize(value)) / (worst - best);
    return worst > best ? Math.max(0, Math.min(1, share)) : 1;
  }

  void sayBeyond(Plot plot) {
    if (beyond > 0) {
      plot.canvas()
          .text(TICK, plot.right(), plot.top() - 4, Anchor.END, 0, beyond + " beyond the edge");
    }
  }

  /** The colours with the values that they stand for. */
  void bar(Canvas canvas, double x, double top, double bottom) {
    double height = (bottom - top) / LEVELS;
    boolean largeIsGood = direction == Direction.MAXIMIZE;
    for (int i = 0; i < LEVELS; i++) {
      int level = largeIsGood ? i : LEVELS - 1 - i;
      canvas.rectangle(
          Plot.shade(level / (LEVELS - 1.0)),
          x,
          bottom - (i + 1) * height,
          10,
          height + (i > 0 ? OVERLAP : 0));
    }
    for (Scale.Tick tick : scale.ticks()) {
      double y = bottom - scale.share(tick.value()) * (bottom - top);
      canvas.text(TICK, x + 14, y + 4, Anchor.START, 0, Plot.fitted(tick.label(), 48, TICK));
    }
  }
}
