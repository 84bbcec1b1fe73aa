package org.mobula.tune.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * A study on one page: a file of HTML that needs no network, and no JavaScript but to sort its
 * table.
 */
public final class StudyReport {
  private static final int MOST_ROWS = 1000;
  private static final int MOST_CELLS = 30_000;
  private static final int MOST_SLICES = 24;
  private static final int MOST_OBJECTIVES = 3;

  private static final String STYLE =
      """
      :root { color-scheme: light; }
      body { margin: 0 auto; padding: 12px; max-width: 1400px; color: #222; background: #fff;
        font: 15px/1.45 Helvetica, Arial, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
      h1 { font-size: 1.5em; margin: .3em 0; } h2 { font-size: 1.15em; margin: 1.6em 0 .5em; }
      dl { display: grid; grid-template-columns: fit-content(50%) 1fr; gap: .2em 1em; margin: .5em 0; }
      dt { color: #666; } dd { margin: 0; }
      .charts { display: grid; gap: 12px; align-items: start;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); }
      figure { margin: 0; border: 1px solid #e4e4e4; border-radius: 4px; overflow-x: auto; }
      figure svg { display: block; width: 100%; max-width: 560px; height: auto; margin: auto; }
      figure.wide { grid-column: 1 / -1; }
      figure.wide svg { max-width: none; width: auto; margin: 0; }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
      th, td { padding: .25em .7em; border-bottom: 1px solid #e4e4e4; text-align: left;
        white-space: nowrap; }
      td.n { text-align: right; } td.long { white-space: normal; min-width: 16em; } thead th { border-bottom-color: #666; }
      th button { all: unset; cursor: pointer; font-weight: bold; }
      th button:focus-visible { outline: 2px solid #0072b2; }
      th[aria-sort=ascending] button::after { content: " \\25b2"; }
      th[aria-sort=descending] button::after { content: " \\25bc"; }
      .note { color: #666; font-size: 13px; }
      """;

  private static final String SCRIPT =
      """
      for (const head of document.querySelectorAll("#trials th")) {
        head.firstChild.addEventListener("click", () => {
          const up = head.getAttribute("aria-sort") !== "ascending";
          for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
          head.setAttribute("aria-sort", up ? "ascending" : "descending");
          const body = document.querySelector("#trials tbody");
          const key = row => row.children[head.cellIndex].dataset.v ?? row.children[head.cellIndex].textContent;
          const rows = [...body.children].map(row => [key(row), row]);
          rows.sort(([a], [b]) => {
            if (a === "" || b === "") return (a === "") - (b === "");
            const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
            return up ? order : -order;
          });
          body.append(...rows.map(([, row]) => row));
        });
      }
      """;

  private final StudyRecord study;
  private final StringBuilder html = new StringBuilder();

  private StudyReport(StudyRecord study) {
    this.study = study;
  }

  /**
   * Writes the page, in place of one that may be there.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(StudyRecord study, Path html) {
    Path temporary = html.resolveSibling(html.getFileName() + ".tmp");
    try {
      Files.createDirectories(html.toAbsolutePath().getParent());
      Files.writeString(temporary, html(study));
      Files.move(
          temporary, html, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + html + ": " + e.getMessage(), e);
    }
  }

  /** The page. */
  public static String html(StudyRecord study) {
    return new StudyReport(study).page();
  }

  private String page() {
    String title = SvgCanvas.escape(study.name());
    add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    add("<title>" + title + "</title>\n<style>\n" + STYLE + "</style>\n</head>\n<body>\n");
    add("<h1>" + title + "</h1>\n");
    summary();
    if (study.directions().size() == 1) {
      study.best().ifPresent(this::best);
    } else {
      front();
    }
    if (!study.trials().isEmpty()) {
      charts();
      table();
    }
    return html.append("</body>\n</html>\n").toString();
  }

