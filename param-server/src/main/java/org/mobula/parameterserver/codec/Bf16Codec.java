package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import org.mobula.core.network.simd.Quantisation;

/**
 * The upper 16 bits of each float, rounded to the nearest, ties to even: an error of at most
 * 2<sup>-9</sup> of the number (3.9e-3 between neighbours), and fp32's range. NaN stays NaN and is
 * made quiet.
 *
 * <p>Layout for n numbers, h = ⌊n/2⌋: h words of four bytes, of which word j holds number j in its
 * lower and number h + j in its upper half; for an odd n the last number follows in two bytes. Two
 * numbers that are far apart share a word so that packing is arithmetic on whole vectors of ints.
 */
final class Bf16Codec extends Codec {
  /** Whether the Vector API does long segments, with the same bits. */
  private final boolean vectors;

  private final FloatBits bits = new FloatBits();
  private final int[] low = new int[FloatBits.BLOCK];
  private final int[] high = new int[FloatBits.BLOCK];
  private final int[] packed = new int[FloatBits.BLOCK];

  Bf16Codec(boolean vectors) {
    this.vectors = vectors;
  }

  @Override
  public CodecKind kind() {
    return CodecKind.BF16;
  }

  @Override
  public int maxEncodedBytes(int count) {
    return Short.BYTES * count;
  }

  @Override
  void write(float[] values, int offset, int count, ByteBuffer target) {
    int half = count / 2;
    boolean byVectors = vectors && count >= LEAST_FOR_VECTORS;
    IntBuffer words = target.asIntBuffer();
    for (int at = 0; at < half; at += FloatBits.BLOCK) {
      int block = Math.min(FloatBits.BLOCK, half - at);
      if (byVectors) {
        Quantisation.packBf16(values, offset + at, offset + half + at, block, packed);
      } else {
        bits.toBits(values, offset + at, block, low);
        bits.toBits(values, offset + half + at, block, high);
        round(low, block);
        round(high, block);
        pack(low, high, packed, block);
      }
      words.put(packed, 0, block);
    }
    target.position(target.position() + Integer.BYTES * half);
    if (count % 2 == 1) {
      target.putShort((short) (rounded(values[offset + count - 1]) >>> 16));
    }
  }

  // Each loop by itself, with one thing in it: together HotSpot 17 vectorises none of them.

  private static void round(int[] words, int count) {
    for (int i = 0; i < count; i++) {
      int x = words[i];
      int nan = (0x7f80_0000 - (x & 0x7fff_ffff)) >> 31; // all ones for NaN, else zero
      words[i] = (x + ((0x7fff + (x >>> 16 & 1)) & ~nan)) | (nan & 0x40_0000);
    }
  }

  private static void pack(int[] low, int[] high, int[] packed, int count) {
    for (int i = 0; i < count; i++) {
      packed[i] = (low[i] >>> 16) | (high[i] & 0xffff_0000);
    }
  }

  /** The float's bits, rounded so that the upper half is the number; as {@link #round}. */
  static int rounded(float value) {
    int x = Float.floatToRawIntBits(value);
    return Float.isNaN(value) ? x | 0x40_0000 : x + 0x7fff + (x >>> 16 & 1);
  }

  @Override
  void read(ByteBuffer payload, float[] values, int offset, int count) {
    expect(payload, Short.BYTES * count, count);
    int half = count / 2;
    boolean byVectors = vectors && count >= LEAST_FOR_VECTORS;
    IntBuffer words = payload.asIntBuffer();
    for (int at = 0; at < half; at += FloatBits.BLOCK) {
      int block = Math.min(FloatBits.BLOCK, half - at);
      words.get(packed, 0, block);
      if (byVectors) {
        Quantisation.unpackBf16(packed, block, values, offset + at, offset + half + at);
        continue;
      }
      unpackLow(packed, low, block);
      bits.toFloats(low, block, values, offset + at);
      unpackHigh(packed, high, block);
      bits.toFloats(high, block, values, offset + half + at);
    }
    if (count % 2 == 1) {
      short last = payload.getShort(payload.limit() - Short.BYTES);
      values[offset + count - 1] = Float.intBitsToFloat(last << 16);
    }
  }

  private static void unpackLow(int[] packed, int[] low, int count) {
    for (int i = 0; i < count; i++) {
      low[i] = packed[i] << 16;
    }
  }

  private static void unpackHigh(int[] packed, int[] high, int count) {
    for (int i = 0; i < count; i++) {
      high[i] = packed[i] & 0xffff_0000;
    }
  }
}
