package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Clocks;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Promoted;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Pulled;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.Stepped;

/**
 * A shard behind a socket. A connection that is lost stays lost; {@link ReconnectingShardLink}
 * makes another one.
 *
 * <p>Gradients are encoded from where they lie when the socket has room, values are decoded to
 * where they belong as they come. Requests beyond the server's credits wait here without being
 * copied.
 */
public final class SocketShardLink implements ShardLink {
  private static final int MOST_TOKEN_BYTES = 1024;

  private final Address address;
  private final LinkConfig config;
  private final EventLoop loop;
  private final Connection connection;

  private SocketShardLink(Address address, LinkConfig config, Connection connection) {
    this.address = address;
    this.config = config;
    this.connection = connection;
    loop = connection.channel.eventLoop();
  }

  static void checkToken(String token) {
    if (token.getBytes(StandardCharsets.UTF_8).length > MOST_TOKEN_BYTES) {
      throw new IllegalArgumentException(
          "the token is longer than %d bytes: 32 random characters are enough"
              .formatted(MOST_TOKEN_BYTES));
    }
  }

  /**
   * Connects to a server and shakes hands.
   *
   * @param shard the place of the shard in the server's list, from 0
   * @return ends with a {@link RefusedException} when the server turns the client away ({@link
   *     Refusal#WRONG_TOKEN}, {@link Refusal#WRONG_LAYOUT}, {@link Refusal#WRONG_PROTOCOL}), or
   *     with a {@link LinkLostException} when it cannot be reached
   */
  public static CompletableFuture<SocketShardLink> connect(
      Transport transport, Address address, int shard, LinkConfig config) {
    SslContext tls = tls(config);
    CompletableFuture<SocketShardLink> opened = new CompletableFuture<>();
    transport
        .client(address)
        .option(
            ChannelOption.CONNECT_TIMEOUT_MILLIS,
            (int) Math.min(Integer.MAX_VALUE, config.times().opening().toMillis()))
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                if (tls != null) {
                  channel
                      .pipeline()
                      .addLast(
                          address instanceof Address.Tcp tcp
                              ? tls.newHandler(channel.alloc(), tcp.host(), tcp.port())
                              : tls.newHandler(channel.alloc()));
                }
                channel.pipeline().addLast(new Connection(address, shard, config, channel, opened));
              }
            })
        .connect(transport.socketAddress(address))
        .addListener(
            connected -> {
              if (!connected.isSuccess()) {
                opened.completeExceptionally(
                    new LinkLostException(
                        "no parameter server can be reached at %s (%s): is it started, and is the address right?"
                            .formatted(address, connected.cause().getMessage()),
                        connected.cause()));
              }
            });
    return opened;
  }

  private static @Nullable SslContext tls(LinkConfig config) {
    Path trusted = config.trusted();
    if (trusted == null) {
      return null;
    }
    try {
      return SslContextBuilder.forClient().trustManager(trusted.toFile()).build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "TLS cannot be set up from the trusted certificates %s: it must be a PEM file (%s)"
              .formatted(trusted, e.getMessage()),
          e);
    }
  }

  /** Where the server is. */
  public Address address() {
    return address;
  }

  /** Whether there is any use in asking. */
  boolean isOpen() {
    return connection.channel.isActive();
  }

  /** First place of the shard's range in the flat vector. */
  public int from() {
    return connection.from;
  }

  /** The place after the last of the shard's range. */
  public int to() {
    return connection.to;
  }

  // Requests.

  @Override
  public CompletableFuture<Joined> join(Join join) {
    return ask(
        Kind.JOIN,
        0,
        out ->
            out.writeIntLE(join.worker())
                .writeLongLE(join.session())
                .writeLongLE(join.layoutHash())
                .writeIntLE(join.from())
                .writeIntLE(join.to()),
        in ->
            new Joined(
                in.readIntLE(),
                in.readLongLE(),
                in.readLongLE(),
                in.readLongLE(),
                in.readLongLE()));
  }

  @Override
  public CompletableFuture<Void> leave(Caller caller) {
    return this.<@Nullable Void>ask(
        Kind.LEAVE, caller.epoch(), out -> Words.caller(out, caller), in -> null);
  }

  @Override
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
    Exchange<Stepped> exchange =
        new Exchange<>(
            values.length() == 0 ? Kind.PUSH : Kind.PUSH_PULL,
            push.caller().epoch(),
            out -> {
              Words.caller(out, push.caller());
              out.writeLongLE(push.clock())
                  .writeLongLE(push.baseVersion())
                  .writeDoubleLE(push.learningRate())
                  .writeByte(wanted(values))
                  .writeByte(config.gradients().kind().id())
                  .writeIntLE(gradient.length());
            },
            (in, asked) -> {
              Stepped stepped = Words.readStepped(in);
              asked.readValues(in, values);
              return stepped;
            });
    exchange.gradient = gradient;
    return sendFor(values, exchange);
  }

  private int wanted(FloatSlice values) {
    return values.length() == 0 ? Words.NO_VALUES : config.values().kind().id();
  }

  @Override
  public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
    return sendFor(
        values,
        new Exchange<>(
            Kind.COMMIT,
            commit.caller().epoch(),
            out -> {
              Words.caller(out, commit.caller());
              out.writeLongLE(commit.clock())
                  .writeDoubleLE(commit.norm())
                  .writeByte(wanted(values));
            },
            (in, asked) -> {
              Stepped stepped = Words.readStepped(in);
              asked.readValues(in, values);
              return stepped;
            }));
  }

  @Override
  public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
    return sendFor(
        values,
        new Exchange<>(
            Kind.PULL,
            pull.caller().epoch(),
            out -> {
              Words.caller(out, pull.caller());
              out.writeLongLE(pull.have()).writeByte(wanted(values));
            },
            (in, asked) -> {
              Pulled pulled = new Pulled(in.readLongLE(), Words.readFlag(in));
              asked.readValues(in, values);
              return pulled;
            }));
  }

  @Override
  public CompletableFuture<Clocks> clock(Caller caller) {
    return ask(
        Kind.CLOCK,
        caller.epoch(),
        out -> Words.caller(out, caller),
        in -> new Clocks(in.readLongLE(), in.readLongLE(), in.readLongLE()));
  }

  @Override
  public CompletableFuture<ShardState> snapshot(Caller caller) {
    return send(
        new Exchange<>(
            Kind.SNAPSHOT,
            caller.epoch(),
            out -> Words.caller(out, caller),
            (in, asked) -> {
              long epoch = in.readLongLE();
              int from = in.readIntLE();
              StoreState slice = Words.readState(in, connection.size());
              asked.incoming = Words.vectors(slice);
              return new ShardState(epoch, from, slice);
            }));
  }

  @Override
  public CompletableFuture<Restored> restore(Restore restore) {
    StoreState slice = restore.slice();
    if (slice.parameters().values().length != connection.size()
        || slice.moments().values().stream()
            .anyMatch(moment -> moment.length != connection.size())) {
      return CompletableFuture.failedFuture(
          new RefusedException(
              Refusal.WRONG_STATE,
              -1,
              "the saved state has %d numbers but the slice has %d"
                  .formatted(slice.parameters().values().length, connection.size())));
    }
    Exchange<Restored> exchange =
        new Exchange<>(
            Kind.RESTORE,
            restore.caller().epoch(),
            out -> {
              Words.caller(out, restore.caller());
              out.writeLongLE(restore.lastKnownVersion());
              Words.state(out, slice);
            },
            (in, asked) -> new Restored(in.readLongLE(), in.readLongLE(), in.readLongLE()));
    exchange.outgoing = () -> Words.vectors(slice);
    return send(exchange);
  }

  @Override
  public CompletableFuture<ShardStatus> status() {
    return ask(Kind.HEALTH, 0, out -> {}, Words::readStatus);
  }

  @Override
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency) {
    return this.<@Nullable Void>ask(
        Kind.CONSISTENCY,
        caller.epoch(),
        out -> {
          Words.caller(out, caller);
          Words.consistency(out, consistency);
        },
        in -> null);
  }

  @Override
  public CompletableFuture<Long> replicate(Entry entry) {
    Exchange<Long> exchange =
        new Exchange<>(
            Kind.REPLICATE,
            entry.epoch(),
            out -> EntryWords.write(out, entry),
            (in, asked) -> in.readLongLE());
    exchange.outgoing = () -> EntryWords.vectors(entry);
    return send(exchange);
  }

  @Override
  public CompletableFuture<Promoted> promote(Promote promote) {
    return ask(
        Kind.PROMOTE,
        promote.epoch(),
        out -> out.writeLongLE(promote.knownVersion()),
        in -> new Promoted(in.readLongLE(), in.readLongLE()));
  }

  @Override
  public void close() {
    try {
      loop.execute(() -> connection.lose("the link was closed", null));
    } catch (RejectedExecutionException e) {
      // The transport was closed first, and the connection with it.
      connection.lose("the transport was closed", e);
    }
  }

  private <T extends @Nullable Object> CompletableFuture<T> ask(
      Kind kind, long epoch, Consumer<ByteBuf> words, Function<ByteBuf, T> answer) {
    return send(new Exchange<>(kind, epoch, words, (in, exchange) -> answer.apply(in)));
  }

  private <T> CompletableFuture<T> sendFor(FloatSlice values, Exchange<T> exchange) {
    if (values.length() != 0 && values.length() != connection.size()) {
      throw new IllegalArgumentException(
          "the values' slice has %d numbers but the shard's range has %d"
              .formatted(values.length(), connection.size()));
    }
    return send(exchange);
  }

  private <T extends @Nullable Object> CompletableFuture<T> send(Exchange<T> exchange) {
    if (exchange.kind.movesSlices() && config.layout() == null) {
      return CompletableFuture.failedFuture(
          new RefusedException(
              Refusal.WRONG_LAYOUT,
              -1,
              "this link knows no layout and can only ask for the health: connect with one"));
    }
    if (loop.inEventLoop()) {
      connection.submit(exchange);
    } else {
      try {
        loop.execute(() -> connection.submit(exchange));
      } catch (RejectedExecutionException e) {
        exchange.future.completeExceptionally(
            new LinkLostException("the transport of the link to " + address + " was closed", e));
      }
    }
    return exchange.future;
  }

  /** A request and what becomes of it. */
  private static final class Exchange<T extends @Nullable Object> {
    final Kind kind;
    final long epoch;
    final Consumer<ByteBuf> words;
    final BiFunction<ByteBuf, Exchange<T>, T> answer;
    final CompletableFuture<T> future = new CompletableFuture<>();
    FloatSlice gradient = FloatSlice.NONE;
    @Nullable Supplier<Vectors> outgoing;
    Vectors incoming = Vectors.NONE;
    Map<CodecKind, Codec> decoders = Map.of();
    private @Nullable Runnable completion;

    Exchange(
        Kind kind,
        long epoch,
        Consumer<ByteBuf> words,
        BiFunction<ByteBuf, Exchange<T>, T> answer) {
      this.kind = kind;
      this.epoch = epoch;
      this.words = words;
      this.answer = answer;
    }

    void readValues(ByteBuf in, FloatSlice values) {
      CodecKind codec = Words.readCodec(in);
      int count = in.readIntLE();
      if (count != (codec == null ? 0 : values.length())) {
        throw Words.impossible("the number of values", count);
      }
      if (codec != null) {
        incoming = Vectors.of(values, decoders.computeIfAbsent(codec, Codec::reading));
      }
    }

    Vectors begin(ByteBuf head) {
      T result = answer.apply(head, this);
      completion = () -> future.complete(result);
      return incoming;
    }

    Vectors refused(RefusedException why) {
      completion = () -> future.completeExceptionally(why);
      return Vectors.NONE;
    }

    void end() {
      Runnable ends = completion;
      if (ends != null) {
        ends.run();
      }
    }
  }

  /** The connection; all but the range is touched by the event loop only. */
  @SuppressWarnings(
      "FutureReturnValueIgnored") // what fails closes the channel, which is dealt with
  private static final class Connection extends MessageReader {
    final Channel channel;
    private final Address address;
    private final int shard;
    private final LinkConfig config;
    private final CompletableFuture<SocketShardLink> opened;
    private final MessageWriter writer;
    private final Codec encoder;
    private final Map<CodecKind, Codec> decoders = new HashMap<>();
    private final Map<Long, Exchange<?>> pending = new HashMap<>();
    private final Deque<Exchange<?>> waitingSlices = new ArrayDeque<>();
    private final Deque<Exchange<?>> waitingSmall = new ArrayDeque<>();
    private int sliceCredits;
    private int smallCredits;
    private long nextId = 1;
    private @Nullable Exchange<?> answered;
    private @Nullable Future<?> opening;
    private @Nullable Heartbeat heartbeat;
    private @Nullable LinkLostException lost;
    private boolean welcomed;
    volatile int from;
    volatile int to;

    Connection(
        Address address,
        int shard,
        LinkConfig config,
        Channel channel,
        CompletableFuture<SocketShardLink> opened) {
      super(Header.MOST_FRAME_BYTES);
      this.address = address;
      this.shard = shard;
      this.config = config;
      this.channel = channel;
      this.opened = opened;
      writer = new MessageWriter(channel);
      encoder = config.gradients().create();
    }

    int size() {
      return to - from;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ParameterLayout layout = config.layout();
      byte[] digest = layout == null ? new byte[LayoutDigest.BYTES] : LayoutDigest.of(layout);
      byte[] token = config.tokenText().getBytes(StandardCharsets.UTF_8);
      long heartbeatMillis = Math.min(Integer.MAX_VALUE, config.times().heartbeat().toMillis());
      writer.send(
          Message.of(
              channel.alloc(),
              Kind.HELLO,
              false,
              nextId++,
              0,
              out ->
                  out.writeIntLE(shard)
                      .writeBytes(digest)
                      .writeIntLE((int) heartbeatMillis)
                      .writeShortLE(token.length)
                      .writeBytes(token),
              Vectors.NONE));
      opening =
          channel
              .eventLoop()
              .schedule(
                  () ->
                      lose("it did not answer the handshake in " + config.times().opening(), null),
                  config.times().opening().toMillis(),
                  TimeUnit.MILLISECONDS);
    }

    void submit(Exchange<?> exchange) {
      LinkLostException already = lost;
      if (already != null) {
        exchange.future.completeExceptionally(
            new LinkLostException(String.valueOf(already.getMessage()), already));
        return;
      }
      boolean slices = exchange.kind.movesSlices();
      if (slices ? sliceCredits > 0 : smallCredits > 0) {
        write(exchange);
      } else {
        (slices ? waitingSlices : waitingSmall).add(exchange);
      }
    }

    private void write(Exchange<?> exchange) {
      if (exchange.kind.movesSlices()) {
        sliceCredits--;
      } else {
        smallCredits--;
      }
      exchange.decoders = decoders;
      long id = nextId++;
      pending.put(id, exchange);
      @Nullable Supplier<Vectors> outgoing = exchange.outgoing;
      Vectors vectors = outgoing == null ? Vectors.of(exchange.gradient, encoder) : outgoing.get();
      writer.send(
          Message.of(
              channel.alloc(), exchange.kind, false, id, exchange.epoch, exchange.words, vectors));
    }

    private void giveCredit(Kind kind) {
      Deque<Exchange<?>> waiting = kind.movesSlices() ? waitingSlices : waitingSmall;
      if (kind.movesSlices()) {
        sliceCredits++;
      } else {
        smallCredits++;
      }
      Exchange<?> next = waiting.poll();
      if (next != null) {
        write(next);
      }
    }

    @Override
    Vectors begin(Header header, ByteBuf head) {
      if (!header.answer) {
        throw WireException.malformed("a server sends the request " + header.kind);
      }
      if (header.kind == Kind.REFUSED) {
        Refusal refusal = Refusal.valueOf(Words.readText(head));
        RefusedException why =
            new RefusedException(refusal, head.readLongLE(), Words.readText(head));
        Exchange<?> exchange = pending.remove(header.id);
        if (exchange != null) {
          answered = exchange;
          return exchange.refused(why);
        }
        lose("it ended the connection, %s: %s".formatted(refusal, why.getMessage()), why);
        return Vectors.NONE;
      }
      if (!welcomed) {
        welcome(header, head);
        return Vectors.NONE;
      }
      Exchange<?> exchange = pending.get(header.id);
      if (exchange == null || exchange.kind != header.kind) {
        throw WireException.malformed(
            "%s %d is answered but was not asked".formatted(header.kind, header.id));
      }
      pending.remove(header.id);
      answered = exchange;
      return exchange.begin(head);
    }

    private void welcome(Header header, ByteBuf head) {
      if (header.kind != Kind.WELCOME) {
        throw WireException.malformed("a server begins with " + header.kind);
      }
      from = head.readIntLE();
      to = head.readIntLE();
      sliceCredits = head.readIntLE();
      smallCredits = head.readIntLE();
      int serversHeartbeatMillis = head.readIntLE();
      if (from < 0
          || to <= from
          || sliceCredits < 1
          || smallCredits < 1
          || serversHeartbeatMillis < 1) {
        throw WireException.malformed("a server's greeting holds impossible numbers");
      }
      welcomed = true;
      if (opening != null) {
        opening.cancel(false);
      }
      heartbeat =
          new Heartbeat(
              channel,
              this,
              writer,
              config.times(),
              Math.min(config.times().heartbeat().toMillis(), serversHeartbeatMillis),
              () -> lose("it was silent for " + config.times().silence(), null));
      if (!opened.complete(new SocketShardLink(address, config, this))) {
        lose("nobody waits for the link any more", null);
      }
    }

    @Override
    void end() {
      Exchange<?> exchange = answered;
      answered = null;
      if (exchange != null) {
        giveCredit(exchange.kind);
        exchange.end();
      }
    }

    @Override
    void broken(ChannelHandlerContext ctx, WireException why) {
      lose("it broke the protocol: " + why.getMessage(), why);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      writer.drain();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      lose("it closed the connection", null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      lose(String.valueOf(cause.getMessage()), cause);
    }

    /** Ends everything that waits. */
    void lose(String how, @Nullable Throwable cause) {
      if (lost != null) {
        return;
      }
      LinkLostException why =
          new LinkLostException(
              "the link to the parameter server at %s is lost: %s".formatted(address, how), cause);
      lost = why;
      stop();
      if (opening != null) {
        opening.cancel(false);
      }
      if (heartbeat != null) {
        heartbeat.stop();
      }
      writer.close();
      channel.close();
      if (!welcomed) {
        opened.completeExceptionally(cause instanceof RefusedException ? cause : why);
      }
      Deque<Exchange<?>> ended = new ArrayDeque<>(pending.values());
      if (answered != null) {
        ended.add(answered);
      }
      ended.addAll(waitingSlices);
      ended.addAll(waitingSmall);
      pending.clear();
      waitingSlices.clear();
      waitingSmall.clear();
      answered = null;
      ended.forEach(exchange -> exchange.future.completeExceptionally(why));
    }
  }
}
