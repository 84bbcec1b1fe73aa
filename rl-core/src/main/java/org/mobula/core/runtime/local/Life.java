package org.mobula.core.runtime.local;

import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.Snapshotable;

/** One object of an actor, from the factory to its death. Counts are guarded by the actor. */
final class Life<A> {
  final A object;

  /** Its own, which it shares with no other life; null where it has the driver's. */
  final @Nullable OwnClasses classes;

  final @Nullable Snapshotable<Object> snapshotable;

  /** Threads that run calls on it. */
  int users;

  boolean buried;

  /** Dead; calls that have begun on it may still run. */
  volatile boolean over;

  @SuppressWarnings("unchecked")
  Life(A object, @Nullable OwnClasses classes) {
    this.object = object;
    this.classes = classes;
    this.snapshotable = object instanceof Snapshotable<?> s ? (Snapshotable<Object>) s : null;
  }
}
