package org.mobula.parameterserver.shard;

/**
 * Asks a replica to take over. Only the shard's arbiter may: the first learner of the run, or a
 * later trainer that takes its place. It decides either this or {@link Release} about an epoch, and
 * never both.
 *
 * @param ruling what is decided, and by whom
 * @param knownVersion the highest version that the caller has seen of the slice; a replica that has
 *     less was cut off earlier and must not take over
 */
public record Promote(Ruling ruling, long knownVersion) {}
