package org.mobula.parameterserver.shard;

/**
 * A gradient that lies somewhere else than in an array, and stays there until the push that brings
 * it is answered. A number that cannot be read any more reads NaN.
 */
public interface SliceSource {
  /** How many numbers. */
  int length();

  /**
   * Copies numbers; any thread.
   *
   * @param from the first of a codec's segment
   * @param count the whole segment
   * @param target receives them
   * @param offset of the first in the target
   */
  void read(int from, int count, float[] target, int offset);
}
