package org.mobula.core.metrics;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A table with a row a record: {@code environment_steps,wall_seconds,rollout/episodes,…}. A metric
 * that appears later becomes a new column, empty in the rows before. A killed process loses the
 * records of one second at most.
 */
public final class CsvSink implements MetricSink {
  private final Path file;
  private final Set<String> metrics = new LinkedHashSet<>();
  private final StringBuilder row = new StringBuilder();
  private AppendedFile rows;

  private CsvSink(Path file, MetricTable table) {
    this.file = file;
    metrics.addAll(table.columns().subList(2, table.columns().size()));
    table.write(file);
    rows = AppendedFile.open(file);
  }

  /** Starts a file, in place of one that may be there. */
  public static CsvSink create(Path file) {
    return new CsvSink(
        file, new MetricTable(List.of(MetricTable.STEPS, MetricTable.SECONDS), List.of()));
  }

  /** Goes on with a file, without its rows beyond the step that the run is resumed from. */
  public static CsvSink resume(Path file, long environmentSteps) {
    return Files.exists(file)
        ? new CsvSink(file, MetricTable.read(file).upTo(environmentSteps))
        : create(file);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException for a name with a comma, a quote or a line break
   */
  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    if (!metrics.containsAll(values.keySet())) {
      addColumns(values.keySet());
    }
    row.setLength(0);
    row.append(environmentSteps).append(',').append(Numbers.text(wallSeconds));
    for (String metric : metrics) {
      Double value = values.get(metric);
      row.append(',');
      if (value != null) {
        row.append(Numbers.text(value));
      }
    }
    rows.append(row.append('\n').toString().getBytes(StandardCharsets.UTF_8));
  }

  private void addColumns(Set<String> names) {
    List<String> more = names.stream().filter(name -> !metrics.contains(name)).toList();
    for (String name : more) {
      if (name.matches("(?s).*[,\"\\v].*") || name.isEmpty()) {
        throw new IllegalArgumentException(
            "metric \"" + name + "\" must have a name without commas, quotes and line breaks");
      }
    }
    rows.close();
    MetricTable.read(file).with(more).write(file);
    metrics.addAll(more);
    rows = AppendedFile.open(file);
  }

  @Override
  public void flush() {
    rows.flush();
  }

  @Override
  public void close() {
    rows.close();
  }
}
