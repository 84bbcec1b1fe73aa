package org.mobula.serve.http;

import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/**
 * Threads that read and write, and the sockets that they listen at. A listening socket survives
 * that no connection can be taken for a while.
 */
public final class HttpTransport implements AutoCloseable {
  /** In which who has just answered is done with it: its last call may come after the answer. */
  private static final long QUIET_MILLIS = 50;

  private static final long LAST_MILLIS = 5_000;

  private final boolean epoll;
  private final EventLoopGroup loops;

  HttpTransport(String threads, int eventLoops, boolean epoll) {
    this.epoll = epoll;
    loops =
        new MultiThreadIoEventLoopGroup(
            eventLoops,
            new DefaultThreadFactory(threads, true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  }

  /**
   * The operating system's best.
   *
   * @param threads what they are called
   */
  public static HttpTransport start(String threads, int eventLoops) {
    return new HttpTransport(threads, eventLoops, Epoll.isAvailable());
  }

  /** The threads. */
  public EventLoopGroup loops() {
    return loops;
  }

  /**
   * Makes listening sockets.
   *
   * @param limit connections held at once; further ones are closed without a word
   */
  public ChannelFactory<ServerChannel> sockets(int limit) {
    Acceptor acceptor = new Acceptor(limit);
    return () -> {
      ServerChannel channel = epoll ? new EpollServerSocketChannel() : new NioServerSocketChannel();
      channel.pipeline().addLast(acceptor);
      return channel;
    };
  }

  /** Ends the threads. */
  @Override
  public void close() {
    loops
        .shutdownGracefully(QUIET_MILLIS, LAST_MILLIS, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(2 * LAST_MILLIS);
  }
}
