package org.mobula.parameterserver.shard;

/**
 * What a shard has of a worker's pushes.
 *
 * @param version of the shard
 * @param received the highest clock that it has, be it answered or waiting
 * @param done the highest clock whose answer, if it has not arrived, is lost: below {@code
 *     received} as long as the push waits for other workers, for a commit or for the replica
 * @param uncertain whether the shard waits to hear from its replica or from the arbiter, for
 *     another may have taken over
 */
public record Clocks(long version, long received, long done, boolean uncertain) {}
