package org.mobula.parameterserver.shard;

/**
 * The second message of a step that is clipped by its norm.
 *
 * @param caller the worker that pushed
 * @param clock of the push
 * @param norm over all shards, from their blocks' sums in order
 */
public record Commit(Caller caller, long clock, double norm) {}
