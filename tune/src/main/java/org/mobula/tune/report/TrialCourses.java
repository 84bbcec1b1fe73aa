package org.mobula.tune.report;

import static org.mobula.tune.report.Plot.GRAY;
import static org.mobula.tune.report.Plot.HEIGHT;
import static org.mobula.tune.report.Plot.STATES;
import static org.mobula.tune.report.Plot.WIDTH;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.mobula.tune.report.Canvas.Pen;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** Charts of how trials went, those that never came to a value too. */
final class TrialCourses {
  private static final int MOST_CURVES = 150;
  private static final int MOST_POINTS_OF_CURVE = 100;
  private static final int MOST_BARS = 1000;

  private TrialCourses() {}

  /**
   * What trials reported at their steps; ended early ones are lighter. Steps where several were
   * ended (rungs) are marked.
   */
  static Chart intermediateValues(StudyRecord study) {
    String title = "Intermediate values";
    List<TrialRecord> reported =
        study.trials().stream()
            .filter(
                trial -> trial.intermediateValues().values().stream().anyMatch(Double::isFinite))
            .toList();
    if (reported.isEmpty()) {
      return Plot.empty(title, "no trial has reported a value");
    }
    List<TrialRecord> trials =
        Trials.thinned(
            reported,
            Comparator.comparingDouble(trial -> study.direction().toMinimize(trial.value())),
            MOST_CURVES);
    double[] steps =
        reported.stream()
            .flatMap(trial -> trial.intermediateValues().keySet().stream())
            .mapToDouble(Long::doubleValue)
            .toArray();
    Scale across =
        Scale.of(
            Arrays.stream(steps).min().orElse(0),
            Arrays.stream(steps).max().orElse(1),
            false,
            1,
            6);
    double[] losses =
        reported.stream()
            .flatMap(trial -> trial.intermediateValues().values().stream())
            .filter(Double::isFinite)
            .mapToDouble(
                value -> Math.max(-1e100, Math.min(1e100, study.direction().toMinimize(value))))
            .toArray();
    ValueScale values = new ValueScale(study.direction(), losses, "intermediate value", 0.95, 2);
    Set<Double> rungs = rungs(reported);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = Plot.usual(canvas, across, values.scale());
          plot.axes(title, "step", values.name());
          plot.legend(states(reported));
          for (double rung : rungs) {
            canvas.segment(
                new Pen(GRAY, 1, 0.7, true), plot.x(rung), plot.top(), plot.x(rung), plot.bottom());
          }
          double faint = trials.size() > 50 ? 0.5 : 0.8;
          for (boolean early : new boolean[] {true, false}) {
            for (TrialRecord trial : trials) {
              if ((trial.state() == TrialState.PRUNED || trial.state() == TrialState.FAIL)
                  == early) {
                int color = Objects.requireNonNull(STATES.get(trial.state()));
                curve(plot, Pen.of(color, early ? 1 : 1.4).faint(early ? faint / 2 : faint), trial);
              }
            }
          }
          values.sayBeyond(plot);
        });
  }

  /** When each trial ran, coloured by its state. */
  static Chart timeline(StudyRecord study) {
    String title = "Timeline";
    List<TrialRecord> started =
        study.trials().stream().filter(trial -> trial.started().isPresent()).toList();
    if (started.isEmpty()) {
      return Plot.empty(title, "no trial has begun");
    }
    Instant first =
        started.stream().map(TrialCourses::start).min(Comparator.naturalOrder()).orElseThrow();
    Instant last =
        started.stream()
            .map(trial -> trial.ended().orElse(start(trial)))
            .max(Comparator.naturalOrder())
            .orElseThrow();
    double span = seconds(first, last);
    String unit = span < 1 ? "ms" : span < 300 ? "s" : span < 3 * 3600 ? "min" : "h";
    double second =
        switch (unit) {
          case "ms" -> 1000;
          case "s" -> 1;
          case "min" -> 1 / 60.0;
          default -> 1 / 3600.0;
        };
    List<TrialRecord> trials =
        Trials.thinned(started, Comparator.comparingInt(TrialRecord::number), MOST_BARS);
    Scale across = Scale.fromZero(span * second, 6);
    Scale up = Scale.of(0, Math.max(1, study.trials().size() - 1), false, 1, 6);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = Plot.usual(canvas, across, up);
          plot.axes(title, "time since the first trial began (" + unit + ")", "trial");
          plot.legend(states(started));
          double thickness =
              Math.max(1, Math.min(8, 0.7 * (plot.bottom() - plot.top()) / study.trials().size()));
          for (TrialRecord trial : trials) {
            double from = plot.x(seconds(first, start(trial)) * second);
            double to = plot.x(seconds(first, trial.ended().orElse(last)) * second);
            canvas.rectangle(
                Objects.requireNonNull(STATES.get(trial.state())),
                from,
                plot.y(trial.number()) - thickness / 2,
                Math.max(1, to - from),
                thickness);
          }
        });
  }

  private static void curve(Plot plot, Pen pen, TrialRecord trial) {
    List<Map.Entry<Long, Double>> reports = List.copyOf(trial.intermediateValues().entrySet());
    int stride = (reports.size() + MOST_POINTS_OF_CURVE - 1) / MOST_POINTS_OF_CURVE;
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < reports.size(); i++) {
      double value = reports.get(i).getValue();
      if (Double.isFinite(value) && (i % stride == 0 || i == reports.size() - 1)) {
        points.add(new double[] {reports.get(i).getKey(), value});
      }
    }
    if (points.size() == 1) {
      double[] only = points.get(0);
      plot.canvas().disc(pen.color(), pen.opacity(), plot.x(only[0]), plot.y(only[1]), 2, null);
    } else {
      plot.line(pen, points);
    }
  }

  /** Steps where at least two trials were ended; none if there are too many of them to be rungs. */
  private static Set<Double> rungs(List<TrialRecord> trials) {
    Map<Double, Integer> ends = new TreeMap<>();
    for (TrialRecord trial : trials) {
      if (trial.state() == TrialState.PRUNED) {
        ends.merge((double) trial.intermediateValues().lastKey(), 1, Integer::sum);
      }
    }
    ends.values().removeIf(count -> count < 2);
    return ends.size() > 10 ? Set.of() : ends.keySet();
  }

  private static List<Map.Entry<String, Integer>> states(List<TrialRecord> trials) {
    Map<String, Integer> states = new LinkedHashMap<>();
    for (TrialState state : TrialState.values()) {
      if (trials.stream().anyMatch(trial -> trial.state() == state)) {
        states.put(state.word(), Objects.requireNonNull(STATES.get(state)));
      }
    }
    return List.copyOf(states.entrySet());
  }

  private static Instant start(TrialRecord trial) {
    return trial.started().orElseThrow();
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toNanos() / 1e9;
  }
}
