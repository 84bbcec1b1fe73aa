package org.mobula.core.runtime;

import org.jspecify.annotations.Nullable;

/**
 * A task or call that has no value. The cause is what the task's own code threw; a task that never
 * ran because a dependency failed carries that dependency's cause.
 */
public class TaskException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String taskName;
  private final int attempt;

  /** For engines. */
  public TaskException(String message, String taskName, int attempt, @Nullable Throwable cause) {
    super(message, cause);
    this.taskName = taskName;
    this.attempt = attempt;
  }

  /** Name from the task's options. */
  public final String taskName() {
    return taskName;
  }

  /** The attempt that ended it, from 1. */
  public final int attempt() {
    return attempt;
  }
}
