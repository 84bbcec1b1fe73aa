package org.mobula.core.runtime;

/** The task was not done by its deadline. */
public final class DeadlineExceededException extends TaskException {
  private static final long serialVersionUID = 1L;

  /** For engines. */
  public DeadlineExceededException(String message, String taskName, int attempt) {
    super(message, taskName, attempt, null);
  }
}
