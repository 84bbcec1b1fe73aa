package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.codec.MalformedPayloadException;
import org.mobula.parameterserver.shard.Refusal;

/**
 * Cuts a connection's bytes into messages. The floats of fp32 go straight from the buffers that the
 * socket was read into to where they belong; other codecs do where a segment lies in one buffer,
 * else its few bytes are put together first.
 */
abstract class MessageReader extends ChannelInboundHandlerAdapter {
  private enum State {
    HEADER,
    HEAD,
    SEGMENT
  }

  private final Header header = new Header();
  private State state = State.HEADER;

  /** Bytes that are put together, as what is read ended in the middle. */
  private @Nullable ByteBuf stash;

  private int mostFrameBytes;
  private boolean broken;
  private boolean readAny;

  // The message that is being read.
  private int nextPart;
  private Kind messageKind = Kind.HEARTBEAT;
  private boolean messageAnswer;
  private long messageId;
  private int headLeft;
  private @Nullable ByteBuf longHead;
  private Vectors vectors = Vectors.NONE;

  // Of the frame that is being read.
  private int bytesLeft;
  private int floatsRead;
  private long bytesRead;

  MessageReader(int mostFrameBytes) {
    this.mostFrameBytes = mostFrameBytes;
  }

  /** A message's words are here; reads all of them and says where its floats go. */
  abstract Vectors begin(Header header, ByteBuf head);

  /** The floats of the message that has begun lie in shared memory; reads them. */
  abstract void readShared(Vectors floats);

  /** A message is here with all its floats. */
  abstract void end();

  /** The peer has broken the protocol; nothing more is read. */
  abstract void broken(ChannelHandlerContext ctx, WireException why);

  /** Raises the limit once the peer is known. */
  final void acceptLongFrames() {
    mostFrameBytes = Header.MOST_FRAME_BYTES;
  }

  /** Whether anything came since the last call. */
  final boolean heard() {
    boolean heard = readAny;
    readAny = false;
    return heard;
  }

  /** How many bytes came since the last call. */
  final long takeBytesRead() {
    long bytes = bytesRead;
    bytesRead = 0;
    return bytes;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    readAny = true;
    bytesRead += in.readableBytes();
    try {
      while (!broken && advance(in)) {
        // until nothing is left that can be read
      }
    } catch (WireException e) {
      fail(ctx, e);
    } catch (MalformedPayloadException e) {
      fail(ctx, WireException.malformed(String.valueOf(e.getMessage())));
    } catch (IndexOutOfBoundsException e) {
      // A head that ends before its words do.
      fail(ctx, WireException.malformed("a message of kind " + messageKind + " is cut short"));
    } catch (IllegalArgumentException e) {
      // A record would not have the words.
      fail(ctx, WireException.malformed(String.valueOf(e.getMessage())));
    } finally {
      in.release();
    }
  }

  private void fail(ChannelHandlerContext ctx, WireException why) {
    broken = true;
    broken(ctx, why);
  }

  /** Ends reading without a fault. */
  final void stop() {
    broken = true;
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    broken = true;
    if (stash != null) {
      stash.release();
      stash = null;
    }
    if (longHead != null) {
      longHead.release();
      longHead = null;
    }
  }

  /** One step; false if more bytes must come first. */
  private boolean advance(ByteBuf in) {
    switch (state) {
      case HEADER -> {
        ByteBuf bytes = gather(in, Header.BYTES);
        if (bytes == null) {
          return false;
        }
        header.read(bytes, mostFrameBytes);
        done(bytes, in);
        bytesLeft = header.length - Header.BYTES;
        beginFrame();
      }
      case HEAD -> {
        int first = header.part == 0 ? Integer.BYTES : 0;
        int need = first + (first > 0 ? 0 : Math.min(headLeft, Header.HEAD_CHUNK));
        if (first > 0) {
          ByteBuf seen = peek(in, Integer.BYTES);
          if (seen == null) {
            return false;
          }
          headLeft = seen.getIntLE(seen.readerIndex());
          if (headLeft < 0 || headLeft > Header.MOST_HEAD_BYTES) {
            throw new WireException(
                Refusal.OVERSIZED, "a message of %s bytes of words".formatted(headLeft));
          }
          need += Math.min(headLeft, Header.HEAD_CHUNK);
        }
        if (need > bytesLeft) {
          throw WireException.malformed("a frame is too short for its words");
        }
        ByteBuf bytes = gather(in, need);
        if (bytes == null) {
          return false;
        }
        bytesLeft -= need;
        readHead(bytes.skipBytes(first), need - first);
        done(bytes, in);
      }
      case SEGMENT -> {
        return readSegment(in);
      }
    }
    return true;
  }

  private void beginFrame() {
    if (header.kind == Kind.HEARTBEAT) {
      if (bytesLeft != 0 || header.flags != 0) {
        throw WireException.malformed("a heartbeat carries bytes or flags");
      }
      return; // comes between the parts of other messages
    }
    if (header.part == 0 && nextPart == 0) {
      messageKind = header.kind;
      messageAnswer = header.answer;
      messageId = header.id;
      if (bytesLeft < Integer.BYTES) {
        throw WireException.malformed("a message does not say how long its words are");
      }
      state = State.HEAD;
    } else if (header.kind != messageKind
        || header.answer != messageAnswer
        || header.id != messageId
        || header.part > nextPart
        || nextPart == 0) {
      throw WireException.malformed(
          "part %s of %s %s does not follow part %s of %s %s"
              .formatted(
                  header.part, header.kind, header.id, nextPart - 1, messageKind, messageId));
    } else if (header.part < nextPart) {
      throw new WireException(
          Refusal.REPLAYED, "part %s of request %s came again".formatted(header.part, header.id));
    } else if (headLeft > 0) {
      state = State.HEAD;
    } else {
      beginSegment();
    }
  }

