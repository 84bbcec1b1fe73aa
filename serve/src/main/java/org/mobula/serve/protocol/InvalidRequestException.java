package org.mobula.serve.protocol;

/** A body that is not what the protocol asks for; the message is for the client. */
public final class InvalidRequestException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A sentence that says what was given and what was expected. */
  public InvalidRequestException(String message) {
    super(message, null, false, false); // the client's mistake, not ours: no stack to be walked
  }
}
