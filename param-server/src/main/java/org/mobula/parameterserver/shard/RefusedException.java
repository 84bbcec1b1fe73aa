package org.mobula.parameterserver.shard;

/** A shard was reached and turned the request down; it changed nothing. */
public final class RefusedException extends RuntimeException {
  private final Refusal refusal;
  private final long epoch;

  /**
   * A refusal.
   *
   * @param epoch of the shard that refuses; -1 where it is not known
   * @param message value, rule and remedy
   */
  public RefusedException(Refusal refusal, long epoch, String message) {
    // Refusals are answers: many a second may be, and the stack says nothing.
    super(message, null, false, false);
    this.refusal = refusal;
    this.epoch = epoch;
  }

  /** Why. */
  public Refusal refusal() {
    return refusal;
  }

  /** The epoch of the shard that refuses; -1 where it is not known. */
  public long epoch() {
    return epoch;
  }
}
