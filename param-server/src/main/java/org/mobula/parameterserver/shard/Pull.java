package org.mobula.parameterserver.shard;

/**
 * Asks for values.
 *
 * @param caller a worker or a reader
 * @param have the version that the caller holds and need not be sent again; {@link #NOTHING} for
 *     none
 */
public record Pull(Caller caller, long have) {
  /** In place of a version. */
  public static final long NOTHING = -1;
}
