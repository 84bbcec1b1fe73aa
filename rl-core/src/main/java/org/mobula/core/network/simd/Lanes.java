package org.mobula.core.network.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The machine's vectors, and the width that matrices are padded to. */
final class Lanes {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /** Numbers in a vector. */
  static final int FLOATS = SPECIES.length();

  /**
   * Rows of a matrix are a multiple of this many numbers long, the rest zeros. Two of the widest
   * vectors, whatever the machine has, so that each machine computes the same sums.
   */
  static final int PAD = 32;

  private Lanes() {}

  /** Rounds a width up to full vectors. */
  static int padded(int width) {
    return Math.addExact(width, PAD - 1) / PAD * PAD;
  }

  /** Room for a matrix of so many rows. */
  static float[] matrix(int rows, int paddedWidth) {
    return new float[Math.multiplyExact(rows, paddedWidth)];
  }
}
