package org.mobula.cli.options;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.runtime.ChromeTrace;
import org.mobula.core.runtime.TaskRuntime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** Whether the runtime's tasks and actors are drawn. */
public final class TraceOption {
  private static final Logger LOG = LoggerFactory.getLogger(TraceOption.class);

  @Option(
      names = "--trace",
      paramLabel = "FILE.json",
      description =
          "Write a timeline of workers, shards, learners and trials, for Perfetto or chrome://tracing.")
  private @Nullable Path file;

  /**
   * A timeline that may be none. It is open until the runtime has closed, and outlives a full disk.
   */
  public static final class Timeline implements AutoCloseable {
    private final @Nullable ChromeTrace trace;

    private Timeline(@Nullable ChromeTrace trace) {
      this.trace = trace;
    }

    public void of(TaskRuntime runtime) {
      if (trace != null) {
        runtime.addListener(trace);
      }
    }

    @Override
    public void close() {
      try {
        if (trace != null) {
          trace.close();
        }
      } catch (IOException e) {
        LOG.warn("The timeline is not whole: {}", ErrorReport.message(e));
      }
    }
  }

  public boolean isGiven() {
    return file != null;
  }

  public Timeline open() {
    try {
      return new Timeline(file == null ? null : new ChromeTrace(file));
    } catch (IOException e) {
      throw CommandFailure.usage(
          "the timeline cannot be written: " + ErrorReport.message(e),
          "Name a file by --trace that can be made, in a folder that is there.");
    }
  }
}
