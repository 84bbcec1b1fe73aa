package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;

/** The numbers' own bits, in one copy. */
final class Fp32Codec extends Codec {
  @Override
  public CodecKind kind() {
    return CodecKind.FP32;
  }

  @Override
  public int maxEncodedBytes(int count) {
    return Float.BYTES * count;
  }

  @Override
  void write(float[] values, int offset, int count, ByteBuffer target) {
    target.asFloatBuffer().put(values, offset, count);
    target.position(target.position() + Float.BYTES * count);
  }

  @Override
  void read(ByteBuffer payload, float[] values, int offset, int count) {
    expect(payload, Float.BYTES * count, count);
    payload.asFloatBuffer().get(values, offset, count);
  }
}
