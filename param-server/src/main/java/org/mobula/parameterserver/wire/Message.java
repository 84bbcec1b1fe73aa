package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;

/**
 * A message on its way out. Its frames are made when the socket has room for them, each segment in
 * one copy from the array into the frame that the kernel reads; or the segments were encoded
 * before, where an array had to be read at once.
 */
final class Message {
  private final Kind kind;
  private final boolean answer;
  private final long id;
  private final long epoch;
  private final ByteBuf head;
  private final Vectors vectors;
  private final Deque<ByteBuf> encoded;
  private int part;

  /** Runs when the last frame has left, or never will. */
  private @Nullable Runnable after;

  private Message(
      Kind kind,
      boolean answer,
      long id,
      long epoch,
      ByteBuf head,
      Vectors vectors,
      Deque<ByteBuf> encoded) {
    this.kind = kind;
    this.answer = answer;
    this.id = id;
    this.epoch = epoch;
    this.head = head;
    this.vectors = vectors;
    this.encoded = encoded;
  }

  private static ByteBuf head(ByteBufAllocator allocator, Consumer<ByteBuf> words) {
    ByteBuf head = allocator.directBuffer(128);
    words.accept(head);
    return head;
  }

  /** A message whose arrays stay as they are until it has left. */
  static Message of(
      ByteBufAllocator allocator,
      Kind kind,
      boolean answer,
      long id,
      long epoch,
      Consumer<ByteBuf> words,
      Vectors vectors) {
    return new Message(
        kind, answer, id, epoch, head(allocator, words), vectors, new ArrayDeque<>());
  }

  /** An answer whose segments are encoded already; they are released with it. */
  static Message encoded(
      ByteBufAllocator allocator,
      Kind kind,
      long id,
      Consumer<ByteBuf> words,
      Deque<ByteBuf> segments) {
    return new Message(kind, true, id, 0, head(allocator, words), Vectors.NONE, segments);
  }

  /**
   * Encodes values at once.
   *
   * @param memory has room for all
   * @param segments takes a slice of the memory for each segment
   */
  static void encode(
      Codec codec,
      float[] values,
      int offset,
      int length,
      ByteBuf memory,
      Deque<ByteBuf> segments) {
    for (int at = 0; at < length; at += Codec.SEGMENT) {
      int start = memory.writerIndex();
      encode(codec, values, offset + at, Math.min(Codec.SEGMENT, length - at), memory);
      segments.add(memory.retainedSlice(start, memory.writerIndex() - start));
    }
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
    return part == 0 || head.isReadable() || vectors.hasNext() || !encoded.isEmpty();
  }

  /**
   * The next frame, in one or two pieces.
   *
   * @param sequence of the frame on its connection
   * @param pieces takes them in order
   * @return how many bytes they have
   */
  int next(ByteBufAllocator allocator, int sequence, Deque<ByteBuf> pieces) {
    int headBytes = Math.min(head.readableBytes(), Header.HEAD_CHUNK);
    boolean headEnds = headBytes == head.readableBytes();
    Codec codec = vectors.codec;
    int most =
        headEnds && vectors.hasNext() && codec != null ? codec.maxEncodedBytes(vectors.count()) : 0;
    ByteBuf frame = allocator.directBuffer(Header.BYTES + Integer.BYTES + headBytes + most);
    Header.write(frame, 0, kind, answer, part, id, epoch, sequence);
    if (part == 0) {
      frame.writeIntLE(head.readableBytes());
    }
    frame.writeBytes(head, headBytes);
    if (most > 0 && codec != null) {
      encode(codec, vectors.array(), vectors.offset(), vectors.count(), frame);
      vectors.advance();
    }
    pieces.add(frame);
    int length = frame.readableBytes();
    if (headEnds && !encoded.isEmpty()) {
      ByteBuf segment = encoded.remove();
      pieces.add(segment);
      length += segment.readableBytes();
    }
    frame.setIntLE(0, length);
    part++;
    return length;
  }

  /** Lets go of what it holds. */
  void release() {
    head.release();
    encoded.forEach(ByteBuf::release);
    encoded.clear();
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
