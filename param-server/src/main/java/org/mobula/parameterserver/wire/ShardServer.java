package org.mobula.parameterserver.wire;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.SecretFile;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts shards at an address. What breaks the protocol is refused, counted by its reason and cut
 * off; it reaches no shard and no other connection.
 */
@SuppressWarnings("EnumOrdinal") // places in an array of counters that never leaves this object
public final class ShardServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShardServer.class);
  private static final long EXPIRY_MILLIS = 100;

  private final List<Shard> shards;
  private final List<byte[]> digests;
  private final ListenConfig config;
  private final byte[] token;
  private final AtomicLongArray refusals = new AtomicLongArray(Refusal.values().length);
  private final Map<ShardRequests.Seat, ShardRequests> seats = new ConcurrentHashMap<>();
  private final ChannelGroup connections;
  private final Channel channel;
  private final Address address;
  private final Future<?> expiry;

  /**
   * Listens from now on.
   *
   * @param address an address of this machine; other than loopback only with a token
   * @param shards clients name them by their places in this list
   * @throws IllegalArgumentException if a token is missing, or a file for TLS cannot be used
   * @throws UncheckedIOException if the address cannot be had
   */
  public static ShardServer start(
      Transport transport, Address address, List<Shard> shards, ListenConfig config) {
    return new ShardServer(transport, address, shards, config);
  }

  private ShardServer(
      Transport transport, Address address, List<Shard> shards, ListenConfig config) {
    this.shards = List.copyOf(shards);
    this.config = config;
    if (shards.isEmpty()) {
      throw new IllegalArgumentException("a server must host at least one shard");
    }
    if (config.tokenText().isEmpty() && !isPrivate(address)) {
      throw new IllegalArgumentException(
          ("%s can be reached from other machines, and without a token anybody could change the"
                  + " parameters: give a token, or listen on 127.0.0.1")
              .formatted(address));
    }
    digests = this.shards.stream().map(shard -> LayoutDigest.of(shard.setup().layout())).toList();
    token = config.tokenText().getBytes(StandardCharsets.UTF_8);
    SslContext tls = tls(config);
    connections = new DefaultChannelGroup(transport.loops().next(), true);
    removeFormer(address);
    channel = bind(transport, address, tls);
    this.address =
        address instanceof Address.Tcp tcp
                && channel.localAddress() instanceof InetSocketAddress local
            ? new Address.Tcp(tcp.host(), local.getPort())
            : address;
    expiry =
        channel
            .eventLoop()
            .scheduleAtFixedRate(
                () -> this.shards.forEach(ShardServer::expire),
                EXPIRY_MILLIS,
                EXPIRY_MILLIS,
                TimeUnit.MILLISECONDS);
  }

  /**
   * Lets time pass for a shard, as a server does ten times a second. One failure must not end all
   * that is to come: then no lease would end any more.
   */
  public static void expire(Shard shard) {
    try {
      shard.expire();
    } catch (RuntimeException e) {
      LOG.error("A shard could not look after its leases; it tries again.", e);
    }
  }

  private Channel bind(Transport transport, Address address, @Nullable SslContext tls) {
    ServerBootstrap bootstrap =
        transport
            .server(address)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel client) {
                    connections.add(client);
                    if (tls != null) {
                      client.pipeline().addLast(tls.newHandler(client.alloc()));
                    }
                    client.pipeline().addLast(new ServerConnection(ShardServer.this, client));
                  }
                });
    try {
      if (!(address instanceof Address.Unix unix)) {
        return bind(bootstrap, transport.socketAddress(address));
      }
      OwnerSocket socket = OwnerSocket.at(unix);
      try {
        Channel bound = bind(bootstrap, transport.socketAddress(socket.first()));
        try {
          socket.publish();
        } catch (IOException e) {
          bound.close().awaitUninterruptibly();
          throw e;
        }
        return bound;
      } finally {
        socket.removeFolder();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the server cannot listen on %s: %s".formatted(address, e.getMessage()), e);
    }
  }

  private static Channel bind(ServerBootstrap bootstrap, SocketAddress place) throws IOException {
    ChannelFuture bound = bootstrap.bind(place).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(bound.cause().getMessage(), bound.cause());
    }
    return bound.channel();
  }

  private static boolean isPrivate(Address address) {
    if (!(address instanceof Address.Tcp tcp)) {
      return true;
    }
    try {
      return InetAddress.getByName(tcp.host()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "the host of %s has no address: name one of this machine's".formatted(address), e);
    }
  }

  private static @Nullable SslContext tls(ListenConfig config) {
    Path certificate = config.certificate();
    Path key = config.privateKey();
    if (certificate == null || key == null) {
      return null;
    }
    try {
      SecretFile.check(key);
    } catch (IOException e) {
      throw new UncheckedIOException("the private key cannot be read from " + key, e);
    }
    try {
      return SslContextBuilder.forServer(certificate.toFile(), key.toFile()).build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "TLS cannot be set up from certificate %s and private key %s: both must be PEM files, the key in PKCS #8 (%s)"
              .formatted(certificate, key, e.getMessage()),
          e);
    }
  }

  /**
   * A socket file outlives its process. What else is there must stay; Netty would delete whatever
   * is in its way.
   */
  private static void removeFormer(Address address) {
    if (!(address instanceof Address.Unix unix)) {
      return;
    }
    Path path = Path.of(unix.path());
    try {
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        return;
      }
      if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther()) {
        throw new IOException("what is there is no socket");
      }
      if (isListening(path)) {
        throw new IOException("another server does");
      }
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the server cannot listen on %s: %s".formatted(address, e.getMessage()), e);
    }
  }

  private static boolean isListening(Path socket) throws IOException {
    try (SocketChannel connected = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      return connected.isConnected();
    } catch (ConnectException e) {
      return false;
    }
  }

  /** Where it listens, with the port that it was given. */
  public Address address() {
    return address;
  }

  /** How often something was refused, by reason; also what came before a shard was named. */
  public Map<Refusal, Long> refusals() {
    Map<Refusal, Long> counts = new EnumMap<>(Refusal.class);
    for (Refusal refusal : Refusal.values()) {
      long count = refusals.get(refusal.ordinal());
      if (count > 0) {
        counts.put(refusal, count);
      }
    }
    return counts;
  }

  /** How many clients are connected. */
  public int connections() {
    return connections.size();
  }

  ListenConfig config() {
    return config;
  }

  byte[] token() {
    return token;
  }

  List<Shard> shards() {
    return shards;
  }

  byte[] layoutDigest(int shard) {
    return digests.get(shard);
  }

  Map<ShardRequests.Seat, ShardRequests> seats() {
    return seats;
  }

  void count(Refusal refusal) {
    refusals.incrementAndGet(refusal.ordinal());
  }

  /** Stops listening and cuts all clients off; the shards stay. */
  @Override
  public void close() {
    expiry.cancel(false);
    channel.close().awaitUninterruptibly();
    connections.close().awaitUninterruptibly();
    if (address instanceof Address.Unix unix) {
      try {
        Files.deleteIfExists(Path.of(unix.path()));
      } catch (IOException e) {
        throw new UncheckedIOException("the socket of %s cannot be removed".formatted(address), e);
      }
    }
  }
}
