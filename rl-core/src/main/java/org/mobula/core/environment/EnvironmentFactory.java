package org.mobula.core.environment;

import java.io.Serializable;

/**
 * Makes environments that are equal but independent. Serializable, because workers make their own.
 */
@FunctionalInterface
public interface EnvironmentFactory extends Serializable {
  /** A new environment, not yet reset. */
  Environment create();
}
