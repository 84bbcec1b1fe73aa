package org.mobula.core.runtime;

import java.time.Instant;

/**
 * One change of state of a task, an actor call or an actor.
 *
 * @param kind what happened
 * @param time wall-clock time
 * @param id of the task, call or actor; unique within one runtime
 * @param name of the task, call or actor
 * @param actor the actor's name for a call or an actor, else empty
 * @param attempt from 1; for an actor the number of its lives so far
 * @param thread where it happened
 * @param detail error text where there is one, else empty
 */
public record RuntimeEvent(
    Kind kind,
    Instant time,
    long id,
    String name,
    String actor,
    int attempt,
    String thread,
    String detail) {

  /** What happened. */
  public enum Kind {
    /** A task or call was handed in. */
    SUBMITTED,
    /** All dependencies of a task that had some are there. */
    READY,
    /** An attempt began to run. */
    STARTED,
    /** An attempt ended with a value. */
    SUCCEEDED,
    /** The task or call ended with an error. */
    FAILED,
    /** An attempt ended with an error and another follows. */
    RETRIED,
    /** Cancelled, before or while it ran. */
    CANCELLED,
    /** A running task waits for another one's result and lends its CPU out. */
    BLOCKED,
    /** A blocked task has its CPU back. */
    RESUMED,
    /** An actor's first object was made. */
    ACTOR_STARTED,
    /** A dead actor got a new object. */
    ACTOR_RESTARTED,
    /** An actor died; the detail tells of what. */
    ACTOR_DIED
  }
}
