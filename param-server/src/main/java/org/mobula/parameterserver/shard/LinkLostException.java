package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;

/** No answer will come; whether the request was done is not known. */
public final class LinkLostException extends RuntimeException {
  /**
   * A lost link.
   *
   * @param message which peer, and how it was lost
   */
  public LinkLostException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
