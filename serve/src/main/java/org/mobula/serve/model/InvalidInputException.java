package org.mobula.serve.model;

/** A request that a model cannot take; the message is for the client. */
public final class InvalidInputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A sentence that says what was given and what was expected. */
  public InvalidInputException(String message) {
    super(message, null, false, false); // the client's mistake, not ours: no stack to be walked
  }
}
