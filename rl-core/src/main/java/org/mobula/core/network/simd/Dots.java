package org.mobula.core.network.simd;

import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/** C = c₀ + A·Wᵀ where W has few rows: each element is a dot product of two rows. */
final class Dots {
  /** Partial sums of an element: the widest vector, whatever the machine has. */
  private static final int PARTIAL = 16;

  // Rows whose partial sums are stored before the first is read back, which gives the stores time.
  private static final int BLOCK = 32;

  /** Numbers in the workspace of {@link #multiply}. */
  static final int WORKSPACE = BLOCK * PARTIAL;

  private Dots() {}

  /**
   * Adds up {@link #PARTIAL} partial sums an element in a fixed order, so that each machine gives
   * the same bits.
   *
   * @param a {@code [rows][depth]}
   * @param depth padded
   * @param weights {@code [columns][depth]}
   * @param c0 {@code [columns]}
   * @param c {@code [rows][cStride]}
   * @param partial room for {@link #WORKSPACE} numbers
   */
  static void multiply(
      int rows,
      float[] a,
      int depth,
      int columns,
      float[] weights,
      float[] c0,
      float[] c,
      int cStride,
      float[] partial) {
    for (int start = 0; start < rows; start += BLOCK) {
      int end = Math.min(rows, start + BLOCK);
      for (int column = 0; column < columns; column++) {
        int b = column * depth;
        int row = start;
        for (; row + 4 <= end; row += 4) {
          fourRows(a, row * depth, weights, b, depth, partial, (row - start) * PARTIAL);
        }
        for (; row < end; row++) {
          oneRow(a, row * depth, weights, b, depth, partial, (row - start) * PARTIAL);
        }
        for (row = start; row < end; row++) {
          c[row * cStride + column] = c0[column] + sum(partial, (row - start) * PARTIAL);
        }
      }
    }
  }

  private static void fourRows(
      float[] a, int aStart, float[] b, int bStart, int depth, float[] partial, int at) {
    for (int lane = 0; lane < PARTIAL; lane += FLOATS) {
      FloatVector first = FloatVector.broadcast(SPECIES, 0f);
      FloatVector second = first;
      FloatVector third = first;
      FloatVector fourth = first;
      for (int k = lane; k < depth; k += PARTIAL) {
        FloatVector w = FloatVector.fromArray(SPECIES, b, bStart + k);
        int ak = aStart + k;
        first = w.fma(FloatVector.fromArray(SPECIES, a, ak), first);
        second = w.fma(FloatVector.fromArray(SPECIES, a, ak + depth), second);
        third = w.fma(FloatVector.fromArray(SPECIES, a, ak + 2 * depth), third);
        fourth = w.fma(FloatVector.fromArray(SPECIES, a, ak + 3 * depth), fourth);
      }
      first.intoArray(partial, at + lane);
      second.intoArray(partial, at + lane + PARTIAL);
      third.intoArray(partial, at + lane + 2 * PARTIAL);
      fourth.intoArray(partial, at + lane + 3 * PARTIAL);
    }
  }

  private static void oneRow(
      float[] a, int aStart, float[] b, int bStart, int depth, float[] partial, int at) {
    for (int lane = 0; lane < PARTIAL; lane += FLOATS) {
      FloatVector sum = FloatVector.broadcast(SPECIES, 0f);
      for (int k = lane; k < depth; k += PARTIAL) {
        sum =
            FloatVector.fromArray(SPECIES, b, bStart + k)
                .fma(FloatVector.fromArray(SPECIES, a, aStart + k), sum);
      }
      sum.intoArray(partial, at + lane);
    }
  }

  /** Adds the partial sums pairwise. */
  private static float sum(float[] p, int at) {
    return (((p[at] + p[at + 1]) + (p[at + 2] + p[at + 3]))
            + ((p[at + 4] + p[at + 5]) + (p[at + 6] + p[at + 7])))
        + (((p[at + 8] + p[at + 9]) + (p[at + 10] + p[at + 11]))
            + ((p[at + 12] + p[at + 13]) + (p[at + 14] + p[at + 15])));
  }
}
