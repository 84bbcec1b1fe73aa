package org.mobula.core.collection;

/**
 * A collection ended between two of its steps because it was asked to: the next one, or that of a
 * source which has read this one's state, continues it.
 */
public final class CollectionStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Nobody looks for a fault here. */
  public CollectionStoppedException() {
    super("the collection was stopped", null, false, false);
  }
}
