package org.mobula.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.runtime.RuntimeEvent.Kind;

class EventWritersTest {
  private static final Instant START = Instant.parse("2026-01-31T12:00:00Z");
  private final ObjectMapper json = new ObjectMapper();

  private static RuntimeEvent event(Kind kind, long micros, long id, String detail) {
    Instant time = START.plusNanos(micros * 1_000);
    return new RuntimeEvent(kind, time, id, "say \"hi\"", "", 1, "thread-" + id, detail);
  }

  @Test
  void theLogHoldsOneJsonObjectALine(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("events.jsonl");
    try (EventLog log = new EventLog(file)) {
      log.onEvent(event(Kind.SUBMITTED, 0, 7, ""));
      log.onEvent(event(Kind.FAILED, 5, 7, "line\nbreak"));
      log.flush();
      assertThat(Files.readAllLines(file)).hasSize(2);
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines.get(0))
        .isEqualTo(
            "{\"schema\":1,\"kind\":\"SUBMITTED\",\"time\":\"2026-01-31T12:00:00Z\",\"id\":7,"
                + "\"name\":\"say \\\"hi\\\"\",\"actor\":\"\",\"attempt\":1,"
                + "\"thread\":\"thread-7\",\"detail\":\"\"}");
    assertThat(json.readTree(lines.get(1)).get("detail").asText()).isEqualTo("line\nbreak");
  }

  @Test
  void theTraceHoldsOneBarAnAttemptOnTheRowOfItsThread() throws Exception {
    StringWriter text = new StringWriter();
    try (ChromeTrace trace = new ChromeTrace(text)) {
      trace.onEvent(event(Kind.STARTED, 0, 1, ""));
      trace.onEvent(event(Kind.STARTED, 10, 2, ""));
      trace.onEvent(event(Kind.RETRIED, 25, 1, "boom"));
      trace.onEvent(event(Kind.STARTED, 30, 1, ""));
      trace.onEvent(event(Kind.SUCCEEDED, 70, 1, ""));
      trace.onEvent(event(Kind.CANCELLED, 80, 3, "never started"));
      trace.onEvent(event(Kind.ACTOR_DIED, 90, 4, "killed"));
    }
    JsonNode root = json.readTree(text.toString());
    List<JsonNode> bars = new ArrayList<>();
    root.get("traceEvents").forEach(node -> bars.add(node));
    assertThat(bars.stream().filter(b -> b.get("ph").asText().equals("X")))
        .extracting(b -> b.get("ts").asLong() + "+" + b.get("dur").asLong())
        .containsExactly("0+25", "30+40");
    assertThat(bars.stream().filter(b -> b.get("ph").asText().equals("M")))
        .extracting(b -> b.get("args").get("name").asText())
        .containsExactly("thread-1", "thread-4");
    assertThat(bars.stream().filter(b -> b.get("ph").asText().equals("i"))).hasSize(1);
  }

  @Test
  void aFullDiskIsReportedOnce() throws IOException {
    Writer full =
        new Writer() {
          @Override
          public void write(char[] text, int offset, int length) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    RuntimeEvent event = event(Kind.SUBMITTED, 0, 7, "x".repeat(100_000)); // more than is buffered
    EventLog log = new EventLog(full);
    assertThatThrownBy(() -> log.onEvent(event)).hasMessage("the event log cannot be written");
    log.onEvent(event);
    RuntimeEvent death = event(Kind.ACTOR_DIED, 0, 7, "x".repeat(100_000));
    ChromeTrace trace = new ChromeTrace(full);
    assertThatThrownBy(() -> trace.onEvent(death)).hasMessage("the trace cannot be written");
    trace.onEvent(death);
  }
}