  private void summary() {
    Map<String, String> facts = new LinkedHashMap<>();
    List<String> directions =
        study.directions().stream()
            .map(direction -> direction.name().toLowerCase(Locale.ROOT))
            .toList();
    facts.put(directions.size() == 1 ? "direction" : "directions", String.join(", ", directions));
    List<String> counts = new ArrayList<>();
    for (TrialState state : TrialState.values()) {
      long count = study.trials().stream().filter(trial -> trial.state() == state).count();
      if (count > 0) {
        counts.add(count + " " + state.word());
      }
    }
    facts.put(
        "trials",
        study.trials().size() + (counts.isEmpty() ? "" : " (" + String.join(", ", counts) + ")"));
    Optional<Instant> first =
        study.trials().stream()
            .flatMap(trial -> trial.started().stream())
            .min(Comparator.naturalOrder());
    Optional<Instant> last =
        study.trials().stream()
            .flatMap(trial -> trial.ended().or(trial::started).stream())
            .max(Comparator.naturalOrder());
    if (first.isPresent() && last.isPresent()) {
      facts.put("begun", moment(first.get()));
      facts.put("duration", duration(Duration.between(first.get(), last.get())));
    }
    study.userAttributes().forEach((key, value) -> facts.put(key, String.valueOf(value)));
    add("<dl id=\"summary\">\n");
    facts.forEach(
        (name, fact) ->
            add(
                "<dt>"
                    + SvgCanvas.escape(name)
                    + "</dt><dd>"
                    + SvgCanvas.escape(fact)
                    + "</dd>\n"));
    add("</dl>\n");
  }

  private void best(TrialRecord best) {
    add("<h2>Best trial</h2>\n<dl id=\"best\">\n");
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("trial", best.number());
    facts.put("value", best.value());
    facts.forEach((name, fact) -> add("<dt>" + name + "</dt><dd>" + fact + "</dd>\n"));
    best.parameterValues()
        .forEach(
            (name, value) ->
                add(
                    "<dt><b>%s</b></dt><dd>%s</dd>\n"
                        .formatted(
                            SvgCanvas.escape(name), SvgCanvas.escape(String.valueOf(value)))));
    add("</dl>\n");
  }

  private void front() {
    List<TrialRecord> front = Trials.paretoFront(study);
    add("<h2>Pareto front</h2>\n");
    if (front.isEmpty()) {
      add("<p class=\"note\">No trial has ended with all its values yet.</p>\n");
      return;
    }
    rows("front", front.subList(0, Math.min(100, front.size())));
    if (front.size() > 100) {
      add("<p class=\"note\">100 of " + front.size() + " trials.</p>\n");
    }
  }

  private void charts() {
    add("<h2>Charts</h2>\n<div class=\"charts\">\n");
    int objectives = Math.min(MOST_OBJECTIVES, study.directions().size());
    for (int i = 0; i < objectives; i++) {
      for (int j = i + 1; j < objectives; j++) {
        add(StudyCharts.paretoFront(study, i, j));
      }
    }
    for (int objective = 0; objective < objectives; objective++) {
      add(StudyCharts.optimizationHistory(study, objective));
      add(StudyCharts.importances(study, objective));
      List<Parameter> parameters = StudyCharts.mostImportant(study, objective, MOST_SLICES);
      if (parameters.size() > 1) {
        add(
            StudyCharts.contour(
                study, parameters.get(0).name(), parameters.get(1).name(), objective));
      }
    }
    if (study.trials().stream().anyMatch(trial -> !trial.intermediateValues().isEmpty())) {
      add(StudyCharts.intermediateValues(study));
    }
    add(StudyCharts.timeline(study));
    for (int objective = 0; objective < objectives; objective++) {
      add(StudyCharts.parallelCoordinates(study, objective));
    }
    add("</div>\n<h2>Slices</h2>\n<div class=\"charts\">\n");
    for (int objective = 0; objective < objectives; objective++) {
      for (Parameter parameter :
          StudyCharts.mostImportant(study, objective, MOST_SLICES / objectives)) {
        add(StudyCharts.slice(study, parameter.name(), objective));
      }
    }
    add("</div>\n");
  }

