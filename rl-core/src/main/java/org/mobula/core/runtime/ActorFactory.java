package org.mobula.core.runtime;

import java.io.Serializable;

/** Makes an actor's object, at its start and again at each restart. */
@FunctionalInterface
public interface ActorFactory<A> extends Serializable {
  /** A throw counts as a death of the actor. */
  A create() throws Exception;
}
