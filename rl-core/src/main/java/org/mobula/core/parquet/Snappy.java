package org.mobula.core.parquet;

import java.io.IOException;

/**
 * Snappy, by far the most frequent compression of Parquet files, as
 * https://github.com/google/snappy/blob/main/format_description.txt says. Libraries for it bring
 * native code, or reach for memory in ways that newer JDKs warn of.
 */
final class Snappy {
  private Snappy() {}

  /**
   * Decompresses the bytes from {@code at} to the end.
   *
   * @param size of what comes out
   */
  static byte[] decompress(byte[] in, int at, int size) throws IOException {
    try {
      return decompressed(in, at, size);
    } catch (IndexOutOfBoundsException e) {
      throw new IOException("a page is no Snappy of " + size + " bytes", e);
    }
  }

  private static byte[] decompressed(byte[] in, int start, int size) throws IOException {
    int at = start;
    int stated = 0;
    for (int shift = 0; ; shift += 7) {
      byte part = in[at++];
      stated |= (part & 0x7f) << shift;
      if (part >= 0) {
        break;
      }
    }
    if (stated != size) {
      throw new IOException("a page is Snappy of %s bytes, not %s".formatted(stated, size));
    }
    byte[] out = new byte[size];
    int filled = 0;
    while (at < in.length) {
      int tag = in[at++] & 0xff;
      int length;
      int back;
      switch (tag & 3) {
        case 0 -> { // bytes as they are; lengths beyond 60 follow in 1 to 4 bytes
          length = tag >> 2;
          if (length >= 60) {
            int bytes = length - 59;
            length = number(in, at, bytes);
            at += bytes;
          }
          length++;
          System.arraycopy(in, at, out, filled, length);
          at += length;
          filled += length;
          continue;
        }
        case 1 -> {
          length = 4 + ((tag >> 2) & 7);
          back = (tag >> 5) << 8 | number(in, at, 1);
          at += 1;
        }
        case 2 -> {
          length = (tag >> 2) + 1;
          back = number(in, at, 2);
          at += 2;
        }
        default -> {
          length = (tag >> 2) + 1;
          back = number(in, at, 4);
          at += 4;
        }
      }
      if (back == 0) {
        throw new IndexOutOfBoundsException(back);
      }
      for (int i = 0; i < length; i++) { // what is copied may be what this copy has written
        out[filled] = out[filled - back];
        filled++;
      }
    }
    if (filled != size) {
      throw new IOException("a page has %s bytes, not %s".formatted(filled, size));
    }
    return out;
  }

  private static int number(byte[] in, int at, int bytes) {
    int number = 0;
    for (int i = 0; i < bytes; i++) {
      number |= (in[at + i] & 0xff) << (8 * i);
    }
    return number;
  }
}
