package org.mobula.parameterserver.shard;

import org.mobula.core.parameters.StoreState;

/**
 * Asks a shard to go on from a saved slice.
 *
 * @param caller whose epoch must be the shard's or, for a new shard in place of a lost one, that of
 *     the lost one, which is higher
 * @param slice what {@link ShardState} held; copied
 * @param lastKnownVersion the highest version of the slice that anybody remembers; the answer
 *     counts what is lost from there
 * @param history that begins with the slice, the same for all shards that are restored together;
 *     {@link Join#ANY_HISTORY} for one that is the only shard
 */
public record Restore(Caller caller, StoreState slice, long lastKnownVersion, long history) {
  /** Of the only shard. */
  public Restore(Caller caller, StoreState slice, long lastKnownVersion) {
    this(caller, slice, lastKnownVersion, Join.ANY_HISTORY);
  }
}
