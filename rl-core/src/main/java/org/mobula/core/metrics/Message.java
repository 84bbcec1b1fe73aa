package org.mobula.core.metrics;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A protocol-buffer message being written; only the wire types that event files need. */
final class Message {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED_32 = 5;
  private static final int MAX_SCALAR_BYTES = 16;

  private ByteBuffer buffer;

  Message(int capacity) {
    buffer = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
  }

  Message integer(int field, long value) {
    tag(field, VARINT, 0);
    varint(value);
    return this;
  }

  Message float64(int field, double value) {
    tag(field, FIXED_64, 0);
    buffer.putDouble(value);
    return this;
  }

  Message float32(int field, float value) {
    tag(field, FIXED_32, 0);
    buffer.putFloat(value);
    return this;
  }

  Message bytes(int field, byte[] value) {
    return bytes(field, value, value.length);
  }

  Message message(int field, Message value) {
    return bytes(field, value.buffer.array(), value.buffer.position());
  }

  byte[] toBytes() {
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  private Message bytes(int field, byte[] value, int length) {
    tag(field, LENGTH_DELIMITED, length);
    varint(length);
    buffer.put(value, 0, length);
    return this;
  }

  private void tag(int field, int wireType, int payloadBytes) {
    int needed = MAX_SCALAR_BYTES + payloadBytes;
    if (buffer.remaining() < needed) {
      byte[] grown = Arrays.copyOf(buffer.array(), 2 * buffer.capacity() + needed);
      buffer = ByteBuffer.wrap(grown).order(ByteOrder.LITTLE_ENDIAN).position(buffer.position());
    }
    varint((long) field << 3 | wireType);
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      buffer.put((byte) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    buffer.put((byte) rest);
  }
}
