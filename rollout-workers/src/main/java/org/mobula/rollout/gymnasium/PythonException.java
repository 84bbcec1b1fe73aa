package org.mobula.rollout.gymnasium;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Something went wrong in Python: an environment threw, or could not be made, or its process ended
 * or was ended. Its message is whole: where Python threw, with Python's own stack.
 */
public final class PythonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String type;

  private PythonException(@Nullable String type, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.type = type;
  }

  /** What Python threw, as the bridge reports it. */
  static PythonException thrown(Map<String, Object> failure) {
    String type = Values.text(failure.get("type"));
    String text = Values.text(failure.get("message"));
    StringBuilder message = new StringBuilder(type);
    if (!text.isEmpty()) {
      message.append(": ").append(text);
    }
    if (failure.get("remedy") instanceof String remedy) {
      message.append("\nRemedy: ").append(remedy);
    }
    String stack = Values.text(failure.get("traceback"));
    if (!stack.isEmpty()) {
      message.append('\n').append(stack);
    }
    return new PythonException(type, message.toString(), null);
  }

  /** The process, or the way to it, failed. */
  static PythonException process(String message, @Nullable Throwable cause) {
    return new PythonException(null, message, cause);
  }

  /** The name of Python's class of exceptions; empty where no exception but the process failed. */
  public Optional<String> type() {
    return Optional.ofNullable(type);
  }

  /** The message alone: it begins with the name of Python's exception. */
  @Override
  @SuppressWarnings("OverrideThrowableToString") // who names it by toString() has the same
  public String toString() {
    return String.valueOf(getMessage());
  }
}
