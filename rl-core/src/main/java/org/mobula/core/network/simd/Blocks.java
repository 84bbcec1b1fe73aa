package org.mobula.core.network.simd;

import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * C = C₀ + A·B for six rows of A at once; element {@code k} of row {@code r} is {@code a[aStart + r
 * * aRow + k * aStep]}, so that A may be transposed. Where A has fewer {@code rows} left, its last
 * is read again in their place, and what comes of it is to be thrown away. The sums live in
 * registers: 6×4 of 32 in 512-bit machines, 6×2 of 16 elsewhere.
 */
final class Blocks {
  /** Rows of a block. */
  static final int ROWS = 6;

  private Blocks() {}

  static void sixByFour(
      int rows,
      int depth,
      float[] a,
      int aStart,
      int aRow,
      int aStep,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      int c0Row,
      float[] c,
      int cStart,
      int cRow) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, c0, c0Start);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c0, c0Start + FLOATS);
    FloatVector s02 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * FLOATS);
    FloatVector s03 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * FLOATS);
    FloatVector s10 = FloatVector.fromArray(SPECIES, c0, c0Start + c0Row);
    FloatVector s11 = FloatVector.fromArray(SPECIES, c0, c0Start + c0Row + FLOATS);
    FloatVector s12 = FloatVector.fromArray(SPECIES, c0, c0Start + c0Row + 2 * FLOATS);
    FloatVector s13 = FloatVector.fromArray(SPECIES, c0, c0Start + c0Row + 3 * FLOATS);
    FloatVector s20 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * c0Row);
    FloatVector s21 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * c0Row + FLOATS);
    FloatVector s22 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * c0Row + 2 * FLOATS);
    FloatVector s23 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * c0Row + 3 * FLOATS);
    FloatVector s30 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * c0Row);
    FloatVector s31 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * c0Row + FLOATS);
    FloatVector s32 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * c0Row + 2 * FLOATS);
    FloatVector s33 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * c0Row + 3 * FLOATS);
    FloatVector s40 = FloatVector.fromArray(SPECIES, c0, c0Start + 4 * c0Row);
    FloatVector s41 = FloatVector.fromArray(SPECIES, c0, c0Start + 4 * c0Row + FLOATS);
    FloatVector s42 = FloatVector.fromArray(SPECIES, c0, c0Start + 4 * c0Row + 2 * FLOATS);
    FloatVector s43 = FloatVector.fromArray(SPECIES, c0, c0Start + 4 * c0Row + 3 * FLOATS);
    FloatVector s50 = FloatVector.fromArray(SPECIES, c0, c0Start + 5 * c0Row);
    FloatVector s51 = FloatVector.fromArray(SPECIES, c0, c0Start + 5 * c0Row + FLOATS);
    FloatVector s52 = FloatVector.fromArray(SPECIES, c0, c0Start + 5 * c0Row + 2 * FLOATS);
    FloatVector s53 = FloatVector.fromArray(SPECIES, c0, c0Start + 5 * c0Row + 3 * FLOATS);
    int k0 = aStart;
    int k1 = aStart + Math.min(1, rows - 1) * aRow;
    int k2 = aStart + Math.min(2, rows - 1) * aRow;
    int k3 = aStart + Math.min(3, rows - 1) * aRow;
    int k4 = aStart + Math.min(4, rows - 1) * aRow;
    int k5 = aStart + Math.min(5, rows - 1) * aRow;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS + FLOATS);
      FloatVector b2 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS + 2 * FLOATS);
      FloatVector b3 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS + 3 * FLOATS);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[k0]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      s02 = a0.fma(b2, s02);
      s03 = a0.fma(b3, s03);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[k1]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      s12 = a1.fma(b2, s12);
      s13 = a1.fma(b3, s13);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[k2]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      s22 = a2.fma(b2, s22);
      s23 = a2.fma(b3, s23);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[k3]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      s32 = a3.fma(b2, s32);
      s33 = a3.fma(b3, s33);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[k4]);
      s40 = a4.fma(b0, s40);
      s41 = a4.fma(b1, s41);
      s42 = a4.fma(b2, s42);
      s43 = a4.fma(b3, s43);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[k5]);
      s50 = a5.fma(b0, s50);
      s51 = a5.fma(b1, s51);
      s52 = a5.fma(b2, s52);
      s53 = a5.fma(b3, s53);
      k0 += aStep;
      k1 += aStep;
      k2 += aStep;
      k3 += aStep;
      k4 += aStep;
      k5 += aStep;
    }
    s00.intoArray(c, cStart);
    s01.intoArray(c, cStart + FLOATS);
    s02.intoArray(c, cStart + 2 * FLOATS);
    s03.intoArray(c, cStart + 3 * FLOATS);
    s10.intoArray(c, cStart + cRow);
    s11.intoArray(c, cStart + cRow + FLOATS);
    s12.intoArray(c, cStart + cRow + 2 * FLOATS);
    s13.intoArray(c, cStart + cRow + 3 * FLOATS);
    s20.intoArray(c, cStart + 2 * cRow);
    s21.intoArray(c, cStart + 2 * cRow + FLOATS);
    s22.intoArray(c, cStart + 2 * cRow + 2 * FLOATS);
    s23.intoArray(c, cStart + 2 * cRow + 3 * FLOATS);
    s30.intoArray(c, cStart + 3 * cRow);
    s31.intoArray(c, cStart + 3 * cRow + FLOATS);
    s32.intoArray(c, cStart + 3 * cRow + 2 * FLOATS);
    s33.intoArray(c, cStart + 3 * cRow + 3 * FLOATS);
    s40.intoArray(c, cStart + 4 * cRow);
    s41.intoArray(c, cStart + 4 * cRow + FLOATS);
    s42.intoArray(c, cStart + 4 * cRow + 2 * FLOATS);
    s43.intoArray(c, cStart + 4 * cRow + 3 * FLOATS);
    s50.intoArray(c, cStart + 5 * cRow);
    s51.intoArray(c, cStart + 5 * cRow + FLOATS);
    s52.intoArray(c, cStart + 5 * cRow + 2 * FLOATS);
    s53.intoArray(c, cStart + 5 * cRow + 3 * FLOATS);
  }

  static void sixByTwo(
      int rows,
      int depth,
      float[] a,
      int aStart,
      int aRow,
      int aStep,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      int c0Row,
      float[] c,
      int cStart,
      int cRow) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, c0, c0Start);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c0, c0Start + FLOATS);
    FloatVector s10 = FloatVector.fromArray(SPECIES, c0, c0Start + c0Row);
    FloatVector s11 = FloatVector.fromArray(SPECIES, c0, c0Start + c0Row + FLOATS);
    FloatVector s20 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * c0Row);
    FloatVector s21 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * c0Row + FLOATS);
    FloatVector s30 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * c0Row);
    FloatVector s31 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * c0Row + FLOATS);
    FloatVector s40 = FloatVector.fromArray(SPECIES, c0, c0Start + 4 * c0Row);
    FloatVector s41 = FloatVector.fromArray(SPECIES, c0, c0Start + 4 * c0Row + FLOATS);
    FloatVector s50 = FloatVector.fromArray(SPECIES, c0, c0Start + 5 * c0Row);
    FloatVector s51 = FloatVector.fromArray(SPECIES, c0, c0Start + 5 * c0Row + FLOATS);
    int k0 = aStart;
    int k1 = aStart + Math.min(1, rows - 1) * aRow;
    int k2 = aStart + Math.min(2, rows - 1) * aRow;
    int k3 = aStart + Math.min(3, rows - 1) * aRow;
    int k4 = aStart + Math.min(4, rows - 1) * aRow;
    int k5 = aStart + Math.min(5, rows - 1) * aRow;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bStart + k * 2 * FLOATS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bStart + k * 2 * FLOATS + FLOATS);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[k0]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[k1]);
      s10 = a1.fma(b0, s10);
      s11 = a1.fma(b1, s11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[k2]);
      s20 = a2.fma(b0, s20);
      s21 = a2.fma(b1, s21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[k3]);
      s30 = a3.fma(b0, s30);
      s31 = a3.fma(b1, s31);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[k4]);
      s40 = a4.fma(b0, s40);
      s41 = a4.fma(b1, s41);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[k5]);
      s50 = a5.fma(b0, s50);
      s51 = a5.fma(b1, s51);
      k0 += aStep;
      k1 += aStep;
      k2 += aStep;
      k3 += aStep;
      k4 += aStep;
      k5 += aStep;
    }
    s00.intoArray(c, cStart);
    s01.intoArray(c, cStart + FLOATS);
    s10.intoArray(c, cStart + cRow);
    s11.intoArray(c, cStart + cRow + FLOATS);
    s20.intoArray(c, cStart + 2 * cRow);
    s21.intoArray(c, cStart + 2 * cRow + FLOATS);
    s30.intoArray(c, cStart + 3 * cRow);
    s31.intoArray(c, cStart + 3 * cRow + FLOATS);
    s40.intoArray(c, cStart + 4 * cRow);
    s41.intoArray(c, cStart + 4 * cRow + FLOATS);
    s50.intoArray(c, cStart + 5 * cRow);
    s51.intoArray(c, cStart + 5 * cRow + FLOATS);
  }
}
