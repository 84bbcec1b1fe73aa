package org.mobula.core.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/**
 * A message in protobuf's <a href="https://protobuf.dev/programming-guides/encoding/">wire
 * format</a>, as much of it as ONNX needs. A library would be on the class path of every program
 * that learns.
 */
final class ProtobufMessage {
  private static final int VARINT = 0;
  private static final int LENGTH = 2;
  private static final int FIXED_32 = 5;
  private static final int GROUP = 7; // bits of a number that a byte of a varint holds

  private final ByteArrayOutputStream content = new ByteArrayOutputStream();

  ProtobufMessage integer(int field, long value) {
    tag(field, VARINT);
    varint(value);
    return this;
  }

  ProtobufMessage number(int field, float value) {
    tag(field, FIXED_32);
    int bits = Float.floatToIntBits(value);
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      content.write(bits >>> shift);
    }
    return this;
  }

  ProtobufMessage text(int field, String value) {
    return bytes(field, value.getBytes(UTF_8));
  }

  ProtobufMessage message(int field, ProtobufMessage value) {
    return bytes(field, value.toBytes());
  }

  ProtobufMessage bytes(int field, byte[] value) {
    tag(field, LENGTH);
    varint(value.length);
    content.writeBytes(value);
    return this;
  }

  byte[] toBytes() {
    return content.toByteArray();
  }

  private void tag(int field, int wireType) {
    varint(((long) field << 3) | wireType);
  }

  /** Seven bits a byte, the lowest first; all bytes but the last have their highest bit set. */
  private void varint(long value) {
    long rest = value;
    while (rest >>> GROUP != 0) {
      content.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= GROUP;
    }
    content.write((int) rest);
  }
}
