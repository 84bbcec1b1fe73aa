package org.mobula.serve;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.BatcherStatistics;
import org.mobula.serve.batch.Failure;
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

  static String of(List<ServedModel> models, @Nullable Recorder recorder) {
    Exposition exposition = new Exposition(models, recorder);
    exposition.write();
    return exposition.text.toString();
  }

  private void write() {
    requests();
    each("rows_total", "counter", "Rows computed.", s -> (double) s.batcher().statistics().rows());
    each(
        "batches_total",
        "counter",
        "Batches computed.",
        s -> (double) s.batcher().statistics().batches());
    each(
        "compute_seconds_total",
        "counter",
        "Time that replicas computed.",
        s -> s.batcher().statistics().computeNanos() * 1e-9);
    each("queued_requests", "gauge", "Requests that wait.", s -> s.batcher().queued());
    each("replicas", "gauge", "Replicas.", s -> s.batcher().replicas());
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
    forAll(
        (labels, deployment) -> {
          BatcherStatistics statistics = deployment.batcher().statistics();
          sample("requests_total", labels + ",end=\"succeeded\"", (double) statistics.succeeded());
          sample("requests_total", labels + ",end=\"abandoned\"", (double) statistics.abandoned());
          for (Failure failure : Failure.values()) {
            String end = failure.name().toLowerCase(Locale.ROOT);
            sample(
                "requests_total",
                labels + ",end=\"" + end + "\"",
                (double) statistics.failed(failure));
          }
        });
  }

  private void latencies() {
    head("request_seconds", "histogram", "From a request's first byte to its answer.");
    forAll(
        (labels, deployment) -> {
          long count = 0;
          for (int i = 0; i <= Deployment.BOUNDS.length; i++) {
            count += deployment.answersIn(i);
            String bound =
                i < Deployment.BOUNDS.length ? Double.toString(Deployment.BOUNDS[i]) : "+Inf";
            sample("request_seconds_bucket", labels + ",le=\"" + bound + "\"", (double) count);
          }
          sample("request_seconds_sum", labels, deployment.latencySeconds());
          sample("request_seconds_count", labels, (double) count);
        });
  }

  private void each(String name, String type, String help, ToDoubleFunction<Deployment> value) {
    head(name, type, help);
    forAll((labels, deployment) -> sample(name, labels, value.applyAsDouble(deployment)));
  }

  /** Takes a version and its labels. */
  private interface Samples {
    void of(String labels, Deployment deployment);
  }

  private void forAll(Samples samples) {
    for (ServedModel model : models) {
      for (Deployment deployment : model.deployments()) {
        samples.of(
            "model=\"" + model.name() + "\",version=\"" + deployment.version() + "\"", deployment);
      }
    }
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
