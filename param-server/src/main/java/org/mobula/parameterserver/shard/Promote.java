package org.mobula.parameterserver.shard;

/**
 * Asks a replica to take over.
 *
 * @param epoch that it will have: one more than that of the primary that is gone
 * @param knownVersion the highest version that the caller has seen of the slice; a replica that has
 *     less was cut off earlier and must not take over
 */
public record Promote(long epoch, long knownVersion) {}
