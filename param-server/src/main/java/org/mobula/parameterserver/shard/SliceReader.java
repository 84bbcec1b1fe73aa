package org.mobula.parameterserver.shard;

/**
 * Takes values out of a shard. Called once, with the shard locked: copy or encode them, and neither
 * keep the array, nor block, nor ask the shard anything.
 */
@FunctionalInterface
public interface SliceReader {
  /** For whoever wants no values. */
  SliceReader NONE = (values, offset, length, version) -> {};

  /**
   * Reads.
   *
   * @param values holds the numbers {@code [offset, offset + length)}; only to be read
   * @param version of the values: equal versions of one shard and epoch are equal bit for bit
   */
  void read(float[] values, int offset, int length, long version);
}
