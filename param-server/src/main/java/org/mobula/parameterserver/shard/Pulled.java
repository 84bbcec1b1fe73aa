package org.mobula.parameterserver.shard;

/**
 * Values, or that they are what the caller has.
 *
 * @param version of the shard
 * @param changed the values were written; false if the caller has this version
 */
public record Pulled(long version, boolean changed) {}
