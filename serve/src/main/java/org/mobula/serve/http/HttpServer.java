package org.mobula.serve.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Listens, and hands whole requests to a handler. {@code HEAD} comes to the handler as {@code GET};
 * the answer's body is then not sent.
 */
@SuppressWarnings("FutureReturnValueIgnored") // of tasks that cannot fail
public final class HttpServer implements AutoCloseable {
  private static final int BACKLOG = 1024;
  private static final int PAGE_BYTES = 8 << 10;

  /** Chunks of 4 MiB. */
  private static final int CHUNK_ORDER = 9;

  /** Clients beyond the limit that are told so at the same time; others are closed at once. */
  private static final int TURNED_AWAY_AT_ONCE = 256;

  private final HttpTransport transport;
  private final PooledByteBufAllocator allocator;
  private final ChannelGroup connections =
      new DefaultChannelGroup("http", GlobalEventExecutor.INSTANCE);
  private final Endpoint endpoint;
  private final @Nullable TlsContexts tls;
  private final AtomicInteger open = new AtomicInteger();
  private final Channel listening;

  private HttpServer(HttpConfig config, HttpHandler handler, LongSupplier clock, boolean epoll)
      throws IOException {
    InetAddress host = Guard.listeningAddress(config.host(), config.tokens());
    Gate gate = new Gate(config);
    AnswerWriter writer = new AnswerWriter(config, gate);
    writer.setTime(Instant.now());
    endpoint =
        new Endpoint(config, handler, gate, writer, new Counters(), clock, new AtomicBoolean());
    tls = config.tls() == null ? null : new TlsContexts(config.tls(), clock);
    transport = new HttpTransport("mobula-http", config.eventLoops(), epoll);
    allocator =
        new PooledByteBufAllocator(
            true,
            1,
            config.eventLoops(),
            PAGE_BYTES,
            CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(),
            PooledByteBufAllocator.defaultNormalCacheSize(),
            false);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(transport.loops())
            .channelFactory(transport.sockets(Integer.MAX_VALUE))
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.ALLOCATOR, allocator)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, tls == null)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                })
            .bind(host, config.port())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      transport.close();
      throw new IOException(
          "cannot listen at "
              + config.host()
              + ":"
              + config.port()
              + ": "
              + bound.cause().getMessage()
              + "; choose another port, or stop who has it",
          bound.cause());
    }
    listening = bound.channel();
    transport
        .loops()
        .scheduleAtFixedRate(() -> writer.setTime(Instant.now()), 1, 1, TimeUnit.SECONDS);
  }

  /**
   * Listens from now on.
   *
   * @param handler called in the event loops
   * @throws IOException if the address is taken, or the TLS files cannot be read
   */
  public static HttpServer start(HttpConfig config, HttpHandler handler) throws IOException {
    return start(config, handler, System::nanoTime);
  }

  static HttpServer start(HttpConfig config, HttpHandler handler, LongSupplier clock)
      throws IOException {
    return new HttpServer(config, handler, clock, Epoll.isAvailable());
  }

  /** Java's own selectors, also where there is epoll. */
  static HttpServer startNio(HttpConfig config, HttpHandler handler) throws IOException {
    return new HttpServer(config, handler, System::nanoTime, false);
  }

  private void accept(Channel channel) {
    int limit = endpoint.config().connections().limit();
    int others = open.getAndIncrement();
    channel.closeFuture().addListener(closed -> open.decrementAndGet());
    if (others >= limit) {
      endpoint.counters().refused();
      if (tls == null && others < limit + TURNED_AWAY_AT_ONCE) {
        channel.pipeline().addLast(new TurnedAway(limit));
      } else {
        channel.close();
      }
      return;
    }
    if (tls != null) {
      SslHandler handshake = tls.current().newHandler(channel.alloc());
      handshake.setHandshakeTimeoutMillis(
          endpoint.config().connections().headerTimeout().toMillis());
      channel.pipeline().addLast(handshake);
    }
    Connection connection = new Connection(endpoint, tls != null);
    channel.pipeline().addLast(new RequestDecoder(connection, endpoint.config()), connection);
    connections.add(channel);
    if (endpoint.draining().get()) {
      connection.drain();
    }
  }

  /** Where it listens, with the port that it got. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listening.localAddress();
  }

  /** From now on lets those with these tokens through, and no others. */
  public void replaceTokens(Tokens tokens) {
    endpoint.gate().guard().replace(tokens);
  }

  /** What it has done so far. */
  public HttpCounters counters() {
    return endpoint.counters().read();
  }

  /** Direct memory that the pool has taken, in bytes, used or not. */
  long directMemory() {
    return allocator.metric().usedDirectMemory();
  }

  /** Buffers that nobody has released; exact once the server has stopped. */
  long unreleasedBuffers() {
    long buffers = 0;
    for (PoolArenaMetric arena : allocator.metric().directArenas()) {
      buffers += arena.numActiveAllocations();
    }
    return buffers;
  }

  /**
   * Takes no new connection, answers what is under way and what known clients still ask at once,
   * tells them with the answer that the connection ends, and ends. Not to be called by the handler,
   * whose thread it waits for.
   *
   * @param patience after which connections are closed whatever they wait for
   * @return whether all was answered in time
   */
  public boolean stop(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    listening.close().awaitUninterruptibly();
    if (!patience.isZero() && endpoint.draining().compareAndSet(false, true)) {
      for (Channel channel : connections) {
        channel.eventLoop().execute(() -> drain(channel));
      }
    }
    boolean all =
        connections
            .newCloseFuture()
            .awaitUninterruptibly(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    connections.close().awaitUninterruptibly();
    transport.close();
    return all;
  }

  private static void drain(Channel channel) {
    Connection connection = channel.pipeline().get(Connection.class);
    if (connection != null) {
      connection.drain();
    }
  }

  /** Stops without waiting for anybody. */
  @Override
  public void close() {
    stop(Duration.ZERO);
  }
}
