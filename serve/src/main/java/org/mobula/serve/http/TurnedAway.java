package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;

/** Tells a client beyond the limit of connections to come later, whatever it asks. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails here ends the connection
final class TurnedAway extends ChannelInboundHandlerAdapter {
  private final int limit;

  TurnedAway(int limit) {
    this.limit = limit;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    String body =
        "{\"error\": \"The server holds "
            + limit
            + " connections, which is its limit; try again later, or keep connections open and"
            + " share them.\"}";
    String answer =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
            + "connection: close\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    context
        .writeAndFlush(Unpooled.wrappedBuffer(answer.getBytes(US_ASCII)))
        .addListener(
            (ChannelFutureListener)
                sent -> {
                  // What the client sends is read and dropped, else the answer is lost with a
                  // reset.
                  if (sent.isSuccess() && sent.channel() instanceof DuplexChannel duplex) {
                    duplex.shutdownOutput();
                  } else {
                    sent.channel().close();
                  }
                });
    context
        .executor()
        .schedule(() -> context.close(), Connection.LINGER.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object bytes) {
    ReferenceCountUtil.release(bytes);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      context.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    context.close();
  }
}
