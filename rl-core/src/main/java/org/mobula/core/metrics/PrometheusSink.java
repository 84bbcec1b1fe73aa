package org.mobula.core.metrics;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The last record in Prometheus' text exposition format, version 0.0.4: {@code
 * rollout/episode_return_mean} is the gauge {@code mobula_rollout_episode_return_mean}. Served as a
 * text, or kept in a file for the node exporter's text-file collector.
 */
public final class PrometheusSink implements MetricSink {
  /** Of {@link #exposition} over HTTP. */
  public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private static final long WRITE_NANOSECONDS = 1_000_000_000;

  private final String labels;
  private final @Nullable Path file;
  private final Map<String, Double> last = new TreeMap<>();
  private long lastWrite = System.nanoTime();
  private boolean closed;

  /**
   * A sink for {@link #exposition}.
   *
   * @param labels put on each sample, such as the run's name
   */
  public PrometheusSink(Map<String, String> labels) {
    this(labels, null);
  }

  private PrometheusSink(Map<String, String> labels, @Nullable Path file) {
    this.file = file;
    this.labels =
        labels.isEmpty()
            ? ""
            : new TreeMap<>(labels)
                .entrySet().stream()
                    .map(label -> name(label.getKey()) + "=\"" + escape(label.getValue()) + '"')
                    .collect(Collectors.joining(",", "{", "}"));
  }

  /** A sink that replaces a file at most once a second, and when it is closed. */
  public static PrometheusSink toFile(Path file, Map<String, String> labels) {
    return new PrometheusSink(labels, file);
  }

  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    synchronized (last) {
      last.put(MetricTable.STEPS, (double) environmentSteps);
      last.put(MetricTable.SECONDS, wallSeconds);
      last.putAll(values);
    }
    long now = System.nanoTime();
    if (now - lastWrite >= WRITE_NANOSECONDS) {
      write();
      lastWrite = now;
    }
  }

  /** The last value of each metric; may be called from another thread. */
  public String exposition() {
    StringBuilder text = new StringBuilder();
    synchronized (last) {
      last.forEach(
          (metric, value) -> {
            String name = "mobula_" + name(metric);
            text.append("# TYPE ").append(name).append(" gauge\n");
            text.append(name).append(labels).append(' ').append(number(value)).append('\n');
          });
    }
    return text.toString();
  }

  private static String number(double value) {
    return Double.isInfinite(value) ? (value > 0 ? "+Inf" : "-Inf") : Double.toString(value);
  }

  private static String name(String metric) {
    return metric.replaceAll("[^a-zA-Z0-9_]", "_");
  }

  private static String escape(String label) {
    return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  private void write() {
    if (file != null) {
      ReplacedFile.write(file, exposition());
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      write();
    }
  }
}
