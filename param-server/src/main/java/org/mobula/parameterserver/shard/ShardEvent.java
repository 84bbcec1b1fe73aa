package org.mobula.parameterserver.shard;

import java.util.Locale;
import org.slf4j.Logger;

/**
 * Something that has happened to a shard, or between a shard and a learner, and that a person
 * should hear of.
 *
 * @param kind for programs
 * @param shard its number among all, from 0
 * @param message for a person; a sentence without its full stop
 */
public record ShardEvent(Kind kind, int shard, String message) {
  /** Checks the number. */
  public ShardEvent {
    if (shard < 0) {
      throw new IllegalArgumentException("shard is " + shard + " but must be ≥ 0");
    }
  }

  /** What can happen. */
  public enum Kind {
    /** A learner takes part from now on. */
    LEARNER_JOINED,
    /** A learner has taken its leave. */
    LEARNER_LEFT,
    /** A learner was silent, or made no progress, for too long; the others go on. */
    LEARNER_TAKEN_OFF,
    /** The replica has all that the primary has. */
    REPLICA_ATTACHED,
    /** The primary goes on without a replica. */
    REPLICA_MISSING,
    /** The replica does not answer, and learners wait for it. */
    REPLICA_SILENT,
    /** A learner gives up a primary and asks its replica to take over. */
    FAILOVER,
    /** A replica has become the primary. */
    TOOK_OVER,
    /** A primary has been replaced and answers nobody any more. */
    FENCED,
    /** Steps that were acknowledged are gone. */
    VERSIONS_LOST,
    /** The shard's parameters cannot be had any more. */
    SHARD_LOST;

    /** {@code learner-joined}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether something is worse than before. */
    public boolean isTrouble() {
      return switch (this) {
        case LEARNER_JOINED, LEARNER_LEFT, REPLICA_ATTACHED -> false;
        case LEARNER_TAKEN_OFF,
            REPLICA_MISSING,
            REPLICA_SILENT,
            FAILOVER,
            TOOK_OVER,
            FENCED,
            VERSIONS_LOST,
            SHARD_LOST ->
            true;
      };
    }
  }

  /** {@code shard 0: learner 1 has joined}. */
  @Override
  public String toString() {
    return "shard " + shard + ": " + message;
  }

  /** Writes it as a warning where something is worse than before. */
  public void log(Logger log) {
    if (kind.isTrouble()) {
      log.warn("{}", this);
    } else {
      log.info("{}", this);
    }
  }
}
