package org.mobula.cli.tune;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.mobula.cli.directories.Studies;
import org.mobula.cli.log.Log;
import org.mobula.cli.output.Figures;
import org.mobula.cli.output.JsonLine;
import org.mobula.cli.output.Terminal;
import org.mobula.tune.StudyListener;
import org.mobula.tune.StudyResult;
import org.mobula.tune.TuneConfig;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * How {@code tune} speaks: on a terminal a table that is drawn over and over, with a line above it
 * for each trial that ends; else those lines alone, or events as JSON.
 */
final class StudyDisplay implements StudyListener, AutoCloseable {
  private static final long NANOS_BETWEEN_FRAMES = 100_000_000;
  private static final int MOST_ROWS = 12;
  private static final String CLEAR_BELOW = "\u001b[J";
  private static final String WRAP_OFF = "\u001b[?7l";
  private static final String WRAP_ON = "\u001b[?7h";

  private final PrintWriter out;
  private final PrintWriter err;
  private final Terminal terminal;
  private final boolean json;
  private final TuneConfig config;
  private final long started = System.nanoTime();
  private long lastFrame = Long.MIN_VALUE;
  private int drawn;
  private int ended;

  private StudyDisplay(
      PrintWriter out, PrintWriter err, Terminal terminal, boolean json, TuneConfig config) {
    this.out = out;
    this.err = err;
    this.terminal = terminal;
    this.json = json;
    this.config = config;
  }

  static StudyDisplay of(
      PrintWriter out, PrintWriter err, Terminal terminal, boolean json, TuneConfig config) {
    StudyDisplay display = new StudyDisplay(out, err, terminal, json, config);
    Log.current().above(display::logged);
    return display;
  }

  void begin(Path directory) {
    if (json) {
      out.println(new JsonLine().text("event", "begin").text("study", directory.toString()));
    } else {
      err.println(
          "tuning %s keys of %s by %s → %s"
              .formatted(
                  config.space().size(),
                  config.base(),
                  String.join(" and ", config.metric()),
                  directory));
    }
  }

  @Override
  public synchronized void onStart(StudyRecord study, TrialRecord trial) {
    if (json) {
      out.println(line("start", trial).object("parameters", trial.parameterValues()));
    }
    draw(study);
  }

  @Override
  public synchronized void onReport(
      StudyRecord study, TrialRecord trial, long step, Decision decision) {
    if (json) {
      Double value = trial.intermediateValues().get(step);
      out.println(
          line("report", trial)
              .integer("step", step)
              .number("value", value == null ? Double.NaN : value)
              .text("decision", decision.name().toLowerCase(Locale.ROOT)));
    }
    draw(study);
  }

  @Override
  public synchronized void onEnd(StudyRecord study, TrialRecord trial) {
    ended++;
    if (json) {
      out.println(
          line("end", trial)
              .text("state", state(trial))
              .number("value", trial.value())
              .numbers("values", trial.values())
              .object("parameters", trial.parameterValues()));
    } else {
      wipe();
      Object failure = trial.systemAttributes().get(TrialRecord.FAILURE);
      err.println(
          "trial %s %s%s  %s%s"
              .formatted(
                  trial.number(),
                  state(trial),
                  trial.values().length == 0 ? "" : " " + values(trial),
                  failure == null ? parameters(trial) : failure,
                  mark(study, trial)));
      lastFrame = Long.MIN_VALUE;
    }
    draw(study);
  }

  @Override
  public synchronized void onWarning(String warning) {
    if (json) {
      out.println(new JsonLine().text("event", "warning").text("text", warning));
    } else {
      wipe();
      err.println("warning: " + warning);
      lastFrame = Long.MIN_VALUE;
    }
  }

  private static String mark(StudyRecord study, TrialRecord trial) {
    if (study.directions().size() > 1) {
      return study.bestTrials().contains(trial) ? "  ← on the Pareto front" : "";
    }
    return study.best().filter(best -> best == trial).isPresent() ? "  ← best so far" : "";
  }

  /** As a person reads a trial's values; a dash where there is none. */
  static String values(TrialRecord trial) {
    return trial.values().length == 0
        ? "-"
        : Arrays.stream(trial.values())
            .mapToObj(value -> Double.isNaN(value) ? "-" : Figures.measurement(value))
            .collect(Collectors.joining(" "));
  }

  /** The numbers of the trials on the Pareto front. */
  static String front(StudyRecord study) {
    return study.bestTrials().stream()
        .map(trial -> Integer.toString(trial.number()))
        .collect(Collectors.joining(", "));
  }

  private static JsonLine line(String event, TrialRecord trial) {
    return new JsonLine().text("event", event).integer("trial", trial.number());
  }

  /** As {@code status} shows a trial's state. */
  static String state(TrialRecord trial) {
    return Scheduler.isPaused(trial) ? "paused" : trial.state().word();
  }

  /**
   * Each key that has more than one value, with its value; of the key the last parts, as many as
   * tell it from the others.
   */
  static String parameters(TrialRecord trial) {
    Set<String> keys = trial.distributions().keySet();
    return trial.parameterValues().entrySet().stream()
        .filter(entry -> isSearched(trial, entry.getKey()))
        .map(entry -> shortName(entry.getKey(), keys) + "=" + shortValue(entry.getValue()))
        .collect(Collectors.joining(" "));
  }

