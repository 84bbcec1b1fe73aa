package org.mobula.cli.directories;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.JsonLine;
import org.mobula.parameterserver.shard.ShardEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@code events.jsonl} in a run directory: what happened to shards and learners, and when.
 * There is none where nothing happened. A full disk costs its lines, not the run.
 */
public final class RunEvents {
  private static final Logger LOG = LoggerFactory.getLogger(RunEvents.class);

  private final Path file;
  private final InstantSource clock;
  private boolean written = true;

  public RunEvents(Path run, InstantSource clock) {
    file = run.resolve("events.jsonl");
    this.clock = clock;
  }

  public synchronized void record(ShardEvent event) {
    Instant now = clock.instant();
    String line = new JsonLine().text("time", now.toString()).shardEvent(event) + "\n";
    try {
      Files.writeString(file, line, UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      written = true;
    } catch (IOException e) {
      if (written) {
        LOG.warn("Events cannot be written to {}: {}", file, ErrorReport.message(e));
      }
      written = false;
    }
  }
}
