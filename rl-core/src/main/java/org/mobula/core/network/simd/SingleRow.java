package org.mobula.core.network.simd;

import static org.mobula.core.network.simd.Lanes.FLOATS;
import static org.mobula.core.network.simd.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/** One row of C = C₀ + A·B, where element {@code k} of A's row is {@code a[aStart + k * aStep]}. */
final class SingleRow {
  private SingleRow() {}

  static void oneByFour(
      int depth,
      float[] a,
      int aStart,
      int aStep,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      float[] c,
      int cStart) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, c0, c0Start);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c0, c0Start + FLOATS);
    FloatVector s02 = FloatVector.fromArray(SPECIES, c0, c0Start + 2 * FLOATS);
    FloatVector s03 = FloatVector.fromArray(SPECIES, c0, c0Start + 3 * FLOATS);
    int ak = aStart;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS + FLOATS);
      FloatVector b2 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS + 2 * FLOATS);
      FloatVector b3 = FloatVector.fromArray(SPECIES, b, bStart + k * 4 * FLOATS + 3 * FLOATS);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[ak]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      s02 = a0.fma(b2, s02);
      s03 = a0.fma(b3, s03);
      ak += aStep;
    }
    s00.intoArray(c, cStart);
    s01.intoArray(c, cStart + FLOATS);
    s02.intoArray(c, cStart + 2 * FLOATS);
    s03.intoArray(c, cStart + 3 * FLOATS);
  }

  static void oneByTwo(
      int depth,
      float[] a,
      int aStart,
      int aStep,
      float[] b,
      int bStart,
      float[] c0,
      int c0Start,
      float[] c,
      int cStart) {
    FloatVector s00 = FloatVector.fromArray(SPECIES, c0, c0Start);
    FloatVector s01 = FloatVector.fromArray(SPECIES, c0, c0Start + FLOATS);
    int ak = aStart;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bStart + k * 2 * FLOATS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bStart + k * 2 * FLOATS + FLOATS);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[ak]);
      s00 = a0.fma(b0, s00);
      s01 = a0.fma(b1, s01);
      ak += aStep;
    }
    s00.intoArray(c, cStart);
    s01.intoArray(c, cStart + FLOATS);
  }
}
