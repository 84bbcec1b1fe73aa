package org.mobula.parameterserver;

import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.Agreement;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;

/** What a worker is by all its shards, and which history of the parameters it trains. */
final class Membership {
  final long session;
  final long layoutHash;
  final Agreement agreement;
  private @Nullable Claim claim;
  private boolean takesOver;
  private final boolean resumes;
  private long history = Join.ANY_HISTORY;
  private boolean settled;
  private Runnable onUnsettled = () -> {};

  /**
   * Of a worker that has joined nothing yet.
   *
   * @param claim of the run's own trainer; null for another learner
   * @param takesOver whether the claim stands above others', until it is granted by all shards
   * @param resumes whether the claim is of a run that has trained before
   */
  Membership(
      long session,
      long layoutHash,
      Agreement agreement,
      @Nullable Claim claim,
      boolean takesOver,
      boolean resumes) {
    this.session = session;
    this.layoutHash = layoutHash;
    this.agreement = agreement;
    this.claim = claim;
    this.takesOver = takesOver;
    this.resumes = resumes;
  }

  @Nullable Claim claim() {
    return claim;
  }

  boolean takesOver() {
    return takesOver;
  }

  /**
   * Whether it may decide who serves a shard before a shard has let it in: a new run may find that
   * the shards are another's, whose replica it must not have taken over by then.
   */
  boolean outranks() {
    return claim != null && (takesOver || resumes);
  }

  /** Said once, it must not take the shards back from a trainer that takes them over later. */
  void tookOver() {
    takesOver = false;
  }

  /** That of all shards when they were last looked at together; at first none. */
  long history() {
    return history;
  }

  /** Whether all shards have that history, as far as is known. */
  boolean isSettled() {
    return settled;
  }

  /** All shards have this history. */
  void settle(long common) {
    history = common;
    settled = true;
  }

  /** A shard has begun another history: all have to be looked at together. */
  void unsettle() {
    settled = false;
    onUnsettled.run();
  }

  /**
   * Sets what is to be done when a shard has another history than the others.
   *
   * @param task forgets what is asked of the shards
   */
  void whenUnsettled(Runnable task) {
    onUnsettled = task;
  }

  /** The other shards are told of the highest term, so that they take it on. */
  void joined(Joined answer) {
    Claim own = claim;
    Claim granted = answer.lineage().claim();
    if (own != null && granted != null && granted.term() > own.term()) {
      claim = own.withTerm(granted.term());
    }
  }
}
