package org.mobula.core.runtime;

/**
 * An actor whose state survives its death. After each call that did not throw, and before its
 * result is given out, the runtime asks {@link #snapshotDue()} and keeps the newest snapshot; a
 * restarted actor gets it back before its next call. An actor that does not implement this pays
 * nothing and restarts from its factory.
 *
 * @param <S> the state: serialisable, and not changed later by the actor (copy what is mutable)
 */
public interface Snapshotable<S> {
  /** The whole state now. A throw counts as a death of the actor. */
  S snapshot();

  /** Takes a state over, on a fresh object from the factory. */
  void restore(S state);

  /** False keeps the former snapshot: for a state too large to copy after each call. */
  default boolean snapshotDue() {
    return true;
  }
}
