package org.mobula.core.runtime;

/** The task was cancelled, by hand or by the runtime's close. */
public final class TaskCancelledException extends TaskException {
  private static final long serialVersionUID = 1L;

  /** For engines. */
  public TaskCancelledException(String message, String taskName, int attempt) {
    super(message, taskName, attempt, null);
  }
}
