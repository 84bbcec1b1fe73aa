package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;

/**
 * Asks for a place among the workers.
 *
 * @param worker the wanted number, ≥ 0; {@link #ANY} for the lowest that is free
 * @param session chosen at random by the process, so that a process that returns is told from
 *     another one that takes the same number
 * @param layoutHash {@link LayoutHash} of the whole vector
 * @param from first place of the shard in the flat vector, as the worker cuts it
 * @param to the place after its last
 * @param agreement what the worker was configured with
 * @param claim of the run's own trainer; null for another learner
 * @param takeOver whether the claim stands above that of another run, or of another trainer
 * @param epoch that the shard must have at least, where it takes on a history: above that of the
 *     shard which it replaces
 * @param history that the shard is to take on, if it has taken no step in its own; {@link
 *     #ANY_HISTORY} leaves it as it is
 */
public record Join(
    int worker,
    long session,
    long layoutHash,
    int from,
    int to,
    Agreement agreement,
    @Nullable Claim claim,
    boolean takeOver,
    long epoch,
    long history) {
  /** In place of a number. */
  public static final int ANY = -1;

  /** In place of a history. */
  public static final long ANY_HISTORY = 0;

  /** Checks the ranges. */
  public Join {
    if (worker < ANY) {
      throw new IllegalArgumentException("worker is " + worker + " but must be ≥ 0, or -1 for any");
    }
    if (epoch < 0) {
      throw new IllegalArgumentException("epoch is " + epoch + " but must be ≥ 0");
    }
  }

  /** One that claims nothing, says nothing of its settings, and knows nothing of the shard. */
  public Join(int worker, long session, long layoutHash, int from, int to) {
    this(worker, session, layoutHash, from, to, Agreement.NONE, null, false, 0, ANY_HISTORY);
  }
}
