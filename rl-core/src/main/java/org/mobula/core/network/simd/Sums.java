package org.mobula.core.network.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Passes over long vectors that end in one number; only where {@link Simd#available}. All of them
 * take the widest floats alone, as the kernels do: where vectors of another width or of doubles
 * have gone through the same methods, the compiler leaves the kernels' vectors as objects, for
 * good.
 */
public final class Sums {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

  private Sums() {}

  /** Whether {@code [from, to)} holds neither NaN nor infinity: zero times it is zero. */
  public static boolean areFinite(float[] values, int from, int to) {
    FloatVector zeros = FloatVector.zero(FLOATS);
    FloatVector first = zeros;
    FloatVector second = zeros;
    FloatVector third = zeros;
    FloatVector fourth = zeros;
    int step = FLOATS.length();
    int i = from;
    for (; i + 4 * step <= to; i += 4 * step) {
      first = first.add(FloatVector.fromArray(FLOATS, values, i).mul(zeros));
      second = second.add(FloatVector.fromArray(FLOATS, values, i + step).mul(zeros));
      third = third.add(FloatVector.fromArray(FLOATS, values, i + 2 * step).mul(zeros));
      fourth = fourth.add(FloatVector.fromArray(FLOATS, values, i + 3 * step).mul(zeros));
    }
    float sum = first.add(second).add(third.add(fourth)).reduceLanes(VectorOperators.ADD);
    for (; i < to; i++) {
      sum += values[i] * 0;
    }
    return sum == 0;
  }
}
