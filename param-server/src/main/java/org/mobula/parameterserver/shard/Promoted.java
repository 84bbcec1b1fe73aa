package org.mobula.parameterserver.shard;

/**
 * A shard is the primary.
 *
 * @param epoch to be named in every request
 * @param version of its values
 */
public record Promoted(long epoch, long version) {}
