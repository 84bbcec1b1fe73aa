package org.mobula.parameterserver.gpu;

import java.nio.Buffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.Objects;

/** What every arithmetic refuses, in the same words. */
final class Check {
  private Check() {}

  static void size(int size) {
    if (size < 0) {
      throw new IllegalArgumentException("the size is " + size + " but must be ≥ 0");
    }
  }

  static void sameSize(String what, int size, String other, int otherSize) {
    if (size != otherSize) {
      throw new IllegalArgumentException(
          "%s has %s numbers but %s has %s".formatted(what, size, other, otherSize));
    }
  }

  static void someGradients(List<?> gradients) {
    if (gradients.isEmpty()) {
      throw new IllegalArgumentException("there are no gradients but a sum needs at least one");
    }
  }

  static void range(int index, Buffer buffer, int size) {
    if (index < 0 || index > size - buffer.remaining()) {
      throw new IndexOutOfBoundsException(
          "the buffer's %s numbers would lie at [%s, %s) but the vector has %s"
              .formatted(buffer.remaining(), index, (long) index + buffer.remaining(), size));
    }
  }

  static void slice(int from, int to, int size) {
    if (from < 0 || to < from || to > size) {
      throw new IllegalArgumentException(
          "the slice is [%s, %s) but the array has %s numbers".formatted(from, to, size));
    }
  }

  static void blocks(int scales, int blockSize, int size) {
    if (blockSize < 4 || Integer.bitCount(blockSize) != 1) {
      throw new IllegalArgumentException(
          "the block size is " + blockSize + " but must be a power of two ≥ 4");
    }
    int blocks = (int) (((long) size + blockSize - 1) / blockSize);
    if (scales != blocks) {
      throw new IllegalArgumentException(
          "there are %s scales but %s numbers in blocks of %s need %s"
              .formatted(scales, size, blockSize, blocks));
    }
  }

  static void places(IntBuffer indices, int values, int size) {
    if (indices.remaining() != values) {
      throw new IllegalArgumentException(
          "there are %s indices but %s values".formatted(indices.remaining(), values));
    }
    int last = -1;
    for (int i = indices.position(); i < indices.limit(); i++) {
      int index = indices.get(i);
      if (index <= last || index >= size) {
        throw new IllegalArgumentException(
            "index %s comes after %s but the indices must ascend from 0 to %s"
                .formatted(index, last, size - 1));
      }
      last = index;
    }
  }

  static void writable(boolean lent) {
    if (lent) {
      throw new IllegalArgumentException(
          "the vector is lent, so it can only be read: copy it into a vector of your own");
    }
  }

  static void open(boolean closed) {
    if (closed) {
      throw new IllegalStateException("the vector is closed");
    }
  }

  static <T extends ShardArithmetic.Vector> T own(
      ShardArithmetic.Vector vector, Class<T> type, ShardArithmetic arithmetic) {
    if (!type.isInstance(vector)) {
      throw foreign(arithmetic);
    }
    return Objects.requireNonNull(type.cast(vector));
  }

  static IllegalArgumentException foreign(ShardArithmetic arithmetic) {
    return new IllegalArgumentException(
        "the vector was made by another arithmetic than this one on "
            + arithmetic.description()
            + ": read it there and write it here");
  }
}
