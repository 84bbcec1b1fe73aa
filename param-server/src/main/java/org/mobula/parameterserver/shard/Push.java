package org.mobula.parameterserver.shard;

/**
 * The words that go with a gradient. A push is known by worker, clock and epoch: the same one again
 * is answered with the state as it is then, and applied once.
 *
 * @param caller a worker
 * @param clock counts the worker's pushes, rising; numbers may be left out
 * @param baseVersion of the values that the gradient was computed at: of the shard whose values are
 *     the newest, so that a push names the same round everywhere
 * @param learningRate of the step, before the groups' own factors; a round takes that of the first
 *     of its workers
 */
public record Push(Caller caller, long clock, long baseVersion, double learningRate) {}
