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

  /** Whether the array is no longer needed; for who reads at once, always. */
  default boolean isDone() {
    return true;
  }

  /** The values are about to change: what is needed of them must be copied now. */
  default void finish() {}
}
