package org.mobula.parameterserver.shard;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The one learner that may change who serves a shard's parameters, as this shard knows it. It is
 * known by its session. The first learner that joins becomes it; a later trainer may take its
 * place, which begins a new term of epochs; one that leaves hands it to the lowest of the others.
 */
final class Arbiter {
  /** Epochs of a term: a term's first is a multiple of it. */
  static final long TERM = 1_000_000;

  /** No learner's. */
  static final long NONE = 0;

  private long session = NONE;

  /** Of the entry that tells the replica of it. */
  private long sinceSequence;

  /** It was told by a person to take another one's place, which the replica need not agree to. */
  private boolean outranks;

  private long heardAt;

  /** Of each learner that has sent a decision: the number of its last one. */
  private final Map<Long, Long> attempts = new HashMap<>();

  /** Messages of theirs may still be on their way. */
  private final Set<Long> former = new HashSet<>();

  long session() {
    return session;
  }

  boolean is(long other) {
    return session != NONE && session == other;
  }

  /** The first epoch of the next term. */
  static long nextTerm(long epoch) {
    return (epoch / TERM + 1) * TERM;
  }

  /** Another learner decides from now on; the primary's own choice, or a person's. */
  void begin(long newSession, long sequence, boolean byPerson, long now) {
    if (session != NONE) {
      former.add(session);
    }
    session = newSession;
    sinceSequence = sequence;
    outranks = byPerson;
    heardAt = now;
  }

  /** Whether a learner that a person has told to may take the place of the present one. */
  boolean givesWayTo(long other) {
    return other != NONE && !former.contains(other);
  }

  /** A replica hears of it from its primary. */
  void follow(long primarysArbiter, long now) {
    if (session != primarysArbiter) {
      begin(primarysArbiter, 0, false, now);
    }
  }

  /** The learner has asked something. */
  void heard(long caller, long now) {
    if (is(caller)) {
      heardAt = now;
    }
  }

  boolean isSilent(long now, long lease) {
    return session != NONE && now - heardAt >= lease;
  }

  /**
   * Whether the replica knows that this one decides, so that it listens to no other; or need not.
   *
   * @param acknowledged the sequence number that the replica has reached
   */
  boolean isSettled(long acknowledged) {
    return outranks || acknowledged >= sinceSequence;
  }

  /** Whether a ruling came before, or another one that was sent after it. */
  boolean isLate(Ruling ruling) {
    Long latest = attempts.get(ruling.session());
    if (latest != null && ruling.attempt() <= latest) {
      return true;
    }
    attempts.put(ruling.session(), ruling.attempt());
    return false;
  }
}
