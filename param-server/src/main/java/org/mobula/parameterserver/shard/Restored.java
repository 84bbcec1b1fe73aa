package org.mobula.parameterserver.shard;

/**
 * A shard has gone on from a saved slice.
 *
 * @param epoch raised by one
 * @param version of the saved slice
 * @param lostVersions how many steps lie between it and the last version that is remembered
 */
public record Restored(long epoch, long version, long lostVersions) {}
