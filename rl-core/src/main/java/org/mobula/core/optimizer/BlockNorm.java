package org.mobula.core.optimizer;

/**
 * The Euclidean norm of a flat vector, in an order of additions that does not depend on how the
 * vector is cut: squares are summed in blocks of fixed places, then the blocks in their order. A
 * shard that holds whole blocks sends its sums, and whoever adds them gets the same bits as one
 * store that holds all.
 */
public final class BlockNorm {
  /** Numbers in a block; a shard that is to give the same bits starts at a multiple of it. */
  public static final int BLOCK = 4096;

  private BlockNorm() {}

  /** How many blocks a vector of this size has. */
  public static int blocks(int size) {
    return (size + BLOCK - 1) / BLOCK;
  }

  /**
   * The sum of squares of {@code [from, to)}, which is one block or less.
   *
   * <p>Eight sums side by side, added pairwise at the end: the processor need not wait for one
   * addition before the next.
   */
  public static double sumOfSquares(float[] values, int from, int to) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    int i = from;
    for (; i + 8 <= to; i += 8) {
      s0 += (double) values[i] * values[i];
      s1 += (double) values[i + 1] * values[i + 1];
      s2 += (double) values[i + 2] * values[i + 2];
      s3 += (double) values[i + 3] * values[i + 3];
      s4 += (double) values[i + 4] * values[i + 4];
      s5 += (double) values[i + 5] * values[i + 5];
      s6 += (double) values[i + 6] * values[i + 6];
      s7 += (double) values[i + 7] * values[i + 7];
    }
    double sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
    for (; i < to; i++) {
      sum += (double) values[i] * values[i];
    }
    return sum;
  }

  /** The norm of the first {@code size} numbers. */
  public static double norm(float[] values, int size) {
    double sum = 0;
    for (int from = 0; from < size; from += BLOCK) {
      sum += sumOfSquares(values, from, Math.min(from + BLOCK, size));
    }
    return Math.sqrt(sum);
  }

  /** The norm of a vector from the sums of its blocks, in their order. */
  public static double norm(double[] sumsOfSquares) {
    double sum = 0;
    for (double blockSum : sumsOfSquares) {
      sum += blockSum;
    }
    return Math.sqrt(sum);
  }
}
