package org.mobula.tune.report;

import static org.mobula.tune.report.Plot.BLUE;
import static org.mobula.tune.report.Plot.GRAY;
import static org.mobula.tune.report.Plot.HEIGHT;
import static org.mobula.tune.report.Plot.INK;
import static org.mobula.tune.report.Plot.LABEL;
import static org.mobula.tune.report.Plot.ORANGE;
import static org.mobula.tune.report.Plot.SKY;
import static org.mobula.tune.report.Plot.STATES;
import static org.mobula.tune.report.Plot.TICK;
import static org.mobula.tune.report.Plot.TITLE;
import static org.mobula.tune.report.Plot.VERMILION;
import static org.mobula.tune.report.Plot.WIDTH;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.report.Canvas.Anchor;
import org.mobula.tune.report.Canvas.Pen;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * Pictures of a study. Of very many trials they show the best and some of the others. Objectives
 * are given by their index in the study's directions.
 */
public final class StudyCharts {
  private static final String NO_VALUE = "no trial has ended with a value yet";
  private static final int MOST_MARKS = 1000;
  private static final int MOST_NOTES = 300;
  private static final int MOST_LINES = 300;
  private static final int MOST_CURVES = 150;
  private static final int MOST_POINTS_OF_CURVE = 100;
  private static final int MOST_PARAMETERS = 12;
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;
  private static final int CELLS = 36;
  static final int LEVELS = 12;
  static final double OVERLAP = 0.7; // of cells, or the seams shine through

  private StudyCharts() {}

