package org.mobula.parameterserver.shard;

/**
 * Takes values out of a shard. All is called with the shard locked: neither block, nor ask the
 * shard anything.
 */
@FunctionalInterface
public interface SliceReader {
  /** For whoever wants no values. */
  SliceReader NONE = (values, offset, length, version) -> {};

  /**
   * Reads, or keeps the array to read it later; called once.
   *
   * @param values holds the numbers {@code [offset, offset + length)} until {@link #finish}; only
   *     to be read
   * @param version of the values: equal versions of one shard and epoch are equal bit for bit
   */
  void read(float[] values, int offset, int length, long version);

  /**
   * A stretch of the values after a step is there, and still in the processor's cache. Who reads it
   * now need not at {@link #read}, which follows at once if nothing comes between.
   *
   * @param values holds the numbers {@code [from, to)}; only to be read, and only now
   * @param from where the stretch before ended, or 0
   * @param version of the values after the step
   */
  default void readStretch(float[] values, int from, int to, long version) {}

  /** Whether the array is no longer needed; for who reads at once, always. */
  default boolean isDone() {
    return true;
  }

  /** The values are about to change: what is needed of them must be copied now. */
  default void finish() {}
}
