package org.mobula.core.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every sink of measurements must keep; extend it and hand over yours. */
public abstract class MetricSinkContract {
  @TempDir Path folder;

  /** A new sink, which may keep what it likes in an empty folder. */
  protected abstract MetricSink create(Path folder) throws Exception;

  /**
   * The last value of a metric as a reader of the format finds it, after the sink was closed.
   *
   * @return empty if it was never given
   */
  protected abstract OptionalDouble last(MetricSink sink, Path folder, String metric)
      throws Exception;

  private static Map<String, Double> measured(double mean, double loss) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("rollout/episode_return_mean", mean);
    values.put("loss/policy", loss);
    return values;
  }

  private void assertLast(MetricSink sink, String metric, double value) throws Exception {
    assertThat(last(sink, folder, metric)).as(metric).hasValue(value);
  }

  @Test
  void theLastValueOfEachMetricIsFound() throws Exception {
    MetricSink sink = create(folder);
    sink.record(256, 0.5, measured(21.5, -0.25));
    sink.record(512, 1.25, measured(40.75, 1e-3f));
    sink.close();
    assertLast(sink, "rollout/episode_return_mean", 40.75);
    assertLast(sink, "loss/policy", 1e-3f);
    assertThat(last(sink, folder, "loss/value")).isEmpty();
  }

  @Test
  void metricsComeAndGo() throws Exception {
    MetricSink sink = create(folder);
    sink.record(256, 0.5, Map.of("loss/policy", 1.0));
    sink.record(256, 0.5, Map.of("evaluation/episode_return_mean", 2.0)); // of the same step
    sink.record(512, 1, Map.of("loss/policy", 3.0));
    sink.close();
    assertLast(sink, "loss/policy", 3);
    assertLast(sink, "evaluation/episode_return_mean", 2);
  }

  /** The caller fills the same map again for the next record. */
  @Test
  void whatWasRecordedStays() throws Exception {
    MetricSink sink = create(folder);
    Map<String, Double> values = measured(7, 8);
    sink.record(256, 0.5, values);
    values.clear();
    values.put("loss/policy", -1.0);
    sink.close();
    assertLast(sink, "rollout/episode_return_mean", 7);
    assertLast(sink, "loss/policy", 8);
  }

  @Test
  void numbersThatAreNoneAndEmptyRecordsAreTaken() throws Exception {
    MetricSink sink = create(folder);
    sink.record(0, 0, Map.of());
    sink.record(256, 0.5, measured(Double.NaN, Double.POSITIVE_INFINITY));
    sink.record(512, 1, measured(1, 2));
    sink.close();
    assertLast(sink, "loss/policy", 2);
  }

  @Test
  void closesTwiceAndWithoutARecord() throws Exception {
    MetricSink sink = create(folder);
    sink.close();
    assertThatCode(sink::close).doesNotThrowAnyException();
  }
}
