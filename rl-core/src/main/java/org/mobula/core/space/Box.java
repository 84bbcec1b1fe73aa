package org.mobula.core.space;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.mobula.core.random.Pcg64;

/** An array of real numbers, each within its own bounds, which belong to it and may be infinite. */
public final class Box implements Space {
  private static final float GREATEST_BYTE = 255;

  private final float[] low;
  private final float[] high;
  private final int[] shape;
  private final boolean bytes;

  private Box(float[] low, float[] high, int[] shape, boolean bytes) {
    this.low = low;
    this.high = high;
    this.shape = shape;
    this.bytes = bytes;
    for (int i = 0; i < low.length; i++) {
      if (!(low[i] <= high[i])) {
        throw new IllegalArgumentException(
            "Box bounds of element "
                + i
                + " are ["
                + low[i]
                + ", "
                + high[i]
                + "] but low must be <= high, neither NaN");
      }
      if (low[i] == Float.POSITIVE_INFINITY || high[i] == Float.NEGATIVE_INFINITY) {
        throw new IllegalArgumentException(
            "Box bounds of element "
                + i
                + " are ["
                + low[i]
                + ", "
                + high[i]
                + "] and hold no finite number");
      }
    }
  }

  /** The same bounds for every element. No shape is a single number. */
  public static Box of(float low, float high, int... shape) {
    int size = elements(shape);
    float[] lows = new float[size];
    float[] highs = new float[size];
    Arrays.fill(lows, low);
    Arrays.fill(highs, high);
    return new Box(lows, highs, shape.clone(), false);
  }

  /** A vector with bounds for each element. */
  public static Box of(float[] low, float[] high) {
    return of(low, high, low.length);
  }

  /** An array with bounds for each element, in row-major order. */
  public static Box of(float[] low, float[] high, int... shape) {
    int size = elements(shape);
    if (low.length != size || high.length != size) {
      throw new IllegalArgumentException(
          "Box of shape "
              + Arrays.toString(shape)
              + " needs "
              + size
              + " bounds, but got "
              + low.length
              + " low and "
              + high.length
              + " high");
    }
    return new Box(low.clone(), high.clone(), shape.clone(), false);
  }

  /**
   * Whole numbers from 0 to 255, such as the pixels of an image: what is observed in it is kept as
   * bytes, a quarter of the memory. It equals a box of real numbers in these bounds, since whatever
   * takes the one takes the other.
   */
  public static Box bytes(int... shape) {
    return asBytes(of(0, GREATEST_BYTE, shape));
  }

  /**
   * Zeros and ones, such as the cells of a small game with a channel for each kind of thing: kept
   * as bytes, as {@link #bytes} are. It equals a box of real numbers in these bounds.
   */
  public static Box bits(int... shape) {
    return asBytes(of(0, 1, shape));
  }

  private static Box asBytes(Box box) {
    return new Box(box.low, box.high, box.shape, true);
  }

  /** Any real numbers. */
  public static Box unbounded(int... shape) {
    return of(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, shape);
  }

  private static int elements(int[] shape) {
    long size = 1;
    for (int length : shape) {
      if (length < 1) {
        throw new IllegalArgumentException(
            "Box shape is " + Arrays.toString(shape) + " but every length must be >= 1");
      }
      size *= length;
      if (size > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "Box shape " + Arrays.toString(shape) + " has more than 2^31 - 1 elements");
      }
    }
    return (int) size;
  }

  /** The smallest value of an element. */
  public float low(int element) {
    return low[element];
  }

  /** The largest value of an element. */
  public float high(int element) {
    return high[element];
  }

  /** The smallest values, row-major; a copy. */
  public float[] low() {
    return low.clone();
  }

  /** The largest values, row-major; a copy. */
  public float[] high() {
    return high.clone();
  }

  /** The length along each axis; a copy. */
  public int[] shape() {
    return shape.clone();
  }

  /** Whether every bound is finite. */
  public boolean bounded() {
    for (int i = 0; i < low.length; i++) {
      if (Float.isInfinite(low[i]) || Float.isInfinite(high[i])) {
        return false;
      }
    }
    return true;
  }

  /** Whether it is one of {@link #bytes} or {@link #bits}: whole numbers, kept as bytes. */
  public boolean isBytes() {
    return bytes;
  }

  /** Whether its numbers lie from 0 to 255, as the pixels of an image do. */
  public boolean isPixels() {
    for (int i = 0; i < low.length; i++) {
      if (low[i] != 0 || high[i] != GREATEST_BYTE) {
        return false;
      }
    }
    return true;
  }

  /** Moves each element of the value at {@code offset} to the nearest that is within its bounds. */
  public void clip(float[] values, int offset) {
    for (int i = 0; i < low.length; i++) {
      values[offset + i] = Math.max(low[i], Math.min(high[i], values[offset + i]));
    }
  }

  @Override
  public int size() {
    return low.length;
  }

  @Override
  public int flatSize() {
    return low.length;
  }

  @Override
  public int maskSize() {
    return 0;
  }

  @Override
  public boolean contains(float[] values, int offset) {
    for (int i = 0; i < low.length; i++) {
      float value = values[offset + i];
      if (!(value >= low[i] && value <= high[i]) || (bytes && value != (int) value)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void sample(Pcg64 random, float[] values, int offset) {
    for (int i = 0; i < low.length; i++) {
      if (bytes) {
        values[offset + i] = random.nextInt(0, (int) high[i] + 1);
        continue;
      }
      boolean below = low[i] == Float.NEGATIVE_INFINITY;
      boolean above = high[i] == Float.POSITIVE_INFINITY;
      double value;
      if (below && above) {
        value = random.nextGaussian();
      } else if (above) {
        value = low[i] + exponential(random);
      } else if (below) {
        value = high[i] - exponential(random);
      } else {
        value = random.uniform(low[i], high[i]);
      }
      values[offset + i] = (float) value;
    }
  }

  private static double exponential(Pcg64 random) {
    return -StrictMath.log1p(-random.nextDouble());
  }

  @Override
  public void flatten(float[] values, int offset, float[] features, int featureOffset) {
    System.arraycopy(values, offset, features, featureOffset, low.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Box that
        && Arrays.equals(shape, that.shape)
        && Arrays.equals(low, that.low)
        && Arrays.equals(high, that.high);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * Arrays.hashCode(shape) + Arrays.hashCode(low)) + Arrays.hashCode(high);
  }

  @Override
  public String toString() {
    return Arrays.stream(shape)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "Box(", bytes ? ") of bytes" : ")"));
  }
}
