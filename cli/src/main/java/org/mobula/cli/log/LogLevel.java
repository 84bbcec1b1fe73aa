package org.mobula.cli.log;

import org.slf4j.event.Level;

/** What is logged: a level and those above it. */
public enum LogLevel {
  OFF,
  ERROR,
  WARN,
  INFO,
  DEBUG,
  TRACE;

  boolean includes(Level level) {
    return switch (level) {
      case ERROR -> compareTo(ERROR) >= 0;
      case WARN -> compareTo(WARN) >= 0;
      case INFO -> compareTo(INFO) >= 0;
      case DEBUG -> compareTo(DEBUG) >= 0;
      case TRACE -> compareTo(TRACE) >= 0;
    };
  }

  private LogLevel atMost(LogLevel other) {
    return compareTo(other) <= 0 ? this : other;
  }

  /**
   * What of a logger is shown where this is the level that the user chose.
   *
   * @param logger its name
   */
  LogLevel of(String logger) {
    if (logger.equals("org.mobula.serve.access")) {
      return this == OFF ? OFF : compareTo(INFO) > 0 ? this : INFO; // it was asked for by its key
    }
    if (logger.startsWith("org.mobula.")) {
      return this;
    }
    // Libraries say much of themselves, and gRPC warns of what its clients do wrong.
    return atMost(logger.startsWith("io.grpc.") ? ERROR : compareTo(DEBUG) >= 0 ? INFO : WARN);
  }
}
