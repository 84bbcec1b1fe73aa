package org.mobula.tune.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;

class JournalFormatTest {
  private static final Instant TIME = Instant.parse("2026-11-24T11:42:11.744689Z");

  static final List<Operation> operations =
      List.of(
          new Operation.CreateStudy("größe", List.of(Direction.MINIMIZE, Direction.MAXIMIZE)),
          new Operation.DeleteStudy(3),
          new Operation.SetStudyUserAttribute(0, "k", nested()),
          new Operation.SetStudySystemAttribute(0, "k", null),
          new Operation.CreateTrial(
              0,
              TrialState.RUNNING,
              List.of(),
              Map.of(),
              Map.of(),
              Map.of(),
              Map.of(),
              Map.of(),
              TIME,
              null),
          new Operation.CreateTrial(
              1,
              TrialState.COMPLETE,
              List.of(1.0, Double.NEGATIVE_INFINITY),
              Map.of("c", 1.0),
              Map.of("c", CategoricalParameter.of("c", "a\"", 1, 2.5, true)),
              Map.of(3L, Double.NaN),
              Map.of("u", nested()),
              Map.of("s", 1L),
              TIME,
              TIME.plusSeconds(1)),
          new Operation.SetParameter(2, FloatParameter.log("x", 1e-5, 1), 0.25),
          new Operation.SetParameter(2, FloatParameter.stepped("x", 0, 0.3, 0.1), 0.1),
          new Operation.SetParameter(2, IntParameter.stepped("n", 1, 9, 2), 3),
          new Operation.SetState(2, TrialState.RUNNING, null, TIME, null),
          new Operation.SetState(2, TrialState.COMPLETE, List.of(1e-300, 2.0), null, TIME),
          new Operation.SetIntermediateValue(2, 5_000_000_000L, Double.POSITIVE_INFINITY),
          new Operation.SetTrialUserAttribute(2, "k", "v"),
          new Operation.SetTrialSystemAttribute(2, "k", Map.of("a", List.of())),
          new Operation.DiscardTrials());

  private final JournalFormat format = new JournalFormat();

  private static Object nested() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("list", new ArrayList<>(Arrays.asList("\u2028\n", 1L, 2.0, Double.NaN, false, null)));
    return map;
  }

  private Operation read(String line) throws IOException {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return format.parse(bytes, 0, bytes.length).operation();
  }

  private String written(Operation operation) {
    return new String(
        format.bytes(new JournalFormat.Line("w-1", operation)), StandardCharsets.US_ASCII);
  }

  @ParameterizedTest
  @FieldSource("operations")
  void readsWhatItWrote(Operation operation) throws IOException {
    String line = written(operation);
    assertThat(line).endsWith("}\n").doesNotContain("?");
    assertThat(read(line)).isEqualTo(operation);
  }

  @Test
  void writesAsOptuna() {
    assertThat(written(operations.get(0)))
        .isEqualTo(
            "{\"op_code\":0,\"worker_id\":\"w-1\",\"study_name\":\"gr\\u00F6\\u00DFe\",\"directions\":[1,2]}\n");
    assertThat(written(operations.get(8)))
        .isEqualTo(
            "{\"op_code\":5,\"worker_id\":\"w-1\",\"trial_id\":2,\"param_name\":\"n\",\"param_value_internal\":3.0,"
                + "\"distribution\":\"{\\\"name\\\": \\\"IntDistribution\\\", \\\"attributes\\\": "
                + "{\\\"log\\\": false, \\\"step\\\": 2, \\\"low\\\": 1, \\\"high\\\": 9}}\"}\n");
    assertThat(written(operations.get(9)))
        .isEqualTo(
            "{\"op_code\":6,\"worker_id\":\"w-1\",\"trial_id\":2,\"state\":0,\"values\":null,"
                + "\"datetime_start\":\"2026-11-24T11:42:11.744689+00:00\"}\n");
    assertThat(written(operations.get(11))).endsWith("\"intermediate_value\":Infinity}\n");
  }

  @Test
  void readsWhatOptunaWrites() throws IOException {
    assertThat(
            read(
                "{\"op_code\":4,\"worker_id\":\"w\",\"study_id\":0,\"datetime_start\":\"2026-11-24T11:42:11.744689+00:00\"}"))
        .isEqualTo(operations.get(4));
    assertThat(
            read(
                "{\"op_code\":4,\"worker_id\":\"w\",\"study_id\":1,\"datetime_start\":null,\"state\":1,\"value\":3,"
                    + "\"values\":null,\"distributions\":{\"x\":\"{\\\"name\\\": \\\"FloatDistribution\\\", \\\"attributes\\\": "
                    + "{\\\"step\\\": null, \\\"low\\\": 0.0, \\\"high\\\": 1.0, \\\"log\\\": false}}\"},\"params\":{\"x\":0.25},"
                    + "\"user_attrs\":{},\"system_attrs\":{},\"intermediate_values\":{\"1\":2}}"))
        .isEqualTo(
            new Operation.CreateTrial(
                1,
                TrialState.COMPLETE,
                List.of(3.0),
                Map.of("x", 0.25),
                Map.of("x", FloatParameter.uniform("x", 0, 1)),
                Map.of(1L, 2.0),
                Map.of(),
                Map.of(),
                null,
                null));
    assertThat(
            read(
                "{\"op_code\":5,\"worker_id\":\"w\",\"trial_id\":0,\"param_name\":\"c\",\"param_value_internal\":1,"
                    + "\"distribution\":\"{\\\"name\\\": \\\"CategoricalDistribution\\\", \\\"attributes\\\": {\\\"choices\\\": [\\\"a\\\", 1, null]}}\"}"))
        .isEqualTo(new Operation.SetParameter(0, CategoricalParameter.of("c", "a", 1, "null"), 1));
    assertThat(read("{\"op_code\":10,\"worker_id\":\"w\",\"study_id\":0,\"whatever\":[1]}"))
        .isEqualTo(new Operation.DiscardTrials());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{\"worker_id\":\"w\"}",
        "{\"op_code\":11,\"worker_id\":\"w\"}",
        "{\"op_code\":0,\"worker_id\":\"w\",\"study_name\":\"a\",\"directions\":[0]}",
        "{\"op_code\":1,\"worker_id\":\"w\"}",
        "{\"op_code\":6,\"worker_id\":\"w\",\"trial_id\":0,\"state\":5}",
        "{\"op_code\":8,\"worker_id\":\"w\",\"trial_id\":0,\"user_attr\":{}}",
        "{\"op_code\":5,\"worker_id\":\"w\",\"trial_id\":0,\"param_name\":\"c\",\"param_value_internal\":1,\"distribution\":\"{}\"}",
        "{\"op_code\":1,\"worker_id\":\"w\",\"study_id\":4611686018427387904}",
      })
  void refusesWhatIsNoOperation(String line) {
    assertThatThrownBy(() -> read(line)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"op_code\":1", "{\"op_code\":1}{\"op_code\":1}", "", "\u0000\u0000"})
  void tellsWhatIsNoJson(String line) {
    assertThatThrownBy(() -> read(line)).isInstanceOf(IOException.class);
  }
}
