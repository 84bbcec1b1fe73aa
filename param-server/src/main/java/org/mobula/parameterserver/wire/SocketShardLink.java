package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.StoreState;
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
import org.mobula.parameterserver.shard.Release;
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
  private final Address address;
  private final LinkConfig config;
  private final ClientConnection connection;

  /** Over a connection that has shaken hands. */
  SocketShardLink(Address address, LinkConfig config, ClientConnection connection) {
    this.address = address;
    this.config = config;
    this.connection = connection;
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
                channel
                    .pipeline()
                    .addLast(new ClientConnection(address, shard, config, channel, opened));
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
                        connected.cause(),
                        false));
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
    return connection.isOpen();
  }

  /** First place of the shard's range in the flat vector. */
  public int from() {
    return connection.from();
  }

  /** The place after the last of the shard's range. */
  public int to() {
    return connection.to();
  }

  private int size() {
    return connection.to() - connection.from();
  }

  // Requests.

  @Override
  public CompletableFuture<Joined> join(Join join) {
    return ask(
        Kind.JOIN, join.epoch(), out -> RequestWords.join(out, join), AnswerWords::readJoined);
  }

  @Override
  public CompletableFuture<Void> leave(Caller caller, String trouble) {
    return this.<@Nullable Void>ask(
        Kind.LEAVE,
        caller.epoch(),
        out -> {
          RequestWords.caller(out, caller);
          Words.text(out, trouble);
        },
        in -> null);
  }

  @Override
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, FloatSlice values) {
    return askFor(
        values,
        new Exchange<>(
            values.length() == 0 ? Kind.PUSH : Kind.PUSH_PULL,
            push.caller().epoch(),
            out -> {
              RequestWords.push(out, push);
              out.writeByte(wanted(values))
                  .writeByte(config.gradients().kind().id())
                  .writeIntLE(gradient.length());
            },
            encoder -> Vectors.of(gradient, encoder),
            withValues(values, AnswerWords::readStepped)));
  }

  @Override
  public CompletableFuture<Stepped> commit(Commit commit, FloatSlice values) {
    return askFor(
        values,
        new Exchange<>(
            Kind.COMMIT,
            commit.caller().epoch(),
            out -> {
              RequestWords.commit(out, commit);
              out.writeByte(wanted(values));
            },
            encoder -> Vectors.NONE,
            withValues(values, AnswerWords::readStepped)));
  }

  @Override
  public CompletableFuture<Pulled> pull(Pull pull, FloatSlice values) {
    return askFor(
        values,
        new Exchange<>(
            Kind.PULL,
            pull.caller().epoch(),
            out -> {
              RequestWords.pull(out, pull);
              out.writeByte(wanted(values));
            },
            encoder -> Vectors.NONE,
            withValues(values, AnswerWords::readPulled)));
  }

  private int wanted(FloatSlice values) {
    return values.length() == 0 ? Words.NO_VALUES : config.values().kind().id();
  }

  private static <T> BiFunction<ByteBuf, Exchange<T>, T> withValues(
      FloatSlice values, Function<ByteBuf, T> answer) {
    return (in, asked) -> {
      T result = answer.apply(in);
      asked.readValues(in, values);
      return result;
    };
  }

  @Override
  public CompletableFuture<Clocks> clock(Caller caller) {
    return ask(
        Kind.CLOCK,
        caller.epoch(),
        out -> RequestWords.caller(out, caller),
        AnswerWords::readClocks);
  }

  @Override
  public CompletableFuture<ShardState> snapshot(Caller caller, long version) {
    return send(
        new Exchange<>(
            Kind.SNAPSHOT,
            caller.epoch(),
            out -> RequestWords.snapshot(out, caller, version),
            encoder -> Vectors.NONE,
            (in, asked) -> {
              ShardState state = AnswerWords.readShardState(in, size());
              asked.expect(Words.vectors(state.slice()));
              return state;
            }));
  }

  @Override
  public CompletableFuture<Restored> restore(Restore restore) {
    StoreState slice = restore.slice();
    if (slice.parameters().values().length != size()
        || slice.moments().values().stream().anyMatch(moment -> moment.length != size())) {
      return CompletableFuture.failedFuture(
          new RefusedException(
              Refusal.WRONG_STATE,
              -1,
              "the saved state has %s numbers but the slice has %s"
                  .formatted(slice.parameters().values().length, size())));
    }
    return send(
        new Exchange<>(
            Kind.RESTORE,
            restore.caller().epoch(),
            out -> RequestWords.restore(out, restore),
            encoder -> Words.vectors(slice),
            (in, asked) -> AnswerWords.readRestored(in)));
  }

  @Override
  public CompletableFuture<ShardStatus> status() {
    return ask(Kind.HEALTH, 0, out -> {}, AnswerWords::readStatus);
  }

  @Override
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency consistency) {
    return this.<@Nullable Void>ask(
        Kind.CONSISTENCY,
        caller.epoch(),
        out -> {
          RequestWords.caller(out, caller);
          Words.consistency(out, consistency);
        },
        in -> null);
  }

  @Override
  public CompletableFuture<Long> replicate(Entry entry) {
    return send(
        new Exchange<>(
            Kind.REPLICATE,
            entry.epoch(),
            out -> EntryWords.write(out, entry),
            encoder -> EntryWords.vectors(entry),
            (in, asked) -> in.readLongLE()));
  }

  @Override
  public CompletableFuture<Promoted> promote(Promote promote) {
    return ask(
        Kind.PROMOTE, 0, out -> RequestWords.promote(out, promote), AnswerWords::readPromoted);
  }

  @Override
  public CompletableFuture<Promoted> release(Release release) {
    return ask(
        Kind.RELEASE, 0, out -> RequestWords.release(out, release), AnswerWords::readPromoted);
  }

  @Override
  public void close() {
    connection.close();
  }

  private <T extends @Nullable Object> CompletableFuture<T> ask(
      Kind kind, long epoch, Consumer<ByteBuf> words, Function<ByteBuf, T> answer) {
    return send(
        new Exchange<>(
            kind, epoch, words, encoder -> Vectors.NONE, (in, exchange) -> answer.apply(in)));
  }

  private <T> CompletableFuture<T> askFor(FloatSlice values, Exchange<T> exchange) {
    if (values.length() != 0 && values.length() != size()) {
      throw new IllegalArgumentException(
          "the values' slice has %s numbers but the shard's range has %s"
              .formatted(values.length(), size()));
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
    connection.send(exchange);
    return exchange.future;
  }
}