  /** The values of the complete trials, and the best so far. */
  public static Chart optimizationHistory(StudyRecord study, int objective) {
    String title = named(study, objective, "Optimisation history");
    List<TrialRecord> trials = Trials.finite(study);
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    Scale numbers = Scale.of(0, Math.max(1, study.trials().size() - 1), false, 1, 6);
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> shown = thinned(study, objective, trials, MOST_MARKS);
    List<double[]> best = bestSoFar(study, objective, trials);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = Plot.usual(canvas, numbers, values.scale());
          plot.axes(title, "trial", values.name());
          plot.legend(List.of(Map.entry("trial", BLUE), Map.entry("best so far", VERMILION)));
          for (TrialRecord trial : shown) {
            double value = trial.values()[objective];
            canvas.disc(
                BLUE,
                0.55,
                plot.x(trial.number()),
                plot.y(value),
                3,
                note(shown, trial, objective));
          }
          plot.line(Pen.of(VERMILION, 2), best);
          values.sayBeyond(plot);
        });
  }

  /**
   * A line through the parameters for each complete trial, the darker the better; a line has a gap
   * where a parameter is not there. Of many parameters the most important.
   */
  public static Chart parallelCoordinates(StudyRecord study, int objective) {
    String title = named(study, objective, "Parallel coordinates");
    List<TrialRecord> trials = Trials.finite(study);
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    List<Parameter> parameters = mostImportant(study, objective, MOST_PARAMETERS);
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> worstFirst =
        thinned(study, objective, trials, MOST_LINES).stream()
            .sorted(byLoss(study, objective).reversed())
            .toList();
    List<Scale> scales = new ArrayList<>();
    scales.add(values.scale());
    parameters.forEach(parameter -> scales.add(Scale.of(parameter, 4)));
    int gap = 104;
    int width = Math.max(WIDTH, 100 + gap * parameters.size() + 60);
    return new Chart(
        title,
        width,
        HEIGHT,
        canvas -> {
          canvas.text(TITLE, 12, 20, Anchor.START, 0, Plot.fitted(title, width - 24.0, TITLE));
          double bottom = HEIGHT - 16.0;
          double[] places = new double[scales.size()];
          for (int i = 0; i < places.length; i++) {
            places[i] = 60 + (width - 130.0) * i / Math.max(1, places.length - 1);
          }
          for (int t = 0; t < worstFirst.size(); t++) {
            TrialRecord trial = worstFirst.get(t);
            double rank = worstFirst.size() < 2 ? 1 : t / (worstFirst.size() - 1.0);
            Pen pen = Pen.of(Plot.shade(rank), rank > 0.9 ? 1.6 : 1).faint(rank > 0.9 ? 0.9 : 0.45);
            List<double[]> run = new ArrayList<>();
            for (int i = 0; i < places.length; i++) {
              Double number =
                  i == 0
                      ? Double.valueOf(trial.values()[objective])
                      : numberOf(trial, parameters.get(i - 1));
              if (number == null) {
                draw(canvas, pen, run);
                run.clear();
              } else {
                if (i > 0) {
                  number = shaken(parameters.get(i - 1), trial, GOLDEN, 0.3);
                }
                double share = scales.get(i).share(number);
                run.add(new double[] {places[i], bottom - share * (bottom - 64)});
              }
            }
            draw(canvas, pen, run);
          }
          for (int i = 0; i < places.length; i++) {
            String name = i == 0 ? values.name() : parameters.get(i - 1).name();
            canvas.text(
                LABEL, places[i], i % 2 == 0 ? 40 : 54, Anchor.MIDDLE, 0, tail(name, 1.75 * gap));
            canvas.segment(Pen.of(GRAY, 1), places[i], 64, places[i], bottom);
            for (Scale.Tick tick : scales.get(i).ticks()) {
              double y = bottom - scales.get(i).share(tick.value()) * (bottom - 64);
              canvas.segment(Pen.of(GRAY, 1), places[i], y, places[i] + 4, y);
              label(canvas, places[i] + 6, y + 4, Plot.fitted(tick.label(), gap - 28.0, TICK));
            }
          }
        });
  }

  /** The values over one parameter, the later the darker. */
  public static Chart slice(StudyRecord study, String parameter, int objective) {
    String title = named(study, objective, parameter);
    Parameter known = parameter(study, parameter);
    List<TrialRecord> trials =
        Trials.finite(study).stream().filter(trial -> numberOf(trial, known) != null).toList();
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    Scale across = Scale.of(known, 5);
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> shown = thinned(study, objective, trials, MOST_MARKS / 2);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = Plot.usual(canvas, across, values.scale());
          plot.axes(title, parameter, values.name());
          plot.legend(
              List.of(
                  Map.entry("first trial", Plot.shade(0)), Map.entry("last trial", Plot.shade(1))));
          for (TrialRecord trial : shown) {
            double age = trial.number() / Math.max(1.0, study.trials().size() - 1.0);
            canvas.disc(
                // Few shades, so that neighbours share one.
                Plot.shade(Math.rint(age * 15) / 15),
                0.8,
                plot.x(shaken(known, trial, GOLDEN, 0.5)),
                plot.y(trial.values()[objective]),
                3,
                note(shown, trial, objective));
          }
          values.sayBeyond(plot);
        });
  }

  /** The values over two parameters, smoothed over their neighbours, the darker the better. */
  public static Chart contour(StudyRecord study, String across, String up, int objective) {
    String title = named(study, objective, across + " × " + up);
    Parameter one = parameter(study, across);
    Parameter two = parameter(study, up);
    List<TrialRecord> trials =
        Trials.finite(study).stream()
            .filter(trial -> numberOf(trial, one) != null && numberOf(trial, two) != null)
            .toList();
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> used = thinned(study, objective, trials, MOST_MARKS);
    List<TrialRecord> shown = thinned(study, objective, trials, MOST_NOTES);
    Scale x = Scale.of(one, 5);
    Scale y = Scale.of(two, 5);
    Surface surface = new Surface(used, objective, x, one, y, two, values);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = new Plot(canvas, x, y, 62, 28, WIDTH - 76.0, HEIGHT - 44);
          int columns = one instanceof CategoricalParameter c ? c.choices().size() : CELLS;
          int rows = two instanceof CategoricalParameter c ? c.choices().size() : CELLS;
          double width = (plot.right() - plot.left()) / columns;
          double height = (plot.bottom() - plot.top()) / rows;
          plot.axes(title, across, up);
          for (int row = 0; row < rows; row++) {
            int from = 0;
            for (int column = 1; column <= columns; column++) {
              // Cells alike are drawn in one piece, over the seam with the next row.
              int level = surface.level((from + 0.5) / columns, (row + 0.5) / rows);
              if (column < columns
                  && level == surface.level((column + 0.5) / columns, (row + 0.5) / rows)) {
                continue;
              }
              if (level >= 0) {
                canvas.rectangle(
                    Plot.shade(level / (LEVELS - 1.0)),
                    plot.left() + from * width,
                    plot.bottom() - (row + 1) * height,
                    (column - from) * width + (column < columns ? OVERLAP : 0),
                    height + (row > 0 ? OVERLAP : 0));
              }
              from = column;
            }
          }
          for (TrialRecord trial : shown) {
            canvas.disc(
                INK,
                0.75,
                plot.x(shaken(one, trial, GOLDEN, 0.5)),
                plot.y(shaken(two, trial, Math.sqrt(2), 0.5)),
                2.2,
                note(shown, trial, objective));
          }
          values.bar(canvas, WIDTH - 66.0, plot.top(), plot.bottom());
        });
  }

  /**
   * Both kinds of importances of the parameters, the greater by PED-ANOVA first; a parameter that
   * is there only sometimes has none by fANOVA.
   */
  public static Chart importances(StudyRecord study, int objective) {
    String title = named(study, objective, "Importances");
    Map<String, Double> all = Importances.pedAnova(study, objective);
    if (all.isEmpty()) {
      return Plot.empty(title, "fewer than two trials have ended with a value");
    }
    Map<String, Double> fanova = Importances.fanova(study, objective, SeedSequence.of(0));
    List<String> names = all.keySet().stream().limit(MOST_PARAMETERS).toList();
    int row = 34;
    int height = Math.max(HEIGHT, 100 + row * names.size());
    return new Chart(
        title,
        WIDTH,
        height,
        canvas -> {
          double most =
              Stream.concat(all.values().stream(), fanova.values().stream())
                  .mapToDouble(Double::doubleValue)
                  .max()
                  .orElse(1);
          Scale share = Scale.fromZero(most, 5);
          Scale none = new Scale(0, 1, false, List.of());
          Plot plot = new Plot(canvas, share, none, 150, 46, WIDTH - 50.0, height - 44);
          plot.axes("", "share of importance", "");
          canvas.text(TITLE, 12, 20, Anchor.START, 0, Plot.fitted(title, WIDTH - 24.0, TITLE));
          plot.legend(List.of(Map.entry("PED-ANOVA", BLUE), Map.entry("fANOVA", ORANGE)));
          for (int i = 0; i < names.size(); i++) {
            double y = plot.top() + 6 + i * row;
            canvas.text(LABEL, 143, y + 17, Anchor.END, 0, tail(names.get(i), 132));
            bar(plot, BLUE, y, all.get(names.get(i)));
            bar(plot, ORANGE, y + 13, fanova.get(names.get(i)));
          }
        });
  }

  /**
   * What trials reported at their steps; ended early ones are lighter. Steps where several were
   * ended (rungs) are marked.
   */
  public static Chart intermediateValues(StudyRecord study) {
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
  public static Chart timeline(StudyRecord study) {
    String title = "Timeline";
    List<TrialRecord> started =
        study.trials().stream().filter(trial -> trial.started().isPresent()).toList();
    if (started.isEmpty()) {
      return Plot.empty(title, "no trial has begun");
    }
    Instant first =
        started.stream().map(StudyCharts::start).min(Comparator.naturalOrder()).orElseThrow();
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
        Trials.thinned(started, Comparator.comparingInt(TrialRecord::number), MOST_MARKS);
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

  /** Two objectives of the complete trials, and those that no other one dominates. */
  public static Chart paretoFront(StudyRecord study, int across, int up) {
    String title = "Pareto front";
    List<TrialRecord> trials = Trials.finite(study);
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    List<TrialRecord> front = Trials.paretoFront(study);
    Set<TrialRecord> ofFront = new LinkedHashSet<>(front);
    ValueScale x = new ValueScale(study, across, trials);
    ValueScale y = new ValueScale(study, up, trials);
    List<TrialRecord> others =
        thinned(
            study,
            across,
            trials.stream().filter(trial -> !ofFront.contains(trial)).toList(),
            MOST_MARKS);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = Plot.usual(canvas, x.scale(), y.scale());
          plot.axes(title, x.name(), y.name());
          plot.legend(List.of(Map.entry("Pareto front", VERMILION), Map.entry("dominated", SKY)));
          for (List<TrialRecord> group : List.of(others, front)) {
            for (TrialRecord trial : group) {
              canvas.disc(
                  group == front ? VERMILION : SKY,
                  group == front ? 1 : 0.6,
                  plot.x(trial.values()[across]),
                  plot.y(trial.values()[up]),
                  group == front ? 4 : 3,
                  note(trials, trial, across));
            }
          }
        });
  }

  /** The parameters by PED-ANOVA, then those of which it does not know. */
  static List<Parameter> mostImportant(StudyRecord study, int objective, int most) {
    Map<String, Parameter> known = Trials.parameters(study);
    Set<String> names = new LinkedHashSet<>(Importances.pedAnova(study, objective).keySet());
    names.addAll(known.keySet());
    return names.stream()
        .map(known::get)
        .filter(Objects::nonNull)
        .filter(parameter -> parameter.cardinality() > 1)
        .limit(most)
        .toList();
  }

  private static Parameter parameter(StudyRecord study, String name) {
    Map<String, Parameter> known = Trials.parameters(study);
    Parameter parameter = known.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException(
          "no trial has a parameter %s; there are %s".formatted(name, known.keySet()));
    }
    return parameter;
  }

  private static String named(StudyRecord study, int objective, String title) {
    int objectives = study.directions().size();
    if (objective < 0 || objective >= objectives) {
      throw new IllegalArgumentException(
          "objective %d is asked for but the study has %d, counted from 0"
              .formatted(objective, objectives));
    }
    return objectives == 1 ? title : title + " (" + Trials.objectiveName(study, objective) + ")";
  }

  private static Comparator<TrialRecord> byLoss(StudyRecord study, int objective) {
    return Comparator.comparingDouble(trial -> Trials.loss(study, trial, objective));
  }

  private static List<TrialRecord> thinned(
      StudyRecord study, int objective, List<TrialRecord> trials, int most) {
    return Trials.thinned(trials, byLoss(study, objective), most);
  }

  private static List<double[]> bestSoFar(
      StudyRecord study, int objective, List<TrialRecord> trials) {
    List<double[]> steps = new ArrayList<>();
    double best = Double.NaN;
    for (TrialRecord trial : trials) {
      double value = trial.values()[objective];
      if (study.directions().get(objective).better(value, best)) {
        if (!steps.isEmpty()) {
          steps.add(new double[] {trial.number(), best});
        }
        steps.add(new double[] {trial.number(), value});
        best = value;
      }
    }
    steps.add(new double[] {study.trials().size() - 1.0, best});
    return steps;
  }

  private static @Nullable String note(List<TrialRecord> shown, TrialRecord trial, int objective) {
    if (shown.size() > MOST_NOTES) {
      return null;
    }
    return "trial " + trial.number() + ": " + Scale.words(trial.values()[objective]);
  }

  static @Nullable Double numberOf(TrialRecord trial, Parameter parameter) {
    Double number = trial.parameters().get(parameter.name());
    // A range may have changed during the study.
    return number != null && parameter.contains(number) ? number : null;
  }

  /**
   * A choice a little beside its place, so that marks do not hide each other.
   *
   * @param irrational spreads the trials by their numbers
   */
  private static double shaken(
      Parameter parameter, TrialRecord trial, double irrational, double width) {
    double number = Objects.requireNonNull(numberOf(trial, parameter));
    double share = trial.number() * irrational % 1 - 0.5;
    return parameter instanceof CategoricalParameter ? number + width * share : number;
  }

  private static void draw(Canvas canvas, Pen pen, List<double[]> run) {
    if (run.size() > 1) {
      canvas.line(
          pen,
          run.stream().mapToDouble(point -> point[0]).toArray(),
          run.stream().mapToDouble(point -> point[1]).toArray());
    }
  }

  /** The end of a dotted name says more than its beginning. */
  private static String tail(String name, double width) {
    String cut = Plot.fitted(name, width, LABEL);
    if (cut.equals(name)) {
      return name;
    }
    int kept = cut.codePointCount(0, cut.length()) - 1;
    int from = name.offsetByCodePoints(0, name.codePointCount(0, name.length()) - kept);
    return "…" + name.substring(from);
  }

  /** A text that lines run below. */
  private static void label(Canvas canvas, double x, double y, String text) {
    canvas.rectangle(Plot.WHITE, x - 1, y - 9, 6.3 * text.length() + 2, 11);
    canvas.text(TICK, x, y, Anchor.START, 0, text);
  }

  private static void bar(Plot plot, int color, double y, @Nullable Double share) {
    if (share != null) {
      double x = plot.x(share);
      plot.canvas().rectangle(color, plot.left(), y, Math.max(1, x - plot.left()), 11);
      plot.canvas()
          .text(TICK, x + 4, y + 10, Anchor.START, 0, Math.round(share * 1000) / 10.0 + " %");
    }
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
        states.put(StudyReport.words(state), Objects.requireNonNull(STATES.get(state)));
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
