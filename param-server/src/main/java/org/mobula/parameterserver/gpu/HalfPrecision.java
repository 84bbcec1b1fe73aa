package org.mobula.parameterserver.gpu;

/** Numbers of 16 bits. */
public enum HalfPrecision {
  /** The upper half of a float (bfloat16): its range, 8 bits of precision. */
  BF16 {
    @Override
    public short encode(float number) {
      if (Float.isNaN(number)) {
        return 0x7fc0;
      }
      int bits = Float.floatToRawIntBits(number);
      return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    @Override
    public float decode(short encoded) {
      return Float.intBitsToFloat(encoded << 16);
    }
  },

  /** IEEE 754 binary16: up to 65504, 11 bits of precision. */
  FP16 {
    @Override
    public short encode(float number) {
      if (Float.isNaN(number)) {
        return 0x7e00;
      }
      int bits = Float.floatToRawIntBits(number);
      int sign = (bits >>> 16) & 0x8000;
      float magnitude = Math.abs(number);
      if (magnitude >= LEAST_INFINITE) {
        return (short) (sign | 0x7c00);
      }
      if (magnitude < LEAST_NORMAL) {
        // Floats around a half lie as far apart as subnormal halves do: the sum does the rounding.
        return (short) (sign | (Float.floatToRawIntBits(magnitude + 0.5f) - HALF_BITS));
      }
      // From an exponent that starts at -127 to one at -15; the carry may go up into it.
      int rebiased = (bits & 0x7fffffff) - (112 << 23);
      return (short) (sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13));
    }

    @Override
    public float decode(short encoded) {
      int sign = (encoded & 0x8000) << 16;
      int exponent = (encoded >>> 10) & 0x1f;
      int fraction = encoded & 0x3ff;
      if (exponent == 0) {
        float magnitude = fraction * LEAST_SUBNORMAL;
        return sign == 0 ? magnitude : -magnitude;
      }
      int wide = exponent == 31 ? 255 : exponent + 112;
      return Float.intBitsToFloat(sign | (wide << 23) | (fraction << 13));
    }
  };

  private static final float LEAST_INFINITE = 65520;
  private static final float LEAST_NORMAL = 0x1p-14f;
  private static final float LEAST_SUBNORMAL = 0x1p-24f;
  private static final int HALF_BITS = 0x3f000000;

  /** The nearest number of this format, ties to even; a NaN becomes the quiet one. */
  public abstract short encode(float number);

  /** The same number as a float. */
  public abstract float decode(short encoded);
}
