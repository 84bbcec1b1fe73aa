package org.mobula.parameterserver.codec;

/**
 * What a codec loses of one gradient is added to the next: the sender's memory of it.
 *
 * <p>{@link #apply} turns a gradient into one that its codec carries without loss. It is called
 * once for a gradient; the result may then be sent as often as a bad network needs, and a receiver
 * in the same JVM, to which nothing is encoded, sees the same numbers.
 */
public final class ErrorFeedback {
  private final Codec codec;
  private final float[] residual;

  /**
   * Nothing is lost yet.
   *
   * @param size of the whole vector
   */
  public ErrorFeedback(CodecConfig config, int size) {
    codec = config.create();
    residual = new float[size];
  }

  /**
   * Adds what was lost before, keeps what is lost now, and leaves in the array what travels.
   *
   * @param vector changed in place
   * @param offset of the slice's first number, in the vector and in what is remembered
   * @param count of the slice's numbers; segments start at its first
   */
  public void apply(float[] vector, int offset, int count) {
    if (vector.length != residual.length) {
      throw new IllegalArgumentException(
          "the vector has %s numbers but the error feedback is of %s"
              .formatted(vector.length, residual.length));
    }
    if (offset < 0 || count < 0 || offset > vector.length - count) {
      throw new IndexOutOfBoundsException(
          "the slice is [%s, %s) but the vector has %s numbers"
              .formatted(offset, (long) offset + count, vector.length));
    }
    for (int from = offset; from < offset + count; from += Codec.SEGMENT) {
      codec.carry(vector, residual, from, Math.min(Codec.SEGMENT, offset + count - from));
    }
  }

  /** What is lost so far, copied. */
  public float[] residual() {
    return residual.clone();
  }

  /**
   * Goes on from what {@link #residual} gave.
   *
   * @throws IllegalArgumentException if it is of another vector
   */
  public void restore(float[] lost) {
    if (lost.length != residual.length) {
      throw new IllegalArgumentException(
          "%s numbers are lost but the error feedback is of %s"
              .formatted(lost.length, residual.length));
    }
    System.arraycopy(lost, 0, residual, 0, lost.length);
  }
}