  private void table() {
    List<TrialRecord> trials = study.trials();
    int columns = 6 + Trials.searched(study).size();
    int most = Math.min(MOST_ROWS, MOST_CELLS / columns);
    add("<h2>Trials</h2>\n");
    if (trials.size() > most) {
      Comparator<TrialRecord> best =
          Comparator.comparingDouble(
              trial -> {
                double loss = study.direction().toMinimize(trial.value());
                return trial.state() == TrialState.COMPLETE ? loss : Double.NaN;
              });
      trials = trials.stream().sorted(best).limit(most).toList();
      add(
          "<p class=\"note\">The best %s of %s trials%s.</p>\n"
              .formatted(
                  most,
                  study.trials().size(),
                  study.directions().size() > 1 ? " by their first value" : ""));
    }
    rows("trials", trials);
    add("<script>\n" + SCRIPT + "</script>\n");
  }

  private void rows(String id, List<TrialRecord> trials) {
    int objectives = study.directions().size();
    List<String> names = new ArrayList<>(Trials.searched(study).keySet());
    List<String> header = new ArrayList<>(List.of("trial", "state"));
    for (int i = 0; i < objectives; i++) {
      header.add(Trials.objectiveName(study, i));
    }
    header.addAll(names);
    header.add("duration");
    header.add("begun");
    boolean failures =
        trials.stream()
            .anyMatch(trial -> trial.systemAttributes().containsKey(TrialRecord.FAILURE));
    if (failures) {
      header.add("failure");
    }
    boolean sorted = id.equals("trials");
    add("<div class=\"scroll\">\n<table id=\"" + id + "\">\n<thead><tr>");
    header.forEach(
        name -> {
          String text = SvgCanvas.escape(name);
          add("<th>" + (sorted ? "<button>" + text + "</button>" : text) + "</th>");
        });
    add("</tr></thead>\n<tbody>\n");
    for (TrialRecord trial : trials) {
      add("<tr>");
      number(String.valueOf(trial.number()), trial.number());
      text(trial.state().word());
      double[] values = trial.values();
      for (int i = 0; i < objectives; i++) {
        cell(i < values.length ? values[i] : null);
      }
      Map<String, Object> chosen = trial.parameterValues();
      names.forEach(name -> cell(chosen.get(name)));
      if (trial.started().isPresent() && trial.ended().isPresent()) {
        Duration duration = Duration.between(trial.started().get(), trial.ended().get());
        number(duration(duration), duration.toMillis());
      } else {
        text("");
      }
      text(trial.started().map(StudyReport::moment).orElse(""));
      if (failures) {
        text(String.valueOf(trial.systemAttributes().getOrDefault(TrialRecord.FAILURE, "")));
      }
      add("</tr>\n");
    }
    add("</tbody>\n</table>\n</div>\n");
  }

  private void cell(@Nullable Object value) {
    if (value instanceof Double real) {
      number(Scale.words(real), real);
    } else if (value instanceof Long integer) {
      number(integer.toString(), integer);
    } else {
      text(value == null ? "" : value.toString());
    }
  }

  private void text(String text) {
    add((text.length() > 40 ? "<td class=\"long\">" : "<td>") + SvgCanvas.escape(text) + "</td>");
  }

  /** Sorted by the number, whatever its text. */
  private void number(String text, Number number) {
    String key = number.toString();
    add(
        "<td class=\"n\""
            + (key.equals(text) ? "" : " data-v=\"" + key + "\"")
            + ">"
            + text
            + "</td>");
  }

  private void add(Chart chart) {
    add(chart.width() > 500 ? "<figure class=\"wide\">" : "<figure>");
    add(chart.toSvg());
    add("</figure>\n");
  }

  private void add(String text) {
    html.append(text);
  }

  private static String moment(Instant instant) {
    return instant
        .truncatedTo(ChronoUnit.SECONDS)
        .toString()
        .replace('T', ' ')
        .replace("Z", " UTC");
  }

  private static String duration(Duration duration) {
    if (duration.toMillis() < 1000) {
      return duration.toMillis() + " ms";
    } else if (duration.toSeconds() < 60) {
      return Math.round(duration.toMillis() / 100.0) / 10.0 + " s";
    } else if (duration.toHours() < 1) {
      return duration.toMinutes() + " min " + duration.toSecondsPart() + " s";
    }
    return duration.toHours() + " h " + duration.toMinutesPart() + " min";
  }
}
