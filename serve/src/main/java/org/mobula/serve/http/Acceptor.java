package org.mobula.serve.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.ZoneId;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before what takes new connections: where none can be taken, mostly because the process has
 * no file descriptor left, it pauses and tries again. The error goes no further. Netty would log it
 * from where it was thrown, and a logger that needs a file or a class then takes the thread with
 * it: the port would be dead for good.
 */
@Sharable
@SuppressWarnings("FutureReturnValueIgnored") // of a task that cannot fail
final class Acceptor extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Acceptor.class);
  private static final long PAUSE_MILLIS = 100;

  private final int limit;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicBoolean failing = new AtomicBoolean();

  /**
   * One that takes connections.
   *
   * @param limit connections held at once; further ones are closed
   */
  Acceptor(int limit) {
    this.limit = limit;
    // Loggers write the time, and Java reads the zone's rules from a file when they first do.
    LOG.debug("Times are written by {}", ZoneId.systemDefault().getRules());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object child) {
    failing.set(false);
    Channel channel = (Channel) child;
    if (open.get() >= limit) {
      channel.unsafe().closeForcibly();
      return;
    }
    open.incrementAndGet();
    channel.closeFuture().addListener(closed -> open.decrementAndGet());
    context.fireChannelRead(child);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    Channel listening = context.channel();
    ChannelConfig config = listening.config();
    if (config.isAutoRead()) {
      config.setAutoRead(false);
      listening
          .eventLoop()
          .schedule(() -> config.setAutoRead(true), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }
    if (failing.compareAndSet(false, true)) { // once, until a connection is taken again
      try {
        LOG.warn(
            "{} takes no new connections for now: {}; it resumes by itself. Where files are the"
                + " reason, raise ulimit -n or lower connections.limit",
            listening.localAddress(),
            cause.toString());
      } catch (RuntimeException | LinkageError e) {
        failing.set(false); // nothing can be said now; the next failure says it
      }
    }
  }
}
