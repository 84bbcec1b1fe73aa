package org.mobula.core.runtime;

/** A value cannot go to another machine; the message names the path to the part that cannot. */
public final class NotTransferableException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /** For engines. */
  public NotTransferableException(String message, Throwable cause) {
    super(message, cause);
  }
}
