package org.mobula.core.metrics;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What {@link CsvSink} wrote.
 *
 * @param columns {@code environment_steps}, {@code wall_seconds}, then names of metrics
 * @param rows in the order of the file, cells as written, empty where a metric was not measured; as
 *     many cells as columns
 */
public record MetricTable(List<String> columns, List<List<String>> rows) {
  static final String STEPS = "environment_steps";
  static final String SECONDS = "wall_seconds";

  /** Environment steps of a run and what was measured then. */
  public record Point(long environmentSteps, double value) {}

  /** Copies the lists. */
  public MetricTable {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
  }

  /**
   * Reads a file. A last line that a killed process did not finish is left out.
   *
   * @throws UncheckedIOException where the file cannot be read
   * @throws IllegalArgumentException where it is not a file of {@link CsvSink}
   */
  public static MetricTable read(Path file) {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
    }
    List<String> lines = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    if (lines.isEmpty()) {
      return new MetricTable(List.of(STEPS, SECONDS), List.of());
    }
    List<String> columns = cells(lines.get(0));
    if (!columns.get(0).equals(STEPS)) {
      throw new IllegalArgumentException(
          file + ":1: the first column is " + columns.get(0) + " but must be " + STEPS);
    }
    List<List<String>> rows = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      List<String> row = cells(lines.get(i));
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "%s:%s: %s cells but %s columns".formatted(file, i + 1, row.size(), columns.size()));
      }
      rows.add(row);
    }
    return new MetricTable(columns, rows);
  }

  private static List<String> cells(String line) {
    return Arrays.asList(line.split(",", -1));
  }

  /** Where a metric was measured and is a finite number, in the order of the file. */
  public List<Point> points(String metric) {
    int column = columns.indexOf(metric);
    List<Point> points = new ArrayList<>();
    for (List<String> row : column < 0 ? List.<List<String>>of() : rows) {
      double value = row.get(column).isEmpty() ? Double.NaN : Double.parseDouble(row.get(column));
      if (Double.isFinite(value)) {
        points.add(new Point(Long.parseLong(row.get(0)), value));
      }
    }
    return points;
  }

  /** The rows up to a step, that a run resumed from there keeps. */
  MetricTable upTo(long environmentSteps) {
    return new MetricTable(
        columns,
        rows.stream().filter(row -> Long.parseLong(row.get(0)) <= environmentSteps).toList());
  }

  /** The same rows with empty cells in columns more. */
  MetricTable with(List<String> more) {
    List<String> wider = new ArrayList<>(columns);
    wider.addAll(more);
    return new MetricTable(
        wider,
        rows.stream()
            .map(
                row -> {
                  List<String> cells = new ArrayList<>(row);
                  more.forEach(name -> cells.add(""));
                  return cells;
                })
            .map(List::copyOf)
            .toList());
  }

  void write(Path file) {
    StringBuilder text = new StringBuilder(String.join(",", columns)).append('\n');
    rows.forEach(row -> text.append(String.join(",", row)).append('\n'));
    ReplacedFile.write(file, text.toString());
  }
}
