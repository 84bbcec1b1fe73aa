package org.mobula.cli.output;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.mobula.core.config.ConfigException;
import picocli.CommandLine.ExitCode;

/**
 * An error as the user reads it: one to three lines with the remedy, and the exit code.
 *
 * @param lines for standard error
 * @param exitCode 2 for bad usage or configuration, 1 for what failed
 */
public record ErrorReport(List<String> lines, int exitCode) {
  public static final String MORE_MEMORY =
      "Give the JVM more, such as MOBULA_JAVA_OPTS=-Xmx8g, or train with fewer environments or a"
          + " smaller network.";

  private static final String DEBUG = "Add --debug for the stack trace.";

  public ErrorReport {
    lines = List.copyOf(lines);
  }

  public static ErrorReport of(Throwable error) {
    if (error instanceof ConfigException mistakes) {
      return new ErrorReport(mistakes.mistakes(), ExitCode.USAGE);
    } else if (error instanceof CommandFailure failure) {
      return new ErrorReport(
          List.of(String.valueOf(failure.getMessage()), failure.remedy()), failure.exitCode());
    } else if (error instanceof OutOfMemoryError) {
      return new ErrorReport(
          List.of("mobula: out of memory: " + error.getMessage(), MORE_MEMORY), ExitCode.SOFTWARE);
    }
    return new ErrorReport(List.of("mobula: " + message(error), DEBUG), ExitCode.SOFTWARE);
  }

  /** What went wrong, in one line where the error has one. */
  public static String message(Throwable error) {
    if (error instanceof IOException e) {
      return words(e);
    }
    String message = error.getMessage();
    if (error.getCause() instanceof IOException cause
        && (message == null || message.equals(cause.toString()))) {
      return words(cause);
    }
    return message == null || error instanceof Error ? error.toString() : message;
  }

  /** The message of many file errors is the file's name alone; this says what is wrong with it. */
  private static String words(IOException error) {
    if (error instanceof NoSuchFileException missing) {
      return missing.getFile() + ": no such file";
    } else if (error instanceof AccessDeniedException denied) {
      return denied.getFile() + ": permission denied";
    } else if (error instanceof FileSystemException e && e.getReason() == null) {
      return e.getFile() + ": " + e.getClass().getSimpleName().replace("Exception", "");
    }
    String message = error.getMessage();
    return message == null ? error.toString() : message;
  }
}
