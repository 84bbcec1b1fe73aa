package org.mobula.core.parquet;

import java.util.Arrays;

/** Bits one after the other, the first of each byte the lowest. */
final class Bits {
  private byte[] bytes = new byte[64];
  private int count;

  void add(boolean bit) {
    if (count == bytes.length * 8) {
      bytes = Arrays.copyOf(bytes, 2 * bytes.length);
    }
    if (bit) {
      bytes[count >> 3] |= (byte) (1 << (count & 7));
    }
    count++;
  }

  int byteCount() {
    return (count + 7) / 8;
  }

  /** The bits, filled up with zeros to a whole byte. */
  byte[] take() {
    byte[] taken = Arrays.copyOf(bytes, byteCount());
    Arrays.fill(bytes, 0, taken.length, (byte) 0);
    count = 0;
    return taken;
  }
}
