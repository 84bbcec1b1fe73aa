package org.mobula.core.runtime;

/** The actor has as many waiting calls as its options allow, and callers shall not wait. */
public final class MailboxFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For engines. */
  public MailboxFullException(String message) {
    super(message);
  }
}
