package org.mobula.core.runtime.local;

import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.Snapshotable;

/** One object of an actor, from the factory to its death. Counts are guarded by the actor. */
final class Life<A> {
  final A object;
  final @Nullable Snapshotable<Object> snapshotable;

  /** Threads that run calls on it. */
  int users;

  boolean buried;

  /** Dead; calls that have begun on it may still run. */
  volatile boolean over;

  @SuppressWarnings("unchecked")
  Life(A object) {
    this.object = object;
    this.snapshotable = object instanceof Snapshotable<?> s ? (Snapshotable<Object>) s : null;
  }
}
