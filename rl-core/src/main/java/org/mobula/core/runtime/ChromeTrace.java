package org.mobula.core.runtime;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a timeline for {@code chrome://tracing} or Perfetto, in the Trace Event Format: one bar
 * per attempt on the row of its thread, marks for the births and deaths of actors. Close it to
 * finish the file.
 */
public final class ChromeTrace implements RuntimeListener, AutoCloseable {
  private static final int PROCESS = 1; // one machine, one row group

  private final JsonGenerator json;
  private final Map<Long, RuntimeEvent> running = new HashMap<>();
  private final Map<String, Integer> threads = new HashMap<>();
  private @Nullable Instant origin;

  /** After the first error nothing more is written: a full disk is reported once. */
  private boolean broken;

  /** Writes to a new file, or over an old one. */
  public ChromeTrace(Path file) throws IOException {
    this(Files.newBufferedWriter(file));
  }

  /** Writes to a writer, which is closed with this. */
  public ChromeTrace(Writer writer) throws IOException {
    json = new JsonFactory().createGenerator(writer);
    json.writeStartObject();
    json.writeStringField("displayTimeUnit", "ms");
    json.writeArrayFieldStart("traceEvents");
  }

  @Override
  public synchronized void onEvent(RuntimeEvent event) {
    if (broken || json.isClosed()) {
      return;
    }
    try {
      switch (event.kind()) {
        case STARTED -> running.put(event.id(), event);
        case SUCCEEDED, FAILED, RETRIED, CANCELLED -> {
          RuntimeEvent start = running.remove(event.id());
          if (start != null) {
            writeBar(start, event);
          }
        }
        case ACTOR_STARTED, ACTOR_RESTARTED, ACTOR_DIED -> writeMark(event);
        case SUBMITTED, READY, BLOCKED, RESUMED -> {}
      }
    } catch (IOException e) {
      broken = true;
      throw new UncheckedIOException("the trace cannot be written", e);
    }
  }

  private void writeBar(RuntimeEvent start, RuntimeEvent end) throws IOException {
    int thread = thread(start.thread());
    json.writeStartObject();
    json.writeStringField("name", start.name());
    json.writeStringField("cat", start.actor().isEmpty() ? "task" : "call");
    json.writeStringField("ph", "X");
    json.writeNumberField("ts", micros(start.time()));
    json.writeNumberField("dur", ChronoUnit.MICROS.between(start.time(), end.time()));
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("tid", thread);
    json.writeObjectFieldStart("args");
    json.writeNumberField("id", start.id());
    json.writeNumberField("attempt", start.attempt());
    json.writeStringField("outcome", end.kind().name());
    json.writeStringField("actor", start.actor());
    json.writeStringField("detail", end.detail());
    json.writeEndObject();
    json.writeEndObject();
  }

  private void writeMark(RuntimeEvent event) throws IOException {
    int thread = thread(event.thread());
    json.writeStartObject();
    json.writeStringField("name", event.kind() + " " + event.name());
    json.writeStringField("cat", "actor");
    json.writeStringField("ph", "i");
    json.writeStringField("s", "t");
    json.writeNumberField("ts", micros(event.time()));
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("tid", thread);
    json.writeObjectFieldStart("args");
    json.writeStringField("detail", event.detail());
    json.writeEndObject();
    json.writeEndObject();
  }

  /** The row of a thread; its name is written when it first appears. */
  private int thread(String name) throws IOException {
    Integer known = threads.get(name);
    if (known != null) {
      return known;
    }
    int row = threads.size() + 1;
    threads.put(name, row);
    json.writeStartObject();
    json.writeStringField("name", "thread_name");
    json.writeStringField("ph", "M");
    json.writeNumberField("pid", PROCESS);
    json.writeNumberField("tid", row);
    json.writeObjectFieldStart("args");
    json.writeStringField("name", name);
    json.writeEndObject();
    json.writeEndObject();
    return row;
  }

  private long micros(Instant time) {
    if (origin == null) {
      origin = time;
    }
    return ChronoUnit.MICROS.between(origin, time);
  }

  @Override
  public synchronized void close() throws IOException {
    json.close(); // ends the open array and object
  }
}
