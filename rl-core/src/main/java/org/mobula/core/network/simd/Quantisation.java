package org.mobula.core.network.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Floats as numbers of fewer bits, in words of four bytes, and back; only where {@link
 * Simd#available}. Each number is computed by itself, so the bits do not depend on the machine.
 */
public final class Quantisation {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int STEP = FLOATS.length();

  private static final int UPPER_HALF = 0xffff_0000;
  private static final int MAGNITUDE = 0x7fff_ffff;
  private static final int INFINITY = 0x7f80_0000;
  private static final int QUIET = 0x40_0000;

  /** Numbers that share a scale. */
  public static final int BLOCK = 256;

  private static final int QUARTER = BLOCK / 4;

  /**
   * Added to a number of small magnitude, leaves it rounded to the nearest whole in the last bits.
   */
  private static final float ROUNDING = 0x1.8p23f;

  private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);

  private Quantisation() {}

  /**
   * Rounds to bfloat16, to the nearest, ties to even; NaN is made quiet.
   *
   * @param low place of the numbers that go into the words' lower halves
   * @param high place of those that go into the upper halves
   * @param count of words
   */
  public static void packBf16(float[] values, int low, int high, int count, int[] words) {
    int j = 0;
    for (; j + STEP <= count; j += STEP) {
      IntVector lower = roundedToBf16(values, low + j).lanewise(VectorOperators.LSHR, 16);
      IntVector upper = roundedToBf16(values, high + j).and(UPPER_HALF);
      lower.or(upper).intoArray(words, j);
    }
    for (; j < count; j++) {
      words[j] =
          roundedToBf16(values[low + j]) >>> 16 | (roundedToBf16(values[high + j]) & UPPER_HALF);
    }
  }

  private static IntVector roundedToBf16(float[] values, int at) {
    IntVector x = FloatVector.fromArray(FLOATS, values, at).reinterpretAsInts();
    // All ones for NaN, else zero.
    IntVector nan =
        x.and(MAGNITUDE).neg().add(INFINITY).lanewise(VectorOperators.ASHR, Integer.SIZE - 1);
    IntVector up = x.lanewise(VectorOperators.LSHR, 16).and(1).add(0x7fff);
    return x.add(up.and(nan.not())).or(nan.and(QUIET));
  }

  private static int roundedToBf16(float value) {
    int x = Float.floatToRawIntBits(value);
    return Float.isNaN(value) ? x | QUIET : x + 0x7fff + (x >>> 16 & 1);
  }

  /** As {@link #packBf16} has packed them. */
  public static void unpackBf16(int[] words, int count, float[] values, int low, int high) {
    int j = 0;
    for (; j + STEP <= count; j += STEP) {
      IntVector both = IntVector.fromArray(INTS, words, j);
      both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(values, low + j);
      both.and(UPPER_HALF).reinterpretAsFloats().intoArray(values, high + j);
    }
    for (; j < count; j++) {
      values[low + j] = Float.intBitsToFloat(words[j] << 16);
      values[high + j] = Float.intBitsToFloat(words[j] & UPPER_HALF);
    }
  }

  /** The largest magnitude of {@link #BLOCK} numbers; infinity or NaN if there is one. */
  public static float largestMagnitude(float[] values, int from) {
    IntVector largest = IntVector.zero(INTS);
    for (int i = from; i < from + BLOCK; i += STEP) {
      IntVector x = FloatVector.fromArray(FLOATS, values, i).reinterpretAsInts();
      largest = largest.max(x.and(MAGNITUDE));
    }
    return Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX));
  }

  /**
   * Adds others to {@link #BLOCK} numbers.
   *
   * @param others at the same places
   * @return the largest magnitude of the sums; infinity or NaN if there is one
   */
  public static float addAndMeasure(float[] values, float[] others, int from) {
    IntVector largest = IntVector.zero(INTS);
    for (int i = from; i < from + BLOCK; i += STEP) {
      FloatVector sum =
          FloatVector.fromArray(FLOATS, values, i).add(FloatVector.fromArray(FLOATS, others, i));
      sum.intoArray(values, i);
      largest = largest.max(sum.reinterpretAsInts().and(MAGNITUDE));
    }
    return Float.intBitsToFloat(largest.reduceLanes(VectorOperators.MAX));
  }

  /**
   * Rounds {@link #BLOCK} numbers times the inverse of their scale to bytes, word j with those of
   * the numbers j, 64 + j, 128 + j and 192 + j, lowest byte first.
   */
  public static void packInt8(float[] values, int from, float inverse, int[] words) {
    for (int j = 0; j < QUARTER; j += STEP) {
      IntVector first = code(values, from + j, inverse).and(0xff);
      IntVector second = code(values, from + QUARTER + j, inverse).and(0xff);
      IntVector third = code(values, from + 2 * QUARTER + j, inverse).and(0xff);
      IntVector fourth = code(values, from + 3 * QUARTER + j, inverse);
      first
          .or(second.lanewise(VectorOperators.LSHL, 8))
          .or(third.lanewise(VectorOperators.LSHL, 16))
          .or(fourth.lanewise(VectorOperators.LSHL, 24))
          .intoArray(words, j);
    }
  }

  private static IntVector code(float[] values, int at, float inverse) {
    return FloatVector.fromArray(FLOATS, values, at)
        .mul(inverse)
        .add(ROUNDING)
        .reinterpretAsInts()
        .sub(ROUNDING_BITS);
  }

  /**
   * As {@link #packInt8} has packed them, times the scale.
   *
   * @return false if a byte is -128; the numbers are written nevertheless
   */
  public static boolean unpackInt8(int[] words, float scale, float[] values, int from) {
    IntVector least = IntVector.zero(INTS);
    for (int j = 0; j < QUARTER; j += STEP) {
      IntVector all = IntVector.fromArray(INTS, words, j);
      for (int quarter = 0; quarter < 4; quarter++) {
        IntVector code =
            all.lanewise(VectorOperators.LSHL, 24 - 8 * quarter).lanewise(VectorOperators.ASHR, 24);
        least = least.min(code);
        code.add(ROUNDING_BITS)
            .reinterpretAsFloats()
            .sub(ROUNDING)
            .mul(scale)
            .intoArray(values, from + quarter * QUARTER + j);
      }
    }
    return least.reduceLanes(VectorOperators.MIN) > Byte.MIN_VALUE;
  }

  /**
   * Leaves of {@link #BLOCK} numbers what {@link #packInt8} carries of them, and the rest in
   * another array.
   *
   * @param inverse of the scale, or 0
   * @param rest receives what is lost, at the same places
   */
  public static void roundToInt8(
      float[] values, int from, float inverse, float scale, float[] rest) {
    for (int i = from; i < from + BLOCK; i += STEP) {
      FloatVector whole = FloatVector.fromArray(FLOATS, values, i);
      FloatVector carried = whole.mul(inverse).add(ROUNDING).sub(ROUNDING).mul(scale);
      whole.sub(carried).intoArray(rest, i);
      carried.intoArray(values, i);
    }
  }
}
