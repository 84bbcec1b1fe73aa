package org.mobula.parameterserver.shard;

/**
 * A stretch of somebody's array, handed over without copying.
 *
 * @param array who may touch it and when, the method that takes the slice says
 * @param offset of the first number
 * @param length in numbers
 */
@SuppressWarnings("ArrayRecordComponent") // A view; never compared.
public record FloatSlice(float[] array, int offset, int length) {
  /** Nothing. */
  public static final FloatSlice NONE = new FloatSlice(new float[0], 0, 0);

  /** Checks that the stretch lies in the array. */
  public FloatSlice {
    if (offset < 0 || length < 0 || length > array.length - offset) {
      throw new IllegalArgumentException(
          "the slice is %s numbers from %s on but the array has %s"
              .formatted(length, offset, array.length));
    }
  }

  /** All of an array. */
  public static FloatSlice of(float[] array) {
    return new FloatSlice(array, 0, array.length);
  }
}
