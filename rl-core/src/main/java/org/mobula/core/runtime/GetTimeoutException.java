package org.mobula.core.runtime;

/** The value did not come in time; the task itself goes on. */
public final class GetTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For engines. */
  public GetTimeoutException(String message) {
    super(message);
  }
}
