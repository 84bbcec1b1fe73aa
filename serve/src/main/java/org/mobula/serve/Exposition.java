package org.mobula.serve;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.BatcherStatistics;
import org.mobula.serve.batch.Ends;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.http.HttpCounters;
import org.mobula.serve.record.Recorder;

/** The server's metrics in Prometheus' text format, version 0.0.4. */
final class Exposition {
  static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final MetricSnapshots.Builder all = MetricSnapshots.builder();
  private final List<ServedModel> models;
  private final @Nullable Recorder recorder;

  private Exposition(List<ServedModel> models, @Nullable Recorder recorder) {
    this.models = models;
    this.recorder = recorder;
  }

  /** As it goes over the wire. */
  static byte[] of(List<ServedModel> models, HttpCounters http, @Nullable Recorder recorder) {
    Exposition exposition = new Exposition(models, recorder);
    exposition.addModels();
    exposition.add(http);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(text, exposition.all.build());
    } catch (IOException e) {
      throw new UncheckedIOException(e); // no array fails so
    }
    return text.toByteArray();
  }

  private void addModels() {
    requests();
    Counters rows = new Counters("rows", "Rows computed.");
    forAll((labels, version) -> rows.add(labels, (double) version.batches().rows()));
    rows.end();
    batches();
    Counters seconds = new Counters("compute_seconds", "Time that replicas computed.");
    forAll((labels, version) -> seconds.add(labels, version.batches().computeNanos() * 1e-9));
    seconds.end();
    present("queued_requests", "Requests that wait.", d -> d.batcher().queued());
    present("replicas", "Replicas.", d -> d.batcher().replicas());
    replaced();
    latencies();
    if (recorder != null) {
      recording(recorder);
    }
  }

  private void recording(Recorder recording) {
    Counters rows = new Counters("recorded_rows", "Rows in complete files, by their table.");
    rows.add(Labels.of("table", "steps"), (double) recording.recordedSteps());
    rows.add(Labels.of("table", "rewards"), (double) recording.recordedRewards());
    rows.end();
    Counters dropped =
        new Counters("record_dropped_rows", "Rows that are not recorded, by the reason.");
    for (Recorder.Loss loss : Recorder.Loss.values()) {
      String reason = loss.name().toLowerCase(Locale.ROOT);
      dropped.add(Labels.of("reason", reason), (double) recording.dropped(loss));
    }
    dropped.end();
  }

  private void requests() {
    ends("requests", "Requests by their end.", BatcherStatistics::answers);
    ends(
        "shadow_requests",
        "Requests computed only to compare, by their end.",
        BatcherStatistics::shadow);
  }

  private void ends(String name, String help, Function<BatcherStatistics, Ends> which) {
    Counters counters = new Counters(name, help);
    forAll(
        (labels, version) -> {
          Ends ends = which.apply(version.batches());
          counters.add(labels.add("end", "succeeded"), (double) ends.succeeded());
          counters.add(labels.add("end", "abandoned"), (double) ends.abandoned());
          for (Failure failure : Failure.values()) {
            String end = failure.name().toLowerCase(Locale.ROOT);
            counters.add(labels.add("end", end), (double) ends.failed(failure));
          }
        });
    counters.end();
  }

  private void replaced() {
    Counters replaced = new Counters("replicas_replaced", "Replicas replaced, by the reason.");
    forAll(
        (labels, version) -> {
          BatcherStatistics counted = version.batches();
          replaced.add(labels.add("reason", "died"), (double) counted.died());
          replaced.add(labels.add("reason", "hung"), (double) counted.hung());
        });
    replaced.end();
  }

  private void batches() {
    HistogramSnapshot.Builder rows = histogram("batch_rows", "Rows computed together.");
    forAll(
        (labels, version) -> {
          BatcherStatistics statistics = version.batches();
          long[] batches = statistics.batchesBySize();
          double[] bounds = new double[batches.length - 1];
          Arrays.setAll(bounds, i -> 1 << i);
          rows.dataPoint(point(labels, bounds, batches, (double) statistics.rows()));
        });
    all.metricSnapshot(rows.build());
  }

  private void latencies() {
    HistogramSnapshot.Builder seconds =
        histogram("request_seconds", "From a request's first byte to its answer.");
    forAll(
        (labels, version) -> {
          long[] answers = new long[VersionStatistics.BOUNDS.length + 1];
          Arrays.setAll(answers, version::answersIn);
          seconds.dataPoint(
              point(labels, VersionStatistics.BOUNDS, answers, version.latencySeconds()));
        });
    all.metricSnapshot(seconds.build());
  }

  private static HistogramSnapshot.Builder histogram(String name, String help) {
    return HistogramSnapshot.builder().name(full(name)).help(help);
  }

  /** The last bucket has no bound. */
  private static HistogramDataPointSnapshot point(
      Labels labels, double[] bounds, long[] counts, double sum) {
    double[] upTo = Arrays.copyOf(bounds, counts.length);
    upTo[counts.length - 1] = Double.POSITIVE_INFINITY;
    return HistogramDataPointSnapshot.builder()
        .labels(labels)
        .classicHistogramBuckets(ClassicHistogramBuckets.of(upTo, counts))
        .sum(sum)
        .build();
  }

  private void add(HttpCounters http) {
    Counters requests =
        new Counters("http_requests", "Answers of the HTTP front by class of status.");
    requests.add(Labels.of("code", "2xx"), (double) http.successes());
    requests.add(Labels.of("code", "4xx"), (double) http.clientErrors());
    requests.add(Labels.of("code", "5xx"), (double) http.serverErrors());
    requests.end();
    one("http_requests_abandoned", "Requests left by clients.", http.abandoned());
    one("http_received_bytes", "Heads and bodies read.", http.bytesReceived());
    one("http_sent_bytes", "Heads and bodies written.", http.bytesSent());
    one("http_connections", "Connections taken.", http.connectionsAccepted());
    one("http_connections_refused", "Connections beyond the limit.", http.connectionsRefused());
    GaugeSnapshot.Builder open =
        GaugeSnapshot.builder().name(full("http_connections_open")).help("Connections open.");
    open.dataPoint(GaugeDataPointSnapshot.builder().value((double) http.connectionsOpen()).build());
    all.metricSnapshot(open.build());
  }

  private void one(String name, String help, long value) {
    Counters counter = new Counters(name, help);
    counter.add(Labels.EMPTY, (double) value);
    counter.end();
  }

  /** Also of versions that have gone: a counter stays. */
  private void forAll(BiConsumer<Labels, VersionStatistics> samples) {
    for (ServedModel model : models) {
      for (VersionStatistics version : model.statistics().all()) {
        samples.accept(labels(model, version.version()), version);
      }
    }
  }

  /** Of versions that take requests. */
  private void present(String name, String help, ToDoubleFunction<Deployment> value) {
    GaugeSnapshot.Builder gauges = GaugeSnapshot.builder().name(full(name)).help(help);
    for (ServedModel model : models) {
      for (Deployment deployment : model.deployments()) {
        gauges.dataPoint(
            GaugeDataPointSnapshot.builder()
                .labels(labels(model, deployment.version()))
                .value(value.applyAsDouble(deployment))
                .build());
      }
    }
    all.metricSnapshot(gauges.build());
  }

  private static Labels labels(ServedModel model, String version) {
    return Labels.of("model", model.name(), "version", version);
  }

  private static String full(String name) {
    return "mobula_serve_" + name;
  }

  /** Counters of one name; the format adds {@code _total} to it. */
  private final class Counters {
    private final CounterSnapshot.Builder builder;

    Counters(String name, String help) {
      builder = CounterSnapshot.builder().name(full(name)).help(help);
    }

    void add(Labels labels, double value) {
      builder.dataPoint(CounterDataPointSnapshot.builder().labels(labels).value(value).build());
    }

    void end() {
      all.metricSnapshot(builder.build());
    }
  }
}
