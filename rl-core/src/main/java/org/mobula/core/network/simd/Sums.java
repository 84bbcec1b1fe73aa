package org.mobula.core.network.simd;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Passes over long vectors that end in one number; only where {@link Simd#available}. */
public final class Sums {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Float> FOUR_FLOATS = FloatVector.SPECIES_128;
  private static final VectorSpecies<Double> FOUR_DOUBLES = DoubleVector.SPECIES_256;

  private Sums() {}

  /** Whether {@link #ofSquares} is faster than a loop: vectors of 256 bits or more. */
  public static boolean areFast() {
    return FLOATS.vectorBitSize() >= FOUR_DOUBLES.vectorBitSize();
  }

  /**
   * The sum of squares of {@code [from, to)} in double, from eight sums side by side: number i of
   * the range is in sum i modulo 8; they are added in pairs, and then come the last numbers, fewer
   * than eight. The bits are those of the loop that says so.
   */
  public static double ofSquares(float[] values, int from, int to) {
    DoubleVector low = DoubleVector.zero(FOUR_DOUBLES);
    DoubleVector high = low;
    int i = from;
    for (; i + 8 <= to; i += 8) {
      DoubleVector a =
          (DoubleVector)
              FloatVector.fromArray(FOUR_FLOATS, values, i)
                  .convertShape(VectorOperators.F2D, FOUR_DOUBLES, 0);
      DoubleVector b =
          (DoubleVector)
              FloatVector.fromArray(FOUR_FLOATS, values, i + 4)
                  .convertShape(VectorOperators.F2D, FOUR_DOUBLES, 0);
      low = low.add(a.mul(a));
      high = high.add(b.mul(b));
    }
    double sum =
        ((low.lane(0) + low.lane(1)) + (low.lane(2) + low.lane(3)))
            + ((high.lane(0) + high.lane(1)) + (high.lane(2) + high.lane(3)));
    for (; i < to; i++) {
      sum += (double) values[i] * values[i];
    }
    return sum;
  }

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
