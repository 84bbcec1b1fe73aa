package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;

/** No answer will come; whether the request was done is mostly not known. */
public final class LinkLostException extends RuntimeException {
  private final boolean sent;

  /**
   * A lost link.
   *
   * @param message which peer, and how it was lost
   */
  public LinkLostException(String message, @Nullable Throwable cause) {
    this(message, cause, true);
  }

  /**
   * A lost link.
   *
   * @param message which peer, and how it was lost
   * @param sent whether the request may have been done; false where nobody could be connected to
   */
  public LinkLostException(String message, @Nullable Throwable cause, boolean sent) {
    super(message, cause);
    this.sent = sent;
  }

  /** Whether the request may have been done. */
  public boolean isSent() {
    return sent;
  }
}
