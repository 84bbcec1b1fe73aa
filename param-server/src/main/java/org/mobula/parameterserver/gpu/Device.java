package org.mobula.parameterserver.gpu;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A machine that runs the kernels. Everything is done in the order of the calls; only {@link #read}
 * waits for it.
 */
interface Device extends AutoCloseable {
  /** An array in the device's memory. */
  interface Memory {
    /** A multiple of 256. */
    long address();

    long bytes();
  }

  /** Fills one piece of what is written, or takes one piece of what is read. */
  @FunctionalInterface
  interface Piece {
    /**
     * Called for one piece after the other.
     *
     * @param buffer of the piece's length, in the machine's byte order
     * @param from where it lies in the whole, in bytes
     */
    void at(ByteBuffer buffer, long from);
  }

  String description();

  /** Memory whose content is arbitrary. */
  Memory allocate(long bytes);

  /** Gives memory back once all that was asked before is done. */
  void free(Memory memory);

  void zero(Memory memory, long bytes);

  void copy(Memory source, Memory destination, long bytes);

  void write(Memory memory, long offset, long bytes, Piece source);

  void read(Memory memory, long offset, long bytes, Piece destination);

  /**
   * Starts a kernel.
   *
   * @param threads about as many as there is work for; the kernels take any number of whole blocks
   */
  void launch(Kernel kernel, long threads, List<Object> arguments);

  @Override
  void close();
}
