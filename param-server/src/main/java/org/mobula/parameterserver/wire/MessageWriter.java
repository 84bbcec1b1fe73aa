package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.util.ArrayDeque;
import java.util.Deque;
import org.mobula.parameterserver.shard.Refusal;

/**
 * A connection's messages on their way out, one after the other. Frames are made while the socket's
 * buffers are below their high-water mark, and further ones when they have drained. Event loop
 * only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, which is dealt with
final class MessageWriter {
  private final Channel channel;
  private final Deque<Message> queue = new ArrayDeque<>();
  private boolean wrote;
  private boolean closed;
  private long bytesWritten;
  private int sequence;

  MessageWriter(Channel channel) {
    this.channel = channel;
  }

  void send(Message message) {
    if (closed) {
      message.release();
      return;
    }
    queue.add(message);
    drain();
  }

  void drain() {
    boolean any = false;
    while (!queue.isEmpty() && channel.isWritable() && channel.isActive()) {
      Message message = queue.element();
      ByteBuf frame = message.next(channel.alloc(), sequence++);
      bytesWritten += frame.readableBytes();
      any = true;
      if (message.hasNext()) {
        channel.write(frame, channel.voidPromise());
        continue;
      }
      queue.remove();
      message.emptied();
      ChannelFuture last = channel.write(frame);
      last.addListener(written -> message.gone());
    }
    if (any) {
      wrote = true;
      channel.flush();
    }
  }

  /** Lets the peer know that this side lives, unless something was sent since the last call. */
  void heartbeat() {
    if (!wrote && !closed && channel.isWritable()) {
      ByteBuf frame = channel.alloc().directBuffer(Header.BYTES);
      Header.write(frame, Header.BYTES, Kind.HEARTBEAT, false, 0, 0, 0, 0, sequence++);
      channel.writeAndFlush(frame, channel.voidPromise());
    }
    wrote = false;
  }

  /** How many bytes of messages have gone out since the last call. */
  long takeBytesWritten() {
    long bytes = bytesWritten;
    bytesWritten = 0;
    return bytes;
  }

  /** Drops what waits, sends a refusal of the connection, and closes it. */
  void refuse(Refusal refusal, String message) {
    close();
    ByteBuf head = channel.alloc().directBuffer(256);
    AnswerWords.refusal(head, refusal, -1, message);
    int length = Header.BYTES + Integer.BYTES + head.readableBytes();
    ByteBuf frame = channel.alloc().directBuffer(length);
    Header.write(frame, length, Kind.REFUSED, true, 0, 0, 0, 0, sequence++);
    frame.writeIntLE(head.readableBytes()).writeBytes(head);
    head.release();
    channel.writeAndFlush(frame).addListener(ChannelFutureListener.CLOSE);
  }

  void close() {
    closed = true;
    queue.forEach(Message::release);
    queue.clear();
  }
}