  private void readHead(ByteBuf bytes, int chunk) {
    headLeft -= chunk;
    ByteBuf head;
    if (headLeft > 0 || longHead != null) {
      if (longHead == null) {
        longHead = bytes.alloc().heapBuffer(chunk);
      }
      longHead.writeBytes(bytes, chunk);
      if (headLeft > 0) {
        endFrame(true);
        return;
      }
      head = longHead;
    } else {
      head = bytes;
    }
    int end = head.readerIndex() + (longHead == null ? chunk : head.readableBytes());
    int limit = head.writerIndex();
    head.writerIndex(end); // a message's words must not be read from what follows them
    try {
      vectors = begin(header, head);
      if (head.isReadable()) {
        throw WireException.malformed(
            "%s bytes are left over in %s".formatted(head.readableBytes(), messageKind));
      }
    } finally {
      head.writerIndex(limit);
    }
    if (longHead != null) {
      longHead.release();
      longHead = null;
    }
    if ((header.flags & Header.FLOATS_SHARED) != 0) {
      readShared(vectors);
    }
    if (vectors.hasNext()) {
      beginSegment();
    } else {
      endFrame(false);
    }
  }

  private void beginSegment() {
    state = State.SEGMENT;
    floatsRead = 0;
    Codec codec = vectors.codec;
    if (codec == null || codec.kind() == CodecKind.FP32) {
      int expected = Float.BYTES * vectors.count();
      if (bytesLeft != expected) {
        throw WireException.malformed(
            "%s floats take %s bytes but the frame has %s"
                .formatted(vectors.count(), expected, bytesLeft));
      }
    }
  }

  private boolean readSegment(ByteBuf in) {
    Codec codec = vectors.codec;
    if (codec == null) {
      throw new IllegalStateException("floats without a codec");
    }
    if (codec.kind() == CodecKind.FP32) {
      int whole = stash == null ? Math.min(in.readableBytes(), bytesLeft) / Float.BYTES : 0;
      if (whole > 0) {
        decode(codec, in, Float.BYTES * whole, whole);
        in.skipBytes(Float.BYTES * whole);
        floatsRead += whole;
        bytesLeft -= Float.BYTES * whole;
      }
      if (bytesLeft > 0) {
        // A float that lies in two reads.
        ByteBuf bytes = gather(in, Float.BYTES);
        if (bytes == null) {
          return false;
        }
        decode(codec, bytes, Float.BYTES, 1);
        bytes.skipBytes(Float.BYTES);
        done(bytes, in);
        floatsRead++;
        bytesLeft -= Float.BYTES;
        if (bytesLeft > 0) {
          return true;
        }
      }
    } else {
      ByteBuf bytes = gather(in, bytesLeft);
      if (bytes == null) {
        return false;
      }
      decode(codec, bytes, bytesLeft, vectors.count());
      bytes.skipBytes(bytesLeft);
      done(bytes, in);
      bytesLeft = 0;
    }
    vectors.advance();
    endFrame(vectors.hasNext());
    return true;
  }

  private void decode(Codec codec, ByteBuf bytes, int length, int count) {
    ByteBuffer payload =
        bytes.nioBufferCount() == 1
            ? bytes.internalNioBuffer(bytes.readerIndex(), length).slice()
            : bytes.nioBuffer(bytes.readerIndex(), length);
    codec.decode(payload, vectors.array(), vectors.offset() + floatsRead, count);
  }

  private void endFrame(boolean messageGoesOn) {
    if (bytesLeft > 0) {
      throw WireException.malformed(
          "%s bytes follow the end of %s".formatted(bytesLeft, messageKind));
    }
    state = State.HEADER;
    if (messageGoesOn) {
      nextPart++;
    } else {
      nextPart = 0;
      vectors = Vectors.NONE;
      end();
    }
  }

  /** So many bytes in one piece, if they are here: in what was just read, or put together. */
  private @Nullable ByteBuf gather(ByteBuf in, int need) {
    ByteBuf before = stash;
    if (before == null && in.readableBytes() >= need) {
      return in;
    }
    if (before == null) {
      if (!in.isReadable()) {
        return null;
      }
      before = in.alloc().directBuffer(need);
      stash = before;
    }
    int missing = need - before.readableBytes();
    before.writeBytes(in, Math.min(missing, in.readableBytes()));
    return before.readableBytes() == need ? before : null;
  }

  /** As {@link #gather}, but what was put together goes on growing. */
  private @Nullable ByteBuf peek(ByteBuf in, int need) {
    ByteBuf before = stash;
    if (before != null && before.readableBytes() >= need) {
      return before;
    }
    return gather(in, need);
  }

  @SuppressWarnings("ReferenceEquality") // whether it is the same buffer
  private void done(ByteBuf bytes, ByteBuf in) {
    if (bytes != in) {
      bytes.release();
      stash = null;
    }
  }
}
