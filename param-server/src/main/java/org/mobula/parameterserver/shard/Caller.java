package org.mobula.parameterserver.shard;

/**
 * Who asks, and of which shard it believes to be asking.
 *
 * @param worker the number from {@link Joined}; {@link #READER} for one that is no worker
 * @param session that the worker joined with
 * @param epoch of the shard as the caller last heard it
 */
public record Caller(int worker, long session, long epoch) {
  /** In place of a worker's number: reads, or controls, but pushes nothing. */
  public static final int READER = -1;

  /** Checks the ranges. */
  public Caller {
    if (worker < READER) {
      throw new IllegalArgumentException(
          "worker is " + worker + " but must be ≥ 0, or -1 for none");
    }
    if (epoch < 0) {
      throw new IllegalArgumentException("epoch is " + epoch + " but must be ≥ 0");
    }
  }

  /** One that is no worker. */
  public static Caller reader(long epoch) {
    return new Caller(READER, 0, epoch);
  }
}
