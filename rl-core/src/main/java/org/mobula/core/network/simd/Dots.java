package org.mobula.core.network.simd;

import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/** C = c₀ + A·Wᵀ where W has few rows: each element is a dot product of two rows. */
final class Dots {
  /** Partial sums of an element: the widest vector, whatever the machine has. */
  static final int PARTIAL = 16;

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
   * @param partial room for {@link #PARTIAL} numbers
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
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        dot(a, row * depth, weights, column * depth, depth, partial);
        c[row * cStride + column] = c0[column] + sum(partial);
      }
    }
  }

  private static void dot(
      float[] a, int aStart, float[] b, int bStart, int depth, float[] partial) {
    for (int lane = 0; lane < PARTIAL; lane += FLOATS) {
      FloatVector sum = FloatVector.zero(SPECIES);
      for (int k = lane; k < depth; k += PARTIAL) {
        sum = load(a, aStart + k).fma(load(b, bStart + k), sum);
      }
      sum.intoArray(partial, lane);
    }
  }

  private static float sum(float[] partial) {
    float first = 0;
    float second = 0;
    float third = 0;
    float fourth = 0;
    for (int i = 0; i < PARTIAL; i += 4) {
      first += partial[i];
      second += partial[i + 1];
      third += partial[i + 2];
      fourth += partial[i + 3];
    }
    return (first + second) + (third + fourth);
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(SPECIES, from, at);
  }
}
