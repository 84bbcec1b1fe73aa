package org.mobula.core.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableSinksTest {
  private final Path directory;

  TableSinksTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private static Map<String, Double> values(Object... namesAndValues) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      values.put((String) namesAndValues[i], (Double) namesAndValues[i + 1]);
    }
    return values;
  }

  @Test
  void csvHasARowARecord() {
    Path file = directory.resolve("run/metrics.csv");
    MetricSink sink = CsvSink.create(file);
    sink.record(256, 0.5, values("a/b", 1.0, "c", -2.5e-7));
    sink.record(512, 1.5, values("c", Double.NaN, "a/b", Double.NEGATIVE_INFINITY));
    sink.close();
    sink.close();

    assertThat(file)
        .hasContent(
            """
            environment_steps,wall_seconds,a/b,c
            256,0.5,1.0,-2.5E-7
            512,1.5,-Infinity,NaN
            """);
  }

  @Test
  void csvGainsColumnsWithoutLosingRows() {
    Path file = directory.resolve("metrics.csv");
    try (MetricSink sink = CsvSink.create(file)) {
      sink.record(1, 1, values("a", 1.0));
      sink.record(2, 2, values("a", 2.0, "b", 3.0));
      sink.record(3, 3, values("c", 4.0));
      sink.record(4, 4, values());
    }

    assertThat(file)
        .hasContent(
            """
            environment_steps,wall_seconds,a,b,c
            1,1.0,1.0,,
            2,2.0,2.0,3.0,
            3,3.0,,,4.0
            4,4.0,,,
            """);
    assertThat(MetricTable.read(file).points("b")).containsExactly(new MetricTable.Point(2, 3));
    assertThat(MetricTable.read(file).points("unknown")).isEmpty();
  }

  @Test
  void csvGoesOnFromTheStepOfTheCheckpoint() throws IOException {
    Path file = directory.resolve("metrics.csv");
    try (MetricSink sink = CsvSink.create(file)) {
      sink.record(10, 1, values("a", 1.0));
      sink.record(20, 2, values("a", 2.0));
      sink.record(30, 3, values("a", 3.0));
    }
    Files.writeString(file, "40,4.0,4", StandardOpenOption.APPEND); // cut off by a kill

    try (MetricSink sink = CsvSink.resume(file, 20)) {
      sink.record(30, 2.5, values("a", 5.0));
    }

    assertThat(file)
        .hasContent(
            """
            environment_steps,wall_seconds,a
            10,1.0,1.0
            20,2.0,2.0
            30,2.5,5.0
            """);
  }

  @Test
  void resumingWithoutAFileStartsOne() {
    CsvSink.resume(directory.resolve("a/metrics.csv"), 20).close();
    JsonLinesSink.resume(directory.resolve("a/metrics.jsonl"), 20).close();

    assertThat(directory.resolve("a/metrics.csv")).hasContent("environment_steps,wall_seconds\n");
    assertThat(directory.resolve("a/metrics.jsonl")).isEmptyFile();
  }

  @Test
  void csvRefusesNamesThatBreakTheTable() {
    try (MetricSink sink = CsvSink.create(directory.resolve("metrics.csv"))) {
      assertThatThrownBy(() -> sink.record(1, 1, values("a,b", 1.0)))
          .hasMessage("metric \"a,b\" must have a name without commas, quotes and line breaks");
    }
  }

  @Test
  void tableRefusesAForeignFile() throws IOException {
    Path file = Files.writeString(directory.resolve("other.csv"), "x,y\n1,2\n");

    assertThatThrownBy(() -> MetricTable.read(file))
        .hasMessage(file + ":1: the first column is x but must be environment_steps");
    Files.writeString(file, "environment_steps,wall_seconds\n1\n");
    assertThatThrownBy(() -> MetricTable.read(file)).hasMessage(file + ":2: 1 cells but 2 columns");
  }

  @Test
  void jsonLinesAreObjects() {
    Path file = directory.resolve("metrics.jsonl");
    try (MetricSink sink = JsonLinesSink.create(file)) {
      sink.record(256, 0.5, values("a/\"b\"", 1.0, "c", Double.NaN));
      sink.record(512, 1, values());
    }

    assertThat(file)
        .hasContent(
            """
            {"environment_steps":256,"wall_seconds":0.5,"a/\\"b\\"":1.0,"c":null}
            {"environment_steps":512,"wall_seconds":1.0}
            """);
  }

  @Test
  void jsonLinesGoOnFromTheStepOfTheCheckpoint() throws IOException {
    Path file = directory.resolve("metrics.jsonl");
    try (MetricSink sink = JsonLinesSink.create(file)) {
      sink.record(10, 1, values("a", 1.0));
      sink.record(20, 2, values("a", 2.0));
    }
    Files.writeString(file, "{\"environment_steps\":5,\"wall", StandardOpenOption.APPEND);

    try (MetricSink sink = JsonLinesSink.resume(file, 10)) {
      sink.record(15, 2.5, values("a", 5.0));
    }

    assertThat(file)
        .hasContent(
            """
            {"environment_steps":10,"wall_seconds":1.0,"a":1.0}
            {"environment_steps":15,"wall_seconds":2.5,"a":5.0}
            """);
  }

  @Test
  void prometheusShowsTheLastValueOfEachMetric() {
    Path file = directory.resolve("mobula.prom");
    try (PrometheusSink sink = PrometheusSink.toFile(file, Map.of("run", "a \"b\"\\"))) {
      sink.record(1, 0.5, values("loss/policy", 1.0));
      sink.record(2, 1, values("policy/kl", Double.POSITIVE_INFINITY));
    }

    assertThat(file)
        .hasContent(
            """
            # TYPE mobula_environment_steps gauge
            mobula_environment_steps{run="a \\"b\\"\\\\"} 2.0
            # TYPE mobula_loss_policy gauge
            mobula_loss_policy{run="a \\"b\\"\\\\"} 1.0
            # TYPE mobula_policy_kl gauge
            mobula_policy_kl{run="a \\"b\\"\\\\"} +Inf
            # TYPE mobula_wall_seconds gauge
            mobula_wall_seconds{run="a \\"b\\"\\\\"} 1.0
            """);
  }

  @Test
  void compositeReachesEverySinkThoughOneFails() {
    List<String> calls = new ArrayList<>();
    MetricSink sink =
        new CompositeSink(List.of(new Failing(calls, "first"), new Failing(calls, "second")));

    assertThatThrownBy(() -> sink.record(1, 1, values()))
        .hasMessage("first")
        .satisfies(
            e ->
                assertThat(e.getSuppressed())
                    .singleElement()
                    .hasToString("java.lang.IllegalStateException: second"));
    assertThatThrownBy(sink::close).hasMessage("first");
    assertThat(calls).containsExactly("first", "second", "first", "second");
  }

  private record Failing(List<String> calls, String name) implements MetricSink {
    @Override
    public void record(long environmentSteps, double wallSeconds, Map<String, Double> values) {
      close();
    }

    @Override
    public void close() {
      calls.add(name);
      throw new IllegalStateException(name);
    }
  }
}
