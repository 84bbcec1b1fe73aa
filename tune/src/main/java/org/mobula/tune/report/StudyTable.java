package org.mobula.tune.report;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** The trials of a study as a table for other programs. */
public final class StudyTable {
  private StudyTable() {}

  /**
   * CSV (RFC 4180, lines end in a line feed) with the columns of Optuna's {@code
   * study.trials_dataframe()}: {@code number}, {@code value} (of several objectives {@code
   * values_0}, …), {@code datetime_start}, {@code datetime_complete} (UTC), {@code duration} in
   * seconds, {@code params_} and {@code user_attrs_} with their names, {@code state}. Parameters
   * are as objectives see them; what is not known is empty.
   */
  public static String csv(StudyRecord study) {
    Set<String> parameters = new LinkedHashSet<>();
    Set<String> attributes = new LinkedHashSet<>();
    for (TrialRecord trial : study.trials()) {
      parameters.addAll(trial.distributions().keySet());
      attributes.addAll(trial.userAttributes().keySet());
    }
    int objectives = study.directions().size();
    List<Object> header = new ArrayList<>(List.of("number"));
    for (int i = 0; i < objectives; i++) {
      header.add(objectives == 1 ? "value" : "values_" + i);
    }
    header.addAll(List.of("datetime_start", "datetime_complete", "duration"));
    parameters.forEach(name -> header.add("params_" + name));
    attributes.forEach(name -> header.add("user_attrs_" + name));
    header.add("state");
    StringBuilder csv = new StringBuilder(line(header));
    for (TrialRecord trial : study.trials()) {
      csv.append(line(row(trial, objectives, parameters, attributes)));
    }
    return csv.toString();
  }

  private static List<@Nullable Object> row(
      TrialRecord trial, int objectives, Set<String> parameters, Set<String> attributes) {
    List<@Nullable Object> row = new ArrayList<>();
    row.add(trial.number());
    double[] values = trial.values();
    for (int i = 0; i < objectives; i++) {
      row.add(i < values.length ? values[i] : null);
    }
    Instant started = trial.started().orElse(null);
    Instant ended = trial.ended().orElse(null);
    row.add(started);
    row.add(ended);
    row.add(
        started == null || ended == null ? null : Duration.between(started, ended).toNanos() / 1e9);
    Map<String, Object> chosen = trial.parameterValues();
    parameters.forEach(name -> row.add(chosen.get(name)));
    attributes.forEach(name -> row.add(trial.userAttributes().get(name)));
    row.add(trial.state());
    return row;
  }

  private static String line(List<? extends @Nullable Object> cells) {
    return cells.stream().map(StudyTable::cell).collect(Collectors.joining(",", "", "\n"));
  }

  private static String cell(@Nullable Object value) {
    String text = value == null ? "" : value.toString();
    boolean quoted = text.matches("(?s).*[\",\r\n].*");
    return quoted ? '"' + text.replace("\"", "\"\"") + '"' : text;
  }
}
