package org.mobula.cli.log;

import java.io.PrintWriter;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/**
 * The log of a command: lines on standard error, where nothing else that is on the terminal is
 * disturbed by them.
 */
public final class Log implements ILoggerFactory {
  private final ConcurrentMap<String, Logger> loggers = new ConcurrentHashMap<>();
  private volatile LogLevel level = LogLevel.WARN;
  private volatile LogFormat format = LogFormat.TEXT;
  private volatile Consumer<String> lines = System.err::println;

  /** What {@link #above} gives back the log to. */
  private volatile Consumer<String> below = lines;

  /** The process's own; an idle one where another library's log was put before it. */
  public static Log current() {
    return LoggerFactory.getILoggerFactory() instanceof Log log ? log : new Log();
  }

  /** From now on writes so. */
  public void configure(LogLevel newLevel, LogFormat newFormat, PrintWriter err) {
    level = newLevel;
    format = newFormat;
    below = err::println;
    lines = below;
  }

  /** Hands lines to a display, which writes them where they do not meet with what it draws. */
  public void above(Consumer<String> display) {
    lines = display;
  }

  /** Writes lines itself again. */
  public void alone() {
    lines = below;
  }

  /** Takes what is logged by Java's own means, as gRPC does. */
  public void takeJavaLogging() {
    LogManager.getLogManager().reset();
    java.util.logging.Logger.getLogger("").addHandler(new FromJava());
  }

  @Override
  public Logger getLogger(String name) {
    return loggers.computeIfAbsent(name, Named::new);
  }

  private void write(Level at, String logger, String message, @Nullable Throwable error) {
    lines.accept(format.line(Instant.now(), at, logger, message, error));
  }

  /** What a class logs by. */
  private final class Named extends LegacyAbstractLogger {
    private static final long serialVersionUID = 1L;

    Named(String name) {
      this.name = name;
    }

    private boolean shows(Level at) {
      return level.of(name).includes(at);
    }

    @Override
    public boolean isTraceEnabled() {
      return shows(Level.TRACE);
    }

    @Override
    public boolean isDebugEnabled() {
      return shows(Level.DEBUG);
    }

    @Override
    public boolean isInfoEnabled() {
      return shows(Level.INFO);
    }

    @Override
    public boolean isWarnEnabled() {
      return shows(Level.WARN);
    }

    @Override
    public boolean isErrorEnabled() {
      return shows(Level.ERROR);
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
      return null; // no line says where in the class it comes from: finding out is slow
    }

    @Override
    protected void handleNormalizedLoggingCall(
        Level at,
        @Nullable Marker marker,
        String pattern,
        Object @Nullable [] arguments,
        @Nullable Throwable error) {
      String message =
          arguments == null ? pattern : MessageFormatter.basicArrayFormat(pattern, arguments);
      write(at, name, String.valueOf(message), error);
    }
  }

  private final class FromJava extends Handler {
    @Override
    public void publish(LogRecord entry) {
      Level at =
          switch (entry.getLevel().getName()) {
            case "SEVERE" -> Level.ERROR;
            case "WARNING" -> Level.WARN;
            case "INFO" -> Level.INFO;
            default -> Level.DEBUG;
          };
      String logger = String.valueOf(entry.getLoggerName());
      if (level.of(logger).includes(at)) {
        write(at, logger, String.valueOf(entry.getMessage()), entry.getThrown());
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
