package org.mobula.core.metrics;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.PrometheusNaming;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The last record in Prometheus' text exposition format, version 0.0.4: {@code
 * rollout/episode_return_mean} is the gauge {@code mobula_rollout_episode_return_mean}. Served as a
 * text, or kept in a file for the node exporter's text-file collector.
 */
public final class PrometheusSink implements MetricSink {
  /** Of {@link #exposition} over HTTP. */
  public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private static final long WRITE_NANOSECONDS = 1_000_000_000;

  private final Labels labels;
  private final @Nullable Path file;

  /** By the names that Prometheus knows, which differ for any two metrics but strange ones. */
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
    Labels.Builder all = Labels.builder();
    labels.forEach(
        (name, value) -> all.label(PrometheusNaming.sanitizeLabelName(plain(name)), value));
    this.labels = all.build();
  }

  /** A sink that replaces a file at most once a second, and when it is closed. */
  public static PrometheusSink toFile(Path file, Map<String, String> labels) {
    return new PrometheusSink(labels, file);
  }

  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    synchronized (last) {
      put(MetricTable.STEPS, (double) environmentSteps);
      put(MetricTable.SECONDS, wallSeconds);
      values.forEach(this::put);
    }
    long now = System.nanoTime();
    if (now - lastWrite >= WRITE_NANOSECONDS) {
      write();
      lastWrite = now;
    }
  }

  private void put(String metric, Double value) {
    last.put(PrometheusNaming.sanitizeMetricName("mobula_" + plain(metric)), value);
  }

  /** The last value of each metric; may be called from another thread. */
  public String exposition() {
    MetricSnapshots.Builder all = MetricSnapshots.builder();
    synchronized (last) {
      last.forEach(
          (name, value) ->
              all.metricSnapshot(
                  GaugeSnapshot.builder()
                      .name(name)
                      .dataPoint(
                          GaugeSnapshot.GaugeDataPointSnapshot.builder()
                              .labels(labels)
                              .value(value)
                              .build())
                      .build()));
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(text, all.build());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // no array fails so
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  /** In letters that every version of Prometheus takes. */
  private static String plain(String name) {
    return name.replaceAll("[^a-zA-Z0-9_]", "_");
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
