package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Turns floats into their bits and back, a block at a time, by two copies through one memory seen
 * as floats and as ints. {@code Float.floatToRawIntBits} in a loop would do the same, but HotSpot
 * 17 does not vectorise it, and with it nothing around it; loops over {@code int[]} it does.
 */
final class FloatBits {
  /** Numbers in a block: what the loops work on stays in the first-level cache. */
  static final int BLOCK = 1024;

  private final FloatBuffer floats;
  private final IntBuffer words;

  FloatBits() {
    ByteBuffer memory = ByteBuffer.allocate(BLOCK * Float.BYTES).order(ByteOrder.nativeOrder());
    floats = memory.asFloatBuffer();
    words = memory.asIntBuffer();
  }

  void toBits(float[] values, int offset, int count, int[] bits) {
    floats.put(0, values, offset, count);
    words.get(0, bits, 0, count);
  }

  void toFloats(int[] bits, int count, float[] values, int offset) {
    words.put(0, bits, 0, count);
    floats.get(0, values, offset, count);
  }
}
