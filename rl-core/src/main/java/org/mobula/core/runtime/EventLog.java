package org.mobula.core.runtime;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes every event as one line of JSON, in the order heard: {@code {"schema":1,"kind":"STARTED",
 * "time":"2026-01-31T12:00:00.000001Z","id":7,"name":"rollout","actor":"","attempt":1,
 * "thread":"mobula-carrier-1","detail":""}}. After a crash the file holds all whole lines up to the
 * last flush.
 */
public final class EventLog implements RuntimeListener, AutoCloseable {
  private static final int SCHEMA = 1;

  private final JsonGenerator json;

  /** After the first error nothing more is written: a full disk is reported once. */
  private boolean broken;

  /** Writes to a new file, or over an old one. */
  public EventLog(Path file) throws IOException {
    this(Files.newBufferedWriter(file));
  }

  /** Writes to a writer, which is closed with this. */
  public EventLog(Writer writer) throws IOException {
    json = new JsonFactory().createGenerator(writer);
    json.setRootValueSeparator(null);
  }

  @Override
  public synchronized void onEvent(RuntimeEvent event) {
    if (broken || json.isClosed()) {
      return;
    }
    try {
      json.writeStartObject();
      json.writeNumberField("schema", SCHEMA);
      json.writeStringField("kind", event.kind().name());
      json.writeStringField("time", event.time().toString());
      json.writeNumberField("id", event.id());
      json.writeStringField("name", event.name());
      json.writeStringField("actor", event.actor());
      json.writeNumberField("attempt", event.attempt());
      json.writeStringField("thread", event.thread());
      json.writeStringField("detail", event.detail());
      json.writeEndObject();
      json.writeRaw('\n');
    } catch (IOException e) {
      broken = true;
      throw new UncheckedIOException("the event log cannot be written", e);
    }
  }

  /** Brings what was heard so far to the file. */
  public synchronized void flush() throws IOException {
    json.flush();
  }

  @Override
  public synchronized void close() throws IOException {
    json.close();
  }
}
