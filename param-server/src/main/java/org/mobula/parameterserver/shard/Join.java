package org.mobula.parameterserver.shard;

/**
 * Asks for a place among the workers.
 *
 * @param worker the wanted number, ≥ 0; {@link #ANY} for the lowest that is free
 * @param session chosen at random by the process, so that a process that returns is told from
 *     another one that takes the same number
 * @param layoutHash {@link LayoutHash} of the whole vector
 * @param from first place of the shard in the flat vector, as the worker cuts it
 * @param to the place after its last
 */
public record Join(int worker, long session, long layoutHash, int from, int to) {
  /** In place of a number. */
  public static final int ANY = -1;

  /** Checks the ranges. */
  public Join {
    if (worker < ANY) {
      throw new IllegalArgumentException("worker is " + worker + " but must be ≥ 0, or -1 for any");
    }
  }
}
