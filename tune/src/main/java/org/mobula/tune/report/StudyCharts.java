package org.mobula.tune.report;

import static org.mobula.tune.report.Plot.BLUE;
import static org.mobula.tune.report.Plot.HEIGHT;
import static org.mobula.tune.report.Plot.INK;
import static org.mobula.tune.report.Plot.LABEL;
import static org.mobula.tune.report.Plot.ORANGE;
import static org.mobula.tune.report.Plot.SKY;
import static org.mobula.tune.report.Plot.TICK;
import static org.mobula.tune.report.Plot.TITLE;
import static org.mobula.tune.report.Plot.VERMILION;
import static org.mobula.tune.report.Plot.WIDTH;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.report.Canvas.Anchor;
import org.mobula.tune.report.Canvas.Pen;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * Pictures of a study. Of very many trials they show the best and some of the others. Objectives
 * are given by their index in the study's directions.
 */
public final class StudyCharts {
  private static final String NO_VALUE = "no trial has ended with a value yet";
  private static final int MOST_MARKS = 1000;
  private static final int MOST_NOTES = 300;
  private static final int MOST_PARAMETERS = 12;

  private StudyCharts() {}

  /** The values of the complete trials and the last ones of pruned trials, and the best so far. */
  public static Chart optimizationHistory(StudyRecord study, int objective) {
    String title = named(study, objective, "Optimisation history");
    List<TrialRecord> trials = Trials.valued(study);
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    Scale numbers = Scale.of(0, Math.max(1, study.trials().size() - 1), false, 1, 6);
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> shown = Trials.thinned(study, objective, trials, MOST_MARKS);
    List<double[]> best = bestSoFar(study, objective, trials);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = Plot.usual(canvas, numbers, values.scale());
          plot.axes(title, "trial", values.name());
          List<Map.Entry<String, Integer>> legend = new ArrayList<>();
          legend.add(Map.entry("trial", BLUE));
          if (shown.stream().anyMatch(Trials::isPruned)) {
            legend.add(Map.entry("pruned", ORANGE));
          }
          legend.add(Map.entry("best so far", VERMILION));
          plot.legend(legend);
          for (TrialRecord trial : shown) {
            double value = trial.values()[objective];
            canvas.disc(
                Trials.isPruned(trial) ? ORANGE : BLUE,
                0.55,
                plot.x(trial.number()),
                plot.y(value),
                3,
                note(shown, trial, objective));
          }
          if (!best.isEmpty()) {
            plot.line(Pen.of(VERMILION, 2), best);
          }
          values.sayBeyond(plot);
        });
  }

  /**
   * A line through the parameters for each complete trial, the darker the better; a line has a gap
   * where a parameter is not there. Of many parameters the most important.
   */
  public static Chart parallelCoordinates(StudyRecord study, int objective) {
    String title = named(study, objective, "Parallel coordinates");
    List<TrialRecord> trials = Trials.valued(study);
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    return new ParallelCoordinates(
            study, objective, trials, mostImportant(study, objective, MOST_PARAMETERS))
        .chart(title);
  }

  /** The values over one parameter, the later the darker. */
  public static Chart slice(StudyRecord study, String parameter, int objective) {
    String title = named(study, objective, parameter);
    Parameter known = parameter(study, parameter);
    List<TrialRecord> trials =
        Trials.valued(study).stream()
            .filter(trial -> Trials.numberOf(trial, known) != null)
            .toList();
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    Scale across = Scale.of(known, 5);
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> shown = Trials.thinned(study, objective, trials, MOST_MARKS / 2);
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
                Trials.isPruned(trial) ? 0.45 : 0.8,
                plot.x(Trials.shaken(known, trial, Trials.GOLDEN, 0.5)),
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
        Trials.valued(study).stream()
            .filter(
                trial -> Trials.numberOf(trial, one) != null && Trials.numberOf(trial, two) != null)
            .toList();
    if (trials.isEmpty()) {
      return Plot.empty(title, NO_VALUE);
    }
    ValueScale values = new ValueScale(study, objective, trials);
    List<TrialRecord> used = Trials.thinned(study, objective, trials, MOST_MARKS);
    List<TrialRecord> shown = Trials.thinned(study, objective, trials, MOST_NOTES);
    Scale x = Scale.of(one, 5);
    Scale y = Scale.of(two, 5);
    Surface surface = new Surface(used, objective, x, one, y, two, values);
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          Plot plot = new Plot(canvas, x, y, 62, 28, WIDTH - 76.0, HEIGHT - 44);
          plot.axes(title, across, up);
          surface.draw(plot);
          for (TrialRecord trial : shown) {
            canvas.disc(
                INK,
                0.75,
                plot.x(Trials.shaken(one, trial, Trials.GOLDEN, 0.5)),
                plot.y(Trials.shaken(two, trial, Math.sqrt(2), 0.5)),
                2.2,
                note(shown, trial, objective));
          }
          values.bar(canvas, WIDTH - 66.0, plot.top(), plot.bottom());
        });
  }

  /**
   * Both kinds of importances of the parameters with more than one value, the greater by PED-ANOVA
   * first; a parameter that is there only sometimes has none by fANOVA. Other than {@link
   * Importances}, which are Optuna's, they count pruned trials too, by the last value of each.
   */
  public static Chart importances(StudyRecord study, int objective) {
    String title = named(study, objective, "Importances");
    List<TrialRecord> trials = Trials.valued(study);
    Map<String, Double> all = Importances.pedAnova(study, objective, trials);
    if (all.isEmpty()) {
      return Plot.empty(title, "fewer than two trials have ended with a value");
    }
    Map<String, Double> fanova = Importances.fanova(study, objective, SeedSequence.of(0), trials);
    Set<String> searched = Trials.searched(study).keySet();
    List<String> names =
        all.keySet().stream().filter(searched::contains).limit(MOST_PARAMETERS).toList();
    int row = 44;
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
          Plot plot = new Plot(canvas, share, none, 14, 46, WIDTH - 50.0, height - 44);
          plot.axes("", "share of importance", "");
          canvas.text(TITLE, 12, 20, Anchor.START, 0, Plot.fitted(title, WIDTH - 24.0, TITLE));
          plot.legend(List.of(Map.entry("PED-ANOVA", BLUE), Map.entry("fANOVA", ORANGE)));
          for (int i = 0; i < names.size(); i++) {
            double y = plot.top() + 6 + i * row;
            canvas.text(LABEL, 18, y + 9, Anchor.START, 0, Plot.tail(names.get(i), WIDTH - 32.0));
            bar(plot, BLUE, y + 14, all.get(names.get(i)));
            bar(plot, ORANGE, y + 26, fanova.get(names.get(i)));
          }
        });
  }

  /**
   * What trials reported at their steps; ended early ones are lighter. Steps where several were
   * ended (rungs) are marked.
   */
  public static Chart intermediateValues(StudyRecord study) {
    return TrialCourses.intermediateValues(study);
  }

  /** When each trial ran, coloured by its state. */
  public static Chart timeline(StudyRecord study) {
    return TrialCourses.timeline(study);
  }

  /** Two objectives of the complete trials, and those that no other one dominates. */
  public static Chart paretoFront(StudyRecord study, int across, int up) {
    Trials.checkObjective(study, across);
    Trials.checkObjective(study, up);
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
        Trials.thinned(
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
    Set<String> names =
        new LinkedHashSet<>(Importances.pedAnova(study, objective, Trials.valued(study)).keySet());
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
    Trials.checkObjective(study, objective);
    return study.directions().size() == 1
        ? title
        : title + " (" + Trials.objectiveName(study, objective) + ")";
  }

  private static List<double[]> bestSoFar(
      StudyRecord study, int objective, List<TrialRecord> trials) {
    List<double[]> steps = new ArrayList<>();
    double best = Double.NaN;
    for (TrialRecord trial : trials) {
      double value = trial.values()[objective];
      if (!Trials.isPruned(trial) && study.directions().get(objective).better(value, best)) {
        if (!steps.isEmpty()) {
          steps.add(new double[] {trial.number(), best});
        }
        steps.add(new double[] {trial.number(), value});
        best = value;
      }
    }
    if (!steps.isEmpty()) {
      steps.add(new double[] {study.trials().size() - 1.0, best});
    }
    return steps;
  }

  private static @Nullable String note(List<TrialRecord> shown, TrialRecord trial, int objective) {
    if (shown.size() > MOST_NOTES) {
      return null;
    }
    return "trial " + trial.number() + ": " + Scale.words(trial.values()[objective]);
  }

  private static void bar(Plot plot, int color, double y, @Nullable Double share) {
    if (share != null) {
      double x = plot.x(share);
      plot.canvas().rectangle(color, plot.left(), y, Math.max(1, x - plot.left()), 11);
      plot.canvas()
          .text(TICK, x + 4, y + 10, Anchor.START, 0, Math.round(share * 1000) / 10.0 + " %");
    }
  }
}
