package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.mobula.core.network.simd.Simd;

/**
 * Writes floats as bytes and reads them back. All bytes are little-endian.
 *
 * <p>A codec takes up to {@link #SEGMENT} numbers at a time; a longer vector is cut at multiples of
 * it, and each segment travels by itself. What one segment decodes to does not depend on the
 * others.
 *
 * <p>Not safe for several threads at once: a codec keeps scratch memory, so that no call allocates
 * more than a buffer's view.
 */
public abstract sealed class Codec permits Fp32Codec, Bf16Codec, Fp16Codec, Int8Codec, TopKCodec {
  /**
   * The most numbers in one payload. Two bytes hold an index, and a segment's floats fit a cache.
   */
  public static final int SEGMENT = 1 << 16;

  private static final boolean VECTORS = Simd.available();

  /** Fewer numbers are not worth the Vector API, which is slow beyond measure until compiled. */
  static final int LEAST_FOR_VECTORS = 1 << 14;

  // For the way by the bytes; a codec that does not feed errors back has none.
  private float[] carried = new float[0];
  private ByteBuffer payload = ByteBuffer.allocate(0);

  /** The codec of a kind. The fraction is read by {@code top-k} only. */
  static Codec create(CodecKind kind, double fraction) {
    return switch (kind) {
      case FP32 -> new Fp32Codec();
      case BF16 -> new Bf16Codec(VECTORS);
      case FP16 -> new Fp16Codec();
      case INT8 -> new Int8Codec(VECTORS);
      case TOP_K -> new TopKCodec(fraction);
    };
  }

  /** A codec that reads what any codec of this kind wrote. */
  public static Codec reading(CodecKind kind) {
    return create(kind, 1);
  }

  /** Which codec this is. */
  public abstract CodecKind kind();

  /**
   * The most bytes that this many numbers take.
   *
   * @param count from 0 to {@link #SEGMENT}
   */
  public abstract int maxEncodedBytes(int count);

  /**
   * Writes numbers at the buffer's position, which moves on. The buffer is left little-endian.
   *
   * @param values only read
   * @param offset of the first number
   * @param count from 0 to {@link #SEGMENT}
   * @param target has {@link #maxEncodedBytes} bytes left
   */
  public final void encode(float[] values, int offset, int count, ByteBuffer target) {
    check(values, offset, count);
    if (target.remaining() < maxEncodedBytes(count)) {
      throw new IllegalArgumentException(
          "the buffer has %s bytes left but %s numbers may take %s as %s"
              .formatted(target.remaining(), count, maxEncodedBytes(count), kind().label()));
    }
    write(values, offset, count, target.order(ByteOrder.LITTLE_ENDIAN));
  }

  /**
   * Reads the numbers that lie between the buffer's position and its limit; the position moves to
   * the limit. The buffer is left little-endian.
   *
   * @param values receives the numbers; some may be written before a fault is found
   * @param offset of the first number
   * @param count that were encoded, from 0 to {@link #SEGMENT}
   * @throws MalformedPayloadException if the bytes are not that many encoded numbers
   */
  public final void decode(ByteBuffer payload, float[] values, int offset, int count) {
    check(values, offset, count);
    read(payload.order(ByteOrder.LITTLE_ENDIAN), values, offset, count);
    payload.position(payload.limit());
  }

  abstract void write(float[] values, int offset, int count, ByteBuffer target);

  abstract void read(ByteBuffer payload, float[] values, int offset, int count);

  /**
   * Adds to a segment what was lost before, leaves in it what travels, and keeps the rest.
   *
   * @param residual of the whole vector
   * @param from the segment's first number, in both
   */
  void carry(float[] vector, float[] residual, int from, int count) {
    for (int i = from; i < from + count; i++) {
      vector[i] += residual[i];
    }
    carryOnly(vector, residual, from, count);
  }

  /** As {@link #carry}, of what has been added to. */
  final void carryOnly(float[] vector, float[] residual, int from, int count) {
    if (carried.length == 0) {
      carried = new float[SEGMENT];
      payload = ByteBuffer.allocate(maxEncodedBytes(SEGMENT));
    }
    encode(vector, from, count, payload.clear());
    decode(payload.flip(), carried, 0, count);
    for (int i = 0; i < count; i++) {
      float lost = vector[from + i] - carried[i];
      // Of NaN and infinity nothing can be made up for; the receiver refuses them.
      residual[from + i] = Float.isFinite(lost) ? lost : 0;
      vector[from + i] = carried[i];
    }
  }

  final MalformedPayloadException refuse(String because) {
    return new MalformedPayloadException(kind(), because);
  }

  final void expect(ByteBuffer payload, int bytes, int count) {
    if (payload.remaining() != bytes) {
      throw refuse(
          "%s numbers take %s bytes but there are %s".formatted(count, bytes, payload.remaining()));
    }
  }

  private static void check(float[] values, int offset, int count) {
    if (count < 0 || count > SEGMENT) {
      throw new IllegalArgumentException(
          "count is %s but must be from 0 to %s; cut a longer vector there"
              .formatted(count, SEGMENT));
    }
    if (offset < 0 || offset > values.length - count) {
      throw new IndexOutOfBoundsException(
          "numbers [%s, %s) are asked for but the array has %s"
              .formatted(offset, (long) offset + count, values.length));
    }
  }
}
