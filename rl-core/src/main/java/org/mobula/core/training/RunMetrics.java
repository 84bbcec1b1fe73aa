package org.mobula.core.training;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.metrics.CompositeSink;
import org.mobula.core.metrics.CsvSink;
import org.mobula.core.metrics.JsonLinesSink;
import org.mobula.core.metrics.LearningCurve;
import org.mobula.core.metrics.MetricSink;
import org.mobula.core.metrics.TensorBoardSink;

/**
 * The metric files of a run. They are opened at the first measurements: a resumed run that is
 * refused before leaves the files as they were.
 */
final class RunMetrics implements MetricSink {
  private final RunDirectory run;
  private final long stepsBefore;
  private @Nullable MetricSink files;

  /**
   * Files in a run's directory.
   *
   * @param stepsBefore environment steps of the checkpoint that the run goes on from; 0 for none
   */
  RunMetrics(RunDirectory run, long stepsBefore) {
    this.run = run;
    this.stepsBefore = stepsBefore;
  }

  @Override
  public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
    if (files == null) {
      files =
          new CompositeSink(
              List.of(
                  CsvSink.resume(run.metricsCsv(), stepsBefore),
                  JsonLinesSink.resume(run.metricsJsonLines(), stepsBefore),
                  stepsBefore == 0
                      ? TensorBoardSink.create(run.path())
                      : TensorBoardSink.resume(run.path(), stepsBefore)));
    }
    files.record(environmentSteps, wallSeconds, values);
  }

  /** Draws what the closed files hold; nothing where no iteration was needed. */
  void drawLearningCurve(String title) throws IOException {
    if (Files.exists(run.metricsCsv())) {
      LearningCurve.read(run.metricsCsv(), title).write(run.learningCurve());
    }
  }

  @Override
  public void flush() {
    if (files != null) {
      files.flush();
    }
  }

  @Override
  public void close() {
    if (files != null) {
      files.close();
    }
  }
}
