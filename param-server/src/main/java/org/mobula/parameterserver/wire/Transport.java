package org.mobula.parameterserver.wire;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * The thread and the buffers of a process's connections, shared by its servers and links. Close it
 * after them.
 */
public final class Transport implements AutoCloseable {
  private static final int SOCKET_BUFFER_BYTES = 1 << 20;

  /** Some frames, so that the kernel always has one to send while the next is made. */
  private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(1 << 19, 1 << 20);

  private static final int PAGE_BYTES = 1 << 13;

  /**
   * Chunks of 16 MiB: the pool gives a chunk back to the system when it has once been a quarter
   * full and is empty again, and frames on their way are less than that.
   */
  private static final int CHUNK_ORDER = 11;

  private final boolean epoll;
  private final EventLoopGroup loops;
  private final PooledByteBufAllocator allocator;

  private Transport(boolean epoll) {
    this.epoll = epoll;
    loops =
        new MultiThreadIoEventLoopGroup(
            1,
            new DefaultThreadFactory("mobula-wire", true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    allocator =
        new PooledByteBufAllocator(
            true,
            1,
            1,
            PAGE_BYTES,
            CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(),
            PooledByteBufAllocator.defaultNormalCacheSize(),
            false);
  }

  /**
   * One thread, which serves all connections: a second one would pay from about a gigabyte a second
   * on. By epoll where the machine has it, else by Java's own selectors.
   */
  public static Transport open() {
    return new Transport(Epoll.isAvailable());
  }

  /** Java's own selectors, also where there is epoll. */
  static Transport openNio() {
    return new Transport(false);
  }

  /** Direct buffers that nobody has released; exact once the transport is closed. */
  long unreleasedBuffers() {
    long buffers = 0;
    for (PoolArenaMetric arena : allocator.metric().directArenas()) {
      buffers += arena.numActiveAllocations();
    }
    return buffers;
  }

  /** Direct memory that the pool has taken, in bytes, used or not. */
  public long directMemory() {
    return allocator.metric().usedDirectMemory();
  }

  ByteBufAllocator allocator() {
    return allocator;
  }

  EventLoopGroup loops() {
    return loops;
  }

  Bootstrap client(Address address) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .option(ChannelOption.ALLOCATOR, allocator)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .option(ChannelOption.RECVBUF_ALLOCATOR, readSizes())
            .option(ChannelOption.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER_BYTES);
    if (address instanceof Address.Unix) {
      return bootstrap.channel(
          epoll ? EpollDomainSocketChannel.class : NioDomainSocketChannel.class);
    }
    return bootstrap
        .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true);
  }

  ServerBootstrap server(Address address) {
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loops)
            .option(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childOption(ChannelOption.RECVBUF_ALLOCATOR, readSizes())
            .childOption(ChannelOption.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            .childOption(ChannelOption.SO_RCVBUF, SOCKET_BUFFER_BYTES);
    if (address instanceof Address.Unix) {
      return bootstrap.channel(
          epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class);
    }
    return bootstrap
        .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
        .option(ChannelOption.SO_REUSEADDR, true)
        .option(ChannelOption.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.SO_KEEPALIVE, true);
  }

  /** From small ones, for many connections that say little, to a whole segment's. */
  private static AdaptiveRecvByteBufAllocator readSizes() {
    return new AdaptiveRecvByteBufAllocator(1 << 12, 1 << 14, 1 << 18);
  }

  SocketAddress socketAddress(Address address) {
    if (address instanceof Address.Tcp tcp) {
      return new InetSocketAddress(tcp.host(), tcp.port());
    }
    String path = ((Address.Unix) address).path();
    return epoll ? new DomainSocketAddress(path) : UnixDomainSocketAddress.of(path);
  }

  /** Ends the thread, and with it whatever connection is left. */
  @Override
  public void close() {
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
