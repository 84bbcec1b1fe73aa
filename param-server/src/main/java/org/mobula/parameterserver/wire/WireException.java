package org.mobula.parameterserver.wire;

import org.mobula.parameterserver.shard.Refusal;

/** The peer broke the protocol; the connection ends with this reason. */
final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1;

  final Refusal refusal;

  WireException(Refusal refusal, String message) {
    // Whoever sends rubbish must not be able to make stack traces of it.
    super(message, null, false, false);
    this.refusal = refusal;
  }

  static WireException malformed(String message) {
    return new WireException(Refusal.MALFORMED, message);
  }
}
