package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.Gathered;

/**
 * Values, or that they are what the caller has.
 *
 * @param version of the shard
 * @param changed the values were written; false if the caller has this version
 * @param gathered what the workers have gathered so far; null if the values have not changed
 */
public record Pulled(long version, boolean changed, @Nullable Gathered gathered) {
  /** Without anything beside the values. */
  public Pulled(long version, boolean changed) {
    this(version, changed, null);
  }
}
