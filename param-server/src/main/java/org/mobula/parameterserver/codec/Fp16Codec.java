package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/**
 * IEEE 754 binary16, number after number: an error of at most 2<sup>-11</sup> of the number where
 * its magnitude is from 6.1e-5 to 65,504, at most 2<sup>-25</sup> below, infinity from 65,520 on.
 * NaN stays NaN and is made quiet.
 */
final class Fp16Codec extends Codec {
  private final short[] halves = new short[FloatBits.BLOCK];

  @Override
  public CodecKind kind() {
    return CodecKind.FP16;
  }

  @Override
  public int maxEncodedBytes(int count) {
    return Short.BYTES * count;
  }

  @Override
  void write(float[] values, int offset, int count, ByteBuffer target) {
    ShortBuffer shorts = target.asShortBuffer();
    for (int at = 0; at < count; at += FloatBits.BLOCK) {
      int block = Math.min(FloatBits.BLOCK, count - at);
      for (int i = 0; i < block; i++) {
        halves[i] = toHalf(values[offset + at + i]);
      }
      shorts.put(halves, 0, block);
    }
    target.position(target.position() + Short.BYTES * count);
  }

  @Override
  void read(ByteBuffer payload, float[] values, int offset, int count) {
    expect(payload, Short.BYTES * count, count);
    ShortBuffer shorts = payload.asShortBuffer();
    for (int at = 0; at < count; at += FloatBits.BLOCK) {
      int block = Math.min(FloatBits.BLOCK, count - at);
      shorts.get(halves, 0, block);
      for (int i = 0; i < block; i++) {
        values[offset + at + i] = toFloat(halves[i]);
      }
    }
  }

  /** {@code Float.floatToFloat16}, which is younger than Java 17. */
  static short toHalf(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) { // NaN: what fits of its payload, and the bit that makes it quiet
      return (short) (sign | 0x7e00 | ((magnitude >>> 13) & 0x1ff));
    }
    if (magnitude >= 0x4780_0000) { // 65,536 and more
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x3880_0000) { // below 2^-14, where halves are multiples of 2^-24
      // So are the floats from 0.5 to 1: the addition rounds as the half must be rounded.
      float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | Float.floatToRawIntBits(shifted) - 0x3f00_0000);
    }
    // The exponent's bias is 15 instead of 127. What rounds up to 65,536 becomes infinity.
    int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1) - (112 << 23);
    return (short) (sign | rounded >>> 13);
  }

  /** {@code Float.float16ToFloat}, which is younger than Java 17. */
  static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int magnitude = (half & 0x7fff) << 13;
    if ((half & 0x7c00) == 0x7c00) { // infinity or NaN
      int quiet = (half & 0x3ff) == 0 ? 0 : 0x40_0000;
      return Float.intBitsToFloat(sign | 0x7f80_0000 | magnitude | quiet);
    }
    // Multiplying moves the exponent to its other bias, and normalises the smallest numbers.
    float scaled = Float.intBitsToFloat(magnitude) * 0x1p112f;
    return Float.intBitsToFloat(sign | Float.floatToRawIntBits(scaled));
  }
}
