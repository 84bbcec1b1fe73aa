package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.mobula.core.network.simd.Quantisation;

/**
 * One byte a number, and one scale for every block of 256: number ≈ scale · code, code from -127 to
 * 127, scale = the block's largest magnitude / 127 rounded up to 17 significant bits. The product
 * is then exact, so that what is decoded can be encoded and decoded again without any further
 * change, and the error is at most scale / 2 (and one part in 10<sup>7</sup> of it), that is 0.4 %
 * of the block's largest magnitude. A block whose largest magnitude is below 2<sup>-100</sup> reads
 * zero.
 *
 * <p>A block that holds NaN or infinity travels as where they are, so that the receiver can say
 * which number is at fault: its scale is NaN, its codes are 1 for NaN, 2 for infinity, 3 for
 * negative infinity, and 0 for finite numbers, which read zero.
 *
 * <p>Layout for n numbers: ⌈n/256⌉ scales of four bytes, then n codes. A full block's codes are 64
 * words of four bytes, of which word j holds the numbers j, 64 + j, 128 + j and 192 + j, the lowest
 * byte first; the codes of a last, shorter block follow one another. Frank Seide et al., 1-Bit
 * Stochastic Gradient Descent (2014), is where gradients with few bits come from.
 */
final class Int8Codec extends Codec {
  /** Numbers with one scale. */
  static final int BLOCK = Quantisation.BLOCK;

  private static final int QUARTER = BLOCK / 4;
  private static final int LARGEST_CODE = 127;

  /** Below, a scale could be subnormal and lose its 17 bits. */
  private static final float SMALLEST = 0x1p-100f;

  /** Floats have 24 significant bits; these are the ones a scale does without. */
  private static final int SCALE_SLACK = (1 << 7) - 1;

  /**
   * Added to a number of small magnitude, leaves it rounded to the nearest whole in the last bits.
   */
  private static final float ROUNDING = 0x1.8p23f;

