package org.mobula.cli.log;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.JsonLine;
import org.slf4j.event.Level;

/** How a log line is written. Its time is UTC: that of a place would need a file to be read. */
public enum LogFormat {
  /** For people; a stack trace follows on lines of its own. */
  TEXT {
    @Override
    String line(
        Instant time, Level level, String logger, String message, @Nullable Throwable error) {
      String line =
          time.truncatedTo(ChronoUnit.MILLIS)
              + " "
              + level
              + (level.name().length() < WIDTH ? "  " : " ")
              + logger
              + ": "
              + visible(message);
      return error == null ? line : line + "\n" + stack(error).stripTrailing();
    }
  },

  /** One JSON object a line, for what collects logs. */
  JSON {
    @Override
    String line(
        Instant time, Level level, String logger, String message, @Nullable Throwable error) {
      JsonLine line =
          new JsonLine()
              .text("time", time.truncatedTo(ChronoUnit.MICROS).toString())
              .text("level", level.name())
              .text("logger", logger)
              .text("thread", Thread.currentThread().getName())
              .text("message", message);
      if (error != null) {
        line.text("error", error.toString()).text("stack", stack(error));
      }
      return line.toString();
    }
  };

  /** Of the longest names of levels. */
  private static final int WIDTH = 5;

  abstract String line(
      Instant time, Level level, String logger, String message, @Nullable Throwable error);

  /** A line break in what a client sent could forge another line. */
  private static String visible(String message) {
    return message.chars().anyMatch(c -> Character.isISOControl(c) && c != '\t')
        ? message.replaceAll("[\\p{Cntrl}&&[^\t]]+", " ")
        : message;
  }

  private static String stack(Throwable error) {
    StringWriter stack = new StringWriter();
    error.printStackTrace(new PrintWriter(stack));
    return stack.toString();
  }
}
