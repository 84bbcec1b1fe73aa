package org.mobula.core.stablebaselines;

import java.io.IOException;

/**
 * How much a file may ask for, over all that is read of it: a few bytes can stand for billions of
 * zeros, and can name the same array again and again.
 */
final class Limits {
  /** What a policy of tens of millions of parameters needs, with its optimizer. */
  private static final long MOST_BYTES = 1L << 30;

  private static final long HEAP_SHARE = 4;

  private final long mostBytes;
  private long bytes;

  private Limits(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** So much that the heap has room for it. */
  static Limits ofHeap() {
    return new Limits(Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE));
  }

  static Limits of(long mostBytes) {
    return new Limits(mostBytes);
  }

  /**
   * Asks before memory is taken.
   *
   * @param what asks, for the error
   * @param more bytes
   */
  void take(String what, long more) throws IOException {
    if (more < 0 || more > mostBytes - bytes) {
      throw new IOException(
          "%s asks for %,d bytes, with which the file takes more than the %,d that it may: it is broken or hostile, or a larger heap is needed (-Xmx)"
              .formatted(what, more, mostBytes));
    }
    bytes += more;
  }
}