  private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);

  private static final int NAN_CODE = 1;
  private static final int INFINITY_CODE = 2;
  private static final int NEGATIVE_INFINITY_CODE = 3;

  /** Whether the Vector API does full blocks of long segments, with the same bits. */
  private final boolean vectors;

  private final FloatBits bits = new FloatBits();
  private final float[] scaled = new float[BLOCK];
  private final int[] words = new int[BLOCK];
  private final int[] packed = new int[QUARTER];

  Int8Codec(boolean vectors) {
    this.vectors = vectors;
  }

  @Override
  public CodecKind kind() {
    return CodecKind.INT8;
  }

  @Override
  public int maxEncodedBytes(int count) {
    return Float.BYTES * blocks(count) + count;
  }

  private static int blocks(int count) {
    return (count + BLOCK - 1) / BLOCK;
  }

  @Override
  void write(float[] values, int offset, int count, ByteBuffer target) {
    int start = target.position();
    int codes = start + Float.BYTES * blocks(count);
    boolean byVectors = vectors && count >= LEAST_FOR_VECTORS;
    IntBuffer packedCodes = target.position(codes).asIntBuffer();
    for (int block = 0; block < blocks(count); block++) {
      int from = offset + block * BLOCK;
      int size = Math.min(BLOCK, offset + count - from);
      if (byVectors && size == BLOCK) {
        float scale = scale(Quantisation.largestMagnitude(values, from));
        if (!Float.isNaN(scale)) {
          target.putFloat(start + Float.BYTES * block, scale);
          Quantisation.packInt8(values, from, inverse(scale), packed);
          packedCodes.put(packed, 0, QUARTER);
          continue;
        }
      }
      bits.toBits(values, from, size, words);
      float scale = scale(largestMagnitude(words, size));
      target.putFloat(start + Float.BYTES * block, scale);
      if (Float.isNaN(scale)) {
        special(words, size);
      } else {
        quantise(values, from, size, scale);
      }
      if (size == BLOCK) {
        pack(words, packed);
        packedCodes.put(packed, 0, QUARTER);
      } else {
        target.position(codes + block * BLOCK);
        for (int i = 0; i < size; i++) {
          target.put((byte) words[i]);
        }
      }
    }
    target.position(codes + count);
  }

  /** Of floats given as their bits; infinity or NaN if there is one, for they are the largest. */
  private static float largestMagnitude(int[] words, int count) {
    int largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, words[i] & 0x7fff_ffff);
    }
    return Float.intBitsToFloat(largest);
  }

  /** 0 where all is too small, NaN where something is not finite. */
  static float scale(float largestMagnitude) {
    if (!(largestMagnitude < Float.POSITIVE_INFINITY)) {
      return Float.NaN;
    }
    if (largestMagnitude < SMALLEST) {
      return 0;
    }
    int exact = Float.floatToRawIntBits(largestMagnitude / LARGEST_CODE);
    float up = Float.intBitsToFloat((exact + SCALE_SLACK) & ~SCALE_SLACK);
    // Next to the largest float, the product with 127 would be infinite.
    return up * LARGEST_CODE < Float.POSITIVE_INFINITY
        ? up
        : Float.intBitsToFloat(exact & ~SCALE_SLACK);
  }

  private static float inverse(float scale) {
    return scale == 0 ? 0 : 1 / scale;
  }

  private void quantise(float[] values, int offset, int count, float scale) {
    float inverse = inverse(scale);
    for (int i = 0; i < count; i++) {
      scaled[i] = values[offset + i] * inverse + ROUNDING;
    }
    bits.toBits(scaled, 0, count, words);
    for (int i = 0; i < count; i++) {
      words[i] -= ROUNDING_BITS;
    }
  }

  private static void special(int[] words, int count) {
    for (int i = 0; i < count; i++) {
      float value = Float.intBitsToFloat(words[i]);
      if (Float.isNaN(value)) {
        words[i] = NAN_CODE;
      } else if (Float.isInfinite(value)) {
        words[i] = value > 0 ? INFINITY_CODE : NEGATIVE_INFINITY_CODE;
      } else {
        words[i] = 0;
      }
    }
  }

  private static void pack(int[] codes, int[] packed) {
    for (int i = 0; i < QUARTER; i++) {
      packed[i] = codes[i] & 0xff;
    }
    for (int i = 0; i < QUARTER; i++) {
      packed[i] |= (codes[QUARTER + i] & 0xff) << 8;
    }
    for (int i = 0; i < QUARTER; i++) {
      packed[i] |= (codes[2 * QUARTER + i] & 0xff) << 16;
    }
    for (int i = 0; i < QUARTER; i++) {
      packed[i] |= codes[3 * QUARTER + i] << 24;
    }
  }

  private static void unpack(int[] packed, int[] codes) {
    for (int i = 0; i < QUARTER; i++) {
      codes[i] = packed[i] << 24 >> 24;
    }
    for (int i = 0; i < QUARTER; i++) {
      codes[QUARTER + i] = packed[i] << 16 >> 24;
    }
    for (int i = 0; i < QUARTER; i++) {
      codes[2 * QUARTER + i] = packed[i] << 8 >> 24;
    }
    for (int i = 0; i < QUARTER; i++) {
      codes[3 * QUARTER + i] = packed[i] >> 24;
    }
  }

  @Override
  void read(ByteBuffer payload, float[] values, int offset, int count) {
    expect(payload, maxEncodedBytes(count), count);
    int codes = payload.position() + Float.BYTES * blocks(count);
    boolean byVectors = vectors && count >= LEAST_FOR_VECTORS;
    FloatBuffer scales = payload.asFloatBuffer();
    IntBuffer packedCodes = payload.position(codes).asIntBuffer();
    for (int block = 0; block < blocks(count); block++) {
      int from = offset + block * BLOCK;
      int size = Math.min(BLOCK, offset + count - from);
      if (size == BLOCK) {
        packedCodes.get(packed, 0, QUARTER);
        float scale = scales.get(block);
        if (byVectors && !Float.isNaN(scale)) {
          checkScale(block, scale);
          if (!Quantisation.unpackInt8(packed, scale, values, from)) {
            throw refuseUnusedCode();
          }
          continue;
        }
        unpack(packed, words);
      } else {
        for (int i = 0; i < size; i++) {
          words[i] = payload.get(codes + block * BLOCK + i);
        }
      }
      float scale = scales.get(block);
      if (Float.isNaN(scale)) {
        readSpecial(values, from, size);
      } else {
        checkScale(block, scale);
        dequantise(values, from, size, scale);
      }
    }
  }

  private MalformedPayloadException refuseUnusedCode() {
    return refuse("code -128 is not in use");
  }

  private void checkScale(int block, float scale) {
    int scaleBits = Float.floatToRawIntBits(scale);
    // A largest magnitude of Float.MAX_VALUE has the largest scale.
    boolean written =
        scaleBits == 0
            || (scale >= SMALLEST / LARGEST_CODE
                && scale <= scale(Float.MAX_VALUE)
                && (scaleBits & SCALE_SLACK) == 0);
    if (!written) {
      throw refuse("the scale of block %s is %s".formatted(block, scale));
    }
  }

  private void dequantise(float[] values, int offset, int count, float scale) {
    for (int i = 0; i < count; i++) {
      if (words[i] == Byte.MIN_VALUE) {
        throw refuseUnusedCode();
      }
    }
    for (int i = 0; i < count; i++) {
      words[i] += ROUNDING_BITS;
    }
    bits.toFloats(words, count, scaled, 0);
    for (int i = 0; i < count; i++) {
      values[offset + i] = (scaled[i] - ROUNDING) * scale;
    }
  }

  private void readSpecial(float[] values, int offset, int count) {
    boolean any = false;
    for (int i = 0; i < count; i++) {
      values[offset + i] =
          switch (words[i]) {
            case 0 -> 0;
            case NAN_CODE -> Float.NaN;
            case INFINITY_CODE -> Float.POSITIVE_INFINITY;
            case NEGATIVE_INFINITY_CODE -> Float.NEGATIVE_INFINITY;
            default -> throw refuse("code %s stands in a block without scale".formatted(words[i]));
          };
      any |= words[i] != 0;
    }
    if (!any) {
      throw refuse("a block of finite numbers has no scale");
    }
  }

  @Override
  void carry(float[] vector, float[] residual, int from, int count) {
    boolean byVectors = vectors && count >= LEAST_FOR_VECTORS;
    int at = from;
    for (; byVectors && at + BLOCK <= from + count; at += BLOCK) {
      float scale = scale(Quantisation.addAndMeasure(vector, residual, at));
      if (Float.isNaN(scale)) {
        carryOnly(vector, residual, at, BLOCK);
      } else {
        Quantisation.roundToInt8(vector, at, inverse(scale), scale, residual);
      }
    }
    super.carry(vector, residual, at, from + count - at);
  }
}
