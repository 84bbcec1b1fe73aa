package org.mobula.core.runtime;

/**
 * The thread was interrupted while it waited for the runtime; its interrupt flag is set again.
 * Inside a task this means: cancelled, past its deadline, or the runtime closes.
 */
public final class WaitInterruptedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For engines. */
  public WaitInterruptedException(String message) {
    super(message);
  }
}
