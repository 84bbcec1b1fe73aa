package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.Refusal;

/** The first 36 bytes of a frame, used again for every frame of a connection. */
final class Header {
  static final int BYTES = 36;
  static final int MAGIC = 0x5350_424d; // "MBPS"
  static final int PROTOCOL = 2;

  /** No frame is longer, its header included. */
  static final int MOST_FRAME_BYTES = 1 << 20;

  /** Of a message's words, so many go into a frame; a segment of fp32 fits behind them. */
  static final int HEAD_CHUNK = 1 << 19;

  /** Of a message's words there are no more. */
  static final int MOST_HEAD_BYTES = 1 << 26;

  /** The floats of this message lie in shared memory. */
  static final int FLOATS_SHARED = 1;

  /** Those of the answer may. */
  static final int ANSWER_SHARED = 2;

  /** No shard is promoted so often; numbers beyond would overflow what is counted from them. */
  private static final int EPOCH_BITS = 48;

  int length;
  Kind kind = Kind.HEARTBEAT;
  boolean answer;
  int flags;
  int part;
  long id;
  long epoch;
  private int expected;

  /** Reads the header of the frame that follows the one before. */
  void read(ByteBuf in, int mostBytes) {
    length = in.readIntLE();
    int magic = in.readIntLE();
    if (magic != MAGIC) {
      throw WireException.malformed(
          String.format(Locale.ROOT, "the frame begins with %08x", magic));
    }
    int protocol = in.readUnsignedByte();
    if (protocol != PROTOCOL) {
      throw new WireException(
          Refusal.WRONG_PROTOCOL,
          "the peer speaks version %s of the protocol but this side version %s: use the same release"
              .formatted(protocol, PROTOCOL));
    }
    int number = in.readUnsignedByte();
    @Nullable Kind read = Kind.of(number);
    int marks = in.readUnsignedShortLE();
    part = in.readIntLE();
    id = in.readLongLE();
    epoch = in.readLongLE();
    int sequence = in.readIntLE();
    if (length > mostBytes || length < 0) {
      throw new WireException(
          Refusal.OVERSIZED,
          "a frame of %s bytes but at most %s may come"
              .formatted(length & 0xffff_ffffL, mostBytes));
    }
    if (length < BYTES
        || read == null
        || marks > (FLOATS_SHARED | ANSWER_SHARED)
        || part < 0
        || id < 0
        || epoch >>> EPOCH_BITS != 0) {
      throw WireException.malformed(
          "a frame of %s bytes, kind %s, flags %s, part %s, request %s, epoch %s"
              .formatted(length, number, marks, part, id, epoch));
    }
    if (sequence != expected) {
      // A connection keeps the order and loses nothing: somebody else had a hand in it.
      throw sequence - expected < 0
          ? new WireException(Refusal.REPLAYED, "frame " + sequence + " came again")
          : WireException.malformed("frame %s came where %s was due".formatted(sequence, expected));
    }
    expected++;
    kind = read;
    flags = marks;
    answer = (number & Kind.ANSWER) != 0;
  }

  static void write(
      ByteBuf out,
      int length,
      Kind kind,
      boolean answer,
      int flags,
      int part,
      long id,
      long epoch,
      int sequence) {
    out.writeIntLE(length)
        .writeIntLE(MAGIC)
        .writeByte(PROTOCOL)
        .writeByte(kind.id | (answer ? Kind.ANSWER : 0))
        .writeShortLE(flags)
        .writeIntLE(part)
        .writeLongLE(id)
        .writeLongLE(epoch)
        .writeIntLE(sequence);
  }
}
