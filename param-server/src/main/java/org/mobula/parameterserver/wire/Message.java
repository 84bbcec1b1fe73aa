package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;

/**
 * A message on its way out. Its frames are made when the socket has room for them, each segment in
 * one copy from the array into the frame that the kernel reads.
 */
final class Message {
  private final Kind kind;
  private final boolean answer;
  private final int flags;
  private final long id;
  private final long epoch;
  private final ByteBuf head;
  private final Vectors vectors;
  private int part;

  /** Runs when the last frame has left, or never will. */
  private @Nullable Runnable after;

  /** Its arrays must stay as they are until it has left, or be detached before. */
  Message(
      ByteBufAllocator allocator,
      Kind kind,
      boolean answer,
      int flags,
      long id,
      long epoch,
      Consumer<ByteBuf> words,
      Vectors vectors) {
    this.kind = kind;
    this.answer = answer;
    this.flags = flags;
    this.id = id;
    this.epoch = epoch;
    this.vectors = vectors;
    head = allocator.directBuffer(128);
    words.accept(head);
  }

  private static void encode(Codec codec, float[] values, int offset, int count, ByteBuf out) {
    int most = codec.maxEncodedBytes(count);
    out.ensureWritable(most);
    ByteBuffer target = out.internalNioBuffer(out.writerIndex(), most).slice();
    codec.encode(values, offset, count, target);
    out.writerIndex(out.writerIndex() + target.position());
  }

  void whenGone(Runnable action) {
    after = action;
  }

  boolean hasNext() {
    return part == 0 || head.isReadable() || vectors.hasNext();
  }

  /**
   * The next frame.
   *
   * @param sequence of the frame on its connection
   */
  ByteBuf next(ByteBufAllocator allocator, int sequence) {
    int headBytes = Math.min(head.readableBytes(), Header.HEAD_CHUNK);
    boolean headEnds = headBytes == head.readableBytes();
    ByteBuf frame;
    synchronized (vectors) {
      Codec codec = headEnds && vectors.hasNext() ? vectors.codec : null;
      int most = codec == null ? 0 : codec.maxEncodedBytes(vectors.count());
      frame = allocator.directBuffer(Header.BYTES + Integer.BYTES + headBytes + most);
      Header.write(frame, 0, kind, answer, flags, part, id, epoch, sequence);
      if (part == 0) {
        frame.writeIntLE(head.readableBytes());
      }
      frame.writeBytes(head, headBytes);
      if (codec != null) {
        encode(codec, vectors.array(), vectors.offset(), vectors.count(), frame);
        vectors.advance();
      }
    }
    frame.setIntLE(0, frame.readableBytes());
    part++;
    return frame;
  }

  /** Lets go of what it holds. */
  void release() {
    head.release();
    gone();
  }

  void gone() {
    Runnable action = after;
    after = null;
    if (action != null) {
      action.run();
    }
  }

  /** Lets go of the words, as all frames are made; {@link #gone} is told later. */
  void emptied() {
    head.release();
  }
}
