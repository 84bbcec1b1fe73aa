package org.mobula.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An answer on its way part by part: chunks in HTTP/1.1, bytes up to the close in HTTP/1.0. Of the
 * connection's event loop, but for the sinks.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write ends the connection
final class Streaming {
  private static final Logger log = LoggerFactory.getLogger(Streaming.class);
  private static final byte[] LINE_END = {'\r', '\n'};
  private static final byte[] LAST = {'0', '\r', '\n', '\r', '\n'};

  private final Connection connection;
  private final ChannelHandlerContext context;
  private final PartSource parts;
  private final boolean chunked;
  private boolean asked;
  private long bytes;

  /**
   * A stream whose head is written.
   *
   * @param bytes of the head
   */
  Streaming(
      Connection connection,
      ChannelHandlerContext context,
      PartSource parts,
      boolean chunked,
      long bytes) {
    this.connection = connection;
    this.context = context;
    this.parts = parts;
    this.chunked = chunked;
    this.bytes = bytes;
  }

  /** Written so far. */
  long bytes() {
    return bytes;
  }

  /** Asks for the next part if there is room for it. */
  void advance() {
    if (asked || connection.isGone() || !context.channel().isWritable()) {
      return;
    }
    asked = true;
    try {
      parts.next(new Once());
    } catch (RuntimeException e) {
      log.error("A stream fails", e);
      context.close(); // a client must not take what it got for everything
    }
  }

  private void write(ByteBuffer part) {
    asked = false;
    if (connection.isGone()) {
      return;
    }
    if (part.hasRemaining()) { // an empty chunk would be the last one
      ByteBuf body = Unpooled.wrappedBuffer(part);
      int length = body.readableBytes();
      if (chunked) {
        byte[] head = (Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        bytes += head.length + LINE_END.length;
        body = Unpooled.wrappedBuffer(Unpooled.wrappedBuffer(head), body, wrapped(LINE_END));
      }
      bytes += length;
      context.writeAndFlush(body, context.voidPromise());
    }
    advance();
  }

  private static ByteBuf wrapped(byte[] constant) {
    return Unpooled.wrappedBuffer(constant);
  }

  private void finish() {
    if (!connection.isGone()) {
      ByteBuf last = chunked ? wrapped(LAST) : Unpooled.EMPTY_BUFFER;
      bytes += last.readableBytes();
      connection.ended(last);
    }
  }

  /** Brings one part to the event loop. */
  private final class Once extends AtomicBoolean implements PartSource.Sink {
    private static final long serialVersionUID = 1L;

    @Override
    public void part(ByteBuffer part) {
      later(() -> write(part));
    }

    @Override
    public void end() {
      later(Streaming.this::finish);
    }

    private void later(Runnable told) {
      if (getAndSet(true)) {
        throw new IllegalStateException(
            "this part was given already; wait to be asked for another");
      }
      try {
        context.executor().execute(told);
      } catch (RejectedExecutionException e) {
        log.debug("The server was closed without waiting for a stream", e);
      }
    }
  }
}
