package org.mobula.core.runtime;

import org.jspecify.annotations.Nullable;

/**
 * Thrown by an actor's own code to say that its object can no longer be used (a child process is
 * gone, a native handle is lost): the actor dies and is restarted if restarts are left.
 */
public final class ActorBrokenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what broke. */
  public ActorBrokenException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
