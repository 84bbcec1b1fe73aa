package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.Gathered;

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
 * @param network that the step is one of, its place among the layout's; the gradient is zero
 *     elsewhere
 * @param gathered the worker's part of what all gather; the step adds those of its round in the
 *     order of the workers. Null for none; it may come with the first shard's gradient alone
 */
public record Push(
    Caller caller,
    long clock,
    long baseVersion,
    double learningRate,
    int network,
    @Nullable Gathered gathered) {
  /** Of the first network, the one that acts. */
  public Push(
      Caller caller,
      long clock,
      long baseVersion,
      double learningRate,
      @Nullable Gathered gathered) {
    this(caller, clock, baseVersion, learningRate, 0, gathered);
  }

  /** Of the first network, without anything beside the gradient. */
  public Push(Caller caller, long clock, long baseVersion, double learningRate) {
    this(caller, clock, baseVersion, learningRate, null);
  }
}
