package org.mobula.core.runtime;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** A message to an actor: a function that runs where the actor lives. */
@FunctionalInterface
public interface ActorCall<A, R extends @Nullable Object> extends Serializable {
  /**
   * Runs on the actor. A throw goes to the caller and leaves the actor alive, except {@link
   * ActorBrokenException}, by which the actor gives itself up.
   */
  @Nullable R call(A actor) throws Exception;
}
