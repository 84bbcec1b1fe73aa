package org.mobula.parameterserver.shard;

/**
 * A change of who serves a shard's parameters, as one learner has decided it.
 *
 * @param session of the learner
 * @param epoch that ends by it; {@link #ANY} where the learner has never heard of one
 * @param attempt rises with each ruling that the learner sends about the shard: a shard that has
 *     seen a later one refuses an earlier one, so an answer settles all that were sent before
 * @param outranks whether the learner takes the place of the arbiter that the shard knows, as a
 *     trainer does that resumes a run; true until a shard has let it in
 */
public record Ruling(long session, long epoch, long attempt, boolean outranks) {
  /** In place of an epoch. */
  public static final long ANY = -1;

  /** Checks the ranges. */
  public Ruling {
    if (epoch < ANY) {
      throw new IllegalArgumentException("epoch is " + epoch + " but must be ≥ 0, or -1 for any");
    }
  }
}
