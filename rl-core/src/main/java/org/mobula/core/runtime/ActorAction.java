package org.mobula.core.runtime;

import java.io.Serializable;

/** A message to an actor that answers nothing. */
@FunctionalInterface
public interface ActorAction<A> extends Serializable {
  /** As {@link ActorCall#call}. */
  void run(A actor) throws Exception;
}
