package org.mobula.serve.protocol;

/** There is nothing wrong with a request, but it cannot be done. The message is for the client. */
public final class RequestRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why, for the wire's status. */
  public enum Reason {
    /** There is no such model or version. */
    NOT_FOUND,
    /** Not now: later it may be done. */
    UNAVAILABLE,
    /** The server failed; its log says why. */
    FAILED
  }

  private final Reason reason;

  /** A refusal without a stack trace: it is an answer, not a fault. */
  public RequestRefusedException(Reason reason, String sentence) {
    super(sentence, null, false, false);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
