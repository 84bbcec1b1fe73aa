package org.mobula.parameterserver.shard;

/** Why a request was turned down. Each is counted ({@link ShardStatus#refusals}). */
public enum Refusal {
  /** The shard was the primary but another has taken over; ask that one. */
  FENCED,
  /** The shard is a replica and was not promoted. */
  NOT_PRIMARY,
  /** The epoch is not the shard's; join again, the exception says which it is. */
  WRONG_EPOCH,
  /** Other parameters, or the same cut in another way. */
  WRONG_LAYOUT,
  /** The worker was configured otherwise than the shard. */
  WRONG_SETTINGS,
  /** Another run trains the parameters, or another trainer of the same run. */
  IN_USE,
  /** The shard has taken steps since its values began, so they keep their history. */
  WRONG_HISTORY,
  /** A slice that is not as long as the shard's range. */
  WRONG_LENGTH,
  /** The worker never joined, has left, or was silent for longer than its lease; join again. */
  NOT_JOINED,
  /** Another process is present under this number. */
  ALREADY_JOINED,
  /** A commit without the push that it belongs to; push again. */
  NOT_PUSHED,
  /** A gradient, norm or learning rate holds NaN or infinity. */
  NOT_FINITE,
  /** A number that no correct worker sends: a negative clock, version or learning rate. */
  OUT_OF_RANGE,
  /** A saved state of another optimizer or another slice. */
  WRONG_STATE,
  /**
   * An entry for a replica that does not follow the one before; the whole state must come first.
   */
  OUT_OF_ORDER,
  /** A replica that was cut off before the version that the caller has seen. */
  BEHIND,
  /** A ruling about who serves the parameters by a learner that may not decide it. */
  NOT_ARBITER,
  /**
   * A primary that hears neither from its replica nor, without one, from the arbiter: another may
   * have taken over. Ask again.
   */
  UNCERTAIN,
  /**
   * A primary that has not reached its replica since it was started: that one may have taken over
   * from an earlier process. Ask again; a trainer that begins a run is let in.
   */
  UNPROVEN,
  /** A primary that serves learners of its own and follows no other. */
  NOT_A_REPLICA,
  /** More requests than the shard holds at once; try again later. */
  OVERLOADED,
  /** Bytes that are no message of the protocol. */
  MALFORMED,
  /** A message or frame above the limit. */
  OVERSIZED,
  /** The token is not the server's. */
  WRONG_TOKEN,
  /** One side uses TLS and the other does not, or the server's certificate is not trusted. */
  WRONG_TLS,
  /** Another version of the protocol. */
  WRONG_PROTOCOL,
  /** A frame that was sent before. */
  REPLAYED
}
