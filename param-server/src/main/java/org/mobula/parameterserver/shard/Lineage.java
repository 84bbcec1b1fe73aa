package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;

/**
 * Where a shard's values come from, and whose they are. Shards that are trained together have one
 * history; one that is started or restored by itself has another, until a worker finds that its
 * values belong to the others'.
 *
 * @param history a number drawn where values began, at random: at a start or at a restoration
 * @param begin the version there; while the shard is at it, it can still take on another history
 * @param claim of the run that trains the values; null if none does
 */
public record Lineage(long history, long begin, @Nullable Claim claim) {
  /** The same values in the hands of another trainer. */
  Lineage withClaim(Claim claim) {
    return new Lineage(history, begin, claim);
  }
}
