package org.mobula.serve;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.BatcherStatistics;
import org.mobula.serve.batch.Ends;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.http.HttpCounters;
import org.mobula.serve.record.Recorder;

/** The server's metrics in Prometheus' text format, version 0.0.4. */
final class Exposition {
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final StringBuilder text = new StringBuilder();
  private final List<ServedModel> models;
  private final @Nullable Recorder recorder;

  private Exposition(List<ServedModel> models, @Nullable Recorder recorder) {
    this.models = models;
    this.recorder = recorder;
  }

  static String of(List<ServedModel> models, HttpCounters http, @Nullable Recorder recorder) {
    Exposition exposition = new Exposition(models, recorder);
    exposition.writeModels();
    exposition.write(http);
    return exposition.text.toString();
  }

  private void writeModels() {
    requests();
    each("rows_total", "counter", "Rows computed.", s -> (double) s.batches().rows());
    batches();
    each(
        "compute_seconds_total",
        "counter",
        "Time that replicas computed.",
        s -> s.batches().computeNanos() * 1e-9);
    present("queued_requests", "Requests that wait.", d -> d.batcher().queued());
    present("replicas", "Replicas.", d -> d.batcher().replicas());
    replaced();
    latencies();
    if (recorder != null) {
      recording(recorder);
    }
  }

  private void recording(Recorder recording) {
    head("recorded_rows_total", "counter", "Rows in complete files, by their table.");
    sample("recorded_rows_total", "table=\"steps\"", (double) recording.recordedSteps());
    sample("recorded_rows_total", "table=\"rewards\"", (double) recording.recordedRewards());
    head("record_dropped_rows_total", "counter", "Rows that are not recorded, by the reason.");
    for (Recorder.Loss loss : Recorder.Loss.values()) {
      String reason = "reason=\"" + loss.name().toLowerCase(Locale.ROOT) + "\"";
      sample("record_dropped_rows_total", reason, (double) recording.dropped(loss));
    }
  }

  private void requests() {
    head("requests_total", "counter", "Requests by their end.");
    forAll((labels, version) -> ends("requests_total", labels, version.batches().answers()));
    head("shadow_requests_total", "counter", "Requests computed only to compare, by their end.");
    forAll((labels, version) -> ends("shadow_requests_total", labels, version.batches().shadow()));
  }

  private void ends(String name, String labels, Ends ends) {
    sample(name, labels + ",end=\"succeeded\"", (double) ends.succeeded());
    sample(name, labels + ",end=\"abandoned\"", (double) ends.abandoned());
    for (Failure failure : Failure.values()) {
      String end = failure.name().toLowerCase(Locale.ROOT);
      sample(name, labels + ",end=\"" + end + "\"", (double) ends.failed(failure));
    }
  }

  private void replaced() {
    head("replicas_replaced_total", "counter", "Replicas replaced, by the reason.");
    forAll(
        (labels, version) -> {
          BatcherStatistics counted = version.batches();
          sample("replicas_replaced_total", labels + ",reason=\"died\"", (double) counted.died());
          sample("replicas_replaced_total", labels + ",reason=\"hung\"", (double) counted.hung());
        });
  }

  private void batches() {
    head("batch_rows", "histogram", "Rows computed together.");
    forAll(
        (labels, version) -> {
          BatcherStatistics statistics = version.batches();
          long[] batches = statistics.batchesBySize();
          String[] bounds = new String[batches.length];
          for (int i = 0; i < batches.length - 1; i++) {
            bounds[i] = Integer.toString(1 << i);
          }
          histogram("batch_rows", labels, bounds, batches, (double) statistics.rows());
        });
  }

  private void latencies() {
    head("request_seconds", "histogram", "From a request's first byte to its answer.");
    int buckets = VersionStatistics.BOUNDS.length + 1;
    forAll(
        (labels, version) -> {
          String[] bounds = new String[buckets];
          long[] answers = new long[buckets];
          for (int i = 0; i < buckets; i++) {
            answers[i] = version.answersIn(i);
            bounds[i] = i < buckets - 1 ? Double.toString(VersionStatistics.BOUNDS[i]) : "";
          }
          histogram("request_seconds", labels, bounds, answers, version.latencySeconds());
        });
  }

  /** The last bucket has no bound. */
  private void histogram(String name, String labels, String[] bounds, long[] counts, double sum) {
    long count = 0;
    for (int i = 0; i < counts.length; i++) {
      count += counts[i];
      String bound = i < counts.length - 1 ? bounds[i] : "+Inf";
      sample(name + "_bucket", labels + ",le=\"" + bound + "\"", (double) count);
    }
    sample(name + "_sum", labels, sum);
    sample(name + "_count", labels, (double) count);
  }

  private void write(HttpCounters http) {
    head("http_requests_total", "counter", "Answers of the HTTP front by class of status.");
    sample("http_requests_total", "code=\"2xx\"", (double) http.successes());
    sample("http_requests_total", "code=\"4xx\"", (double) http.clientErrors());
    sample("http_requests_total", "code=\"5xx\"", (double) http.serverErrors());
    one("http_requests_abandoned_total", "counter", "Requests left by clients.", http.abandoned());
    one("http_received_bytes_total", "counter", "Heads and bodies read.", http.bytesReceived());
    one("http_sent_bytes_total", "counter", "Heads and bodies written.", http.bytesSent());
    one("http_connections_total", "counter", "Connections taken.", http.connectionsAccepted());
    one(
        "http_connections_refused_total",
        "counter",
        "Connections beyond the limit.",
        http.connectionsRefused());
    one("http_connections", "gauge", "Connections open.", http.connectionsOpen());
  }

  private void one(String name, String type, String help, long value) {
    head(name, type, help);
    text.append("mobula_serve_").append(name).append(' ').append(value).append('\n');
  }

  private void each(
      String name, String type, String help, ToDoubleFunction<VersionStatistics> value) {
    head(name, type, help);
    forAll((labels, version) -> sample(name, labels, value.applyAsDouble(version)));
  }

  /** Takes a version and its labels. */
  private interface Samples {
    void of(String labels, VersionStatistics version);
  }

  /** Also of versions that have gone: a counter stays. */
  private void forAll(Samples samples) {
    for (ServedModel model : models) {
      for (VersionStatistics version : model.statistics().all()) {
        samples.of(labels(model, version.version()), version);
      }
    }
  }

  /** Of versions that take requests. */
  private void present(String name, String help, ToDoubleFunction<Deployment> value) {
    head(name, "gauge", help);
    for (ServedModel model : models) {
      for (Deployment deployment : model.deployments()) {
        sample(name, labels(model, deployment.version()), value.applyAsDouble(deployment));
      }
    }
  }

  private static String labels(ServedModel model, String version) {
    return "model=\"" + model.name() + "\",version=\"" + version + "\"";
  }

  /** The name of a metric, said once. */
  private void head(String name, String type, String help) {
    text.append("# HELP mobula_serve_").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE mobula_serve_").append(name).append(' ').append(type).append('\n');
  }

  private void sample(String name, String labels, double value) {
    text.append("mobula_serve_").append(name).append('{').append(labels).append("} ");
    if (value == Math.rint(value)) {
      text.append((long) value);
    } else {
      text.append(value);
    }
    text.append('\n');
  }
}