  private static boolean isSearched(TrialRecord trial, String key) {
    Parameter parameter = trial.distributions().get(key);
    return parameter != null && parameter.cardinality() > 1;
  }

  private static String shortName(String key, Set<String> keys) {
    for (int dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) {
      String end = key.substring(dot);
      if (keys.stream().noneMatch(other -> !other.equals(key) && ("." + other).endsWith(end))) {
        return end.substring(1);
      }
    }
    return key;
  }

  private static String shortValue(Object value) {
    return value instanceof Double number ? Figures.measurement(number) : String.valueOf(value);
  }

  private void draw(StudyRecord study) {
    long now = System.nanoTime();
    if (json
        || terminal.columns() == 0
        || (lastFrame != Long.MIN_VALUE && now - lastFrame < NANOS_BETWEEN_FRAMES)) {
      return;
    }
    lastFrame = now;
    List<String> lines = new ArrayList<>();
    lines.add(headline(study));
    for (TrialRecord trial : study.trials()) {
      if (!trial.state().isFinished() && lines.size() <= MOST_ROWS) {
        lines.add(row(trial));
      }
    }
    wipe();
    err.print(WRAP_OFF);
    for (String line : lines) {
      err.println(
          line.length() < terminal.columns() ? line : line.substring(0, terminal.columns() - 1));
    }
    err.print(WRAP_ON);
    err.flush();
    drawn = lines.size();
  }

  private String headline(StudyRecord study) {
    Map<TrialState, Long> states =
        study.trials().stream()
            .collect(Collectors.groupingBy(TrialRecord::state, Collectors.counting()));
    long finished =
        states.entrySet().stream()
            .filter(state -> state.getKey().isFinished())
            .mapToLong(Map.Entry::getValue)
            .sum();
    double elapsed = (System.nanoTime() - started) / 1e9;
    int most = config.stop().trials();
    String best =
        study.directions().size() > 1
            ? study.bestTrials().size() + " trials on the Pareto front"
            : study
                .best()
                .map(
                    trial ->
                        "best %s (trial %s)"
                            .formatted(Figures.measurement(trial.value()), trial.number()))
                .orElse("none complete yet");
    String left =
        ended > 0 && most > finished
            ? ", about " + Figures.duration(elapsed / ended * (most - finished)) + " left"
            : "";
    return "%s%s trials ended · %s · %s%s"
        .formatted(
            finished,
            most > 0 && finished <= most ? " of " + most : "",
            best,
            Figures.duration(elapsed),
            left);
  }

  private static String row(TrialRecord trial) {
    String last =
        trial.intermediateValues().isEmpty()
            ? ""
            : "step %s: %s"
                .formatted(
                    Figures.count(trial.intermediateValues().lastKey()),
                    Figures.measurement(trial.intermediateValues().lastEntry().getValue()));
    double seconds =
        trial.started().map(at -> Duration.between(at, Instant.now()).toMillis() / 1e3).orElse(0.0);
    return "  %4s  %-8s %8s  %-26s %s"
        .formatted(
            trial.number(), state(trial), Figures.duration(seconds), last, parameters(trial));
  }

  synchronized void stopping(String signal) {
    wipe();
    err.println(
        signal
            + ": ending; --resume continues running trials from their last checkpoints. Again to end at once.");
  }

  private static JsonLine finish(StudyResult result) {
    JsonLine line = new JsonLine().text("event", "finish").text("reason", result.reason());
    StudyRecord study = result.study();
    if (study.directions().size() > 1) {
      return line.integers("front", study.bestTrials().stream().map(TrialRecord::number).toList());
    }
    study
        .best()
        .ifPresent(best -> line.integer("best", best.number()).number("value", best.value()));
    return line;
  }

  void end(Path directory, StudyResult result) {
    wipe();
    if (json) {
      out.println(finish(result));
      return;
    }
    StudyRecord study = result.study();
    if (study.directions().size() > 1) {
      out.println("Pareto front: trials " + front(study));
    } else if (study.best().isPresent()) {
      TrialRecord best = study.best().get();
      out.println(
          "best: trial %s, %s %s"
              .formatted(best.number(), config.metric().get(0), Figures.measurement(best.value())));
      best.parameterValues().forEach((key, value) -> out.println("  " + key + ": " + value));
    }
    out.println("ended because " + result.reason());
    out.println("report: " + directory.resolve(Studies.REPORT));
    if (result.interrupted() || !study.bestTrials().isEmpty()) {
      out.println(
          "next: "
              + terminal.command()
              + (result.interrupted() ? " tune --resume " : " tune best ")
              + Terminal.word(directory));
    }
  }

  private void wipe() {
    if (drawn > 0) {
      err.print("\r\u001b[" + drawn + "A" + CLEAR_BELOW);
      err.flush();
      drawn = 0;
    }
  }

  /** Above what is drawn, which comes again with the next change. */
  private synchronized void logged(String line) {
    wipe();
    err.println(line);
    lastFrame = Long.MIN_VALUE;
  }

  @Override
  public synchronized void close() {
    Log.current().alone();
    wipe();
  }
}
