package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.Member;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.SliceReader;
import org.mobula.parameterserver.shard.Stepped;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A client as the server sees it: brings its requests to the shard and the answers back. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, which is dealt with
final class ServerConnection extends MessageReader {
  private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

  /** A stranger's frames are a handshake and no more. */
  private static final int MOST_STRANGERS_BYTES = 2048;

  private final ShardServer server;
  private final ListenConfig config;
  private final Channel channel;
  private final MessageWriter writer;

  private final Map<CodecKind, Codec> codecs = new EnumMap<>(CodecKind.class);

  /** Arrays for gradients that are not in use. */
  private final Deque<float[]> unused = new ArrayDeque<>();

  private @Nullable Future<?> opening;
  private @Nullable Heartbeat heartbeat;
  private @Nullable Shard shard;
  private boolean knowsLayout;
  private long lastId;
  private int sliceRequests;
  private int smallRequests;
  private @Nullable Runnable ready;
  private @Nullable Member member;

  ServerConnection(ShardServer server, Channel channel) {
    super(MOST_STRANGERS_BYTES);
    this.server = server;
    this.config = server.config();
    this.channel = channel;
    writer = new MessageWriter(channel);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    opening =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  LOG.info("{} connected but said nothing; it is cut off.", channel);
                  channel.close();
                },
                config.times().opening().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    writer.drain();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (opening != null) {
      opening.cancel(false);
    }
    if (heartbeat != null) {
      heartbeat.stop();
    }
    writer.close();
    Shard asked = shard;
    Member joined = member;
    if (asked != null && joined != null) {
      asked.disconnected(joined.worker(), joined.session());
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // The other side is gone, or this side has a fault; neither must touch other connections.
    LOG.info("The connection {} ends: {}", channel, cause.toString());
    stop();
    channel.close();
  }

  // Incoming.

  @Override
  Vectors begin(Header header, ByteBuf head) {
    Shard asked = shard;
    if (header.answer) {
      throw WireException.malformed("a client sends an answer");
    }
    if (asked == null) {
      hello(header, head);
      return Vectors.NONE;
    }
    if (!header.kind.isRequest()) {
      throw WireException.malformed("a client sends " + header.kind + " after its handshake");
    }
    if (header.id <= lastId) {
      throw new WireException(
          Refusal.REPLAYED, "request %d came after %d".formatted(header.id, lastId));
    }
    lastId = header.id;
    takeCredit(header.kind);
    return request(asked, header.kind, header.id, header.epoch, head);
  }

  private void takeCredit(Kind kind) {
    if (kind.movesSlices()) {
      if (!knowsLayout) {
        throw new WireException(
            Refusal.WRONG_LAYOUT, "the client did not say which layout it has and asks " + kind);
      }
      if (++sliceRequests > config.sliceRequests()) {
        throw new WireException(
            Refusal.OVERLOADED,
            "more than %d requests with slices are unanswered".formatted(config.sliceRequests()));
      }
    } else if (++smallRequests > config.smallRequests()) {
      throw new WireException(
          Refusal.OVERLOADED,
          "more than %d requests are unanswered".formatted(config.smallRequests()));
    }
  }

  private void giveCredit(Kind kind) {
    if (kind.movesSlices()) {
      sliceRequests--;
    } else {
      smallRequests--;
    }
  }

  private void hello(Header header, ByteBuf head) {
    if (header.kind != Kind.HELLO) {
      throw WireException.malformed("a connection begins with " + header.kind);
    }
    int number = head.readIntLE();
    byte[] layout = new byte[LayoutDigest.BYTES];
    head.readBytes(layout);
    int heartbeatMillis = head.readIntLE();
    byte[] token = new byte[head.readUnsignedShortLE()];
    head.readBytes(token);
    // In constant time, so that a stranger cannot find it byte by byte.
    if (!MessageDigest.isEqual(token, server.token())) {
      throw new WireException(
          Refusal.WRONG_TOKEN,
          token.length == 0
              ? "the server asks for a token: give the one that it was started with"
              : "the token is not the server's: give the one that it was started with");
    }
    if (number < 0 || number >= server.shards().size()) {
      throw new WireException(
          Refusal.WRONG_LAYOUT,
          "shard %d is asked for but the server hosts the shards 0 to %d"
              .formatted(number, server.shards().size() - 1));
    }
    if (heartbeatMillis < 1) {
      throw Words.impossible("the heartbeat in milliseconds", heartbeatMillis);
    }
    Shard asked = server.shards().get(number);
    knowsLayout = !Arrays.equals(layout, new byte[LayoutDigest.BYTES]);
    if (knowsLayout && !MessageDigest.isEqual(layout, server.layoutDigest(number))) {
      throw new WireException(
          Refusal.WRONG_LAYOUT,
          "the client's parameters have other names, shapes, places or groups than the server's:"
              + " start both with the same configuration");
    }
    shard = asked;
    long id = header.id;
    ready = () -> welcome(asked, id, heartbeatMillis);
  }

  private void welcome(Shard asked, long id, int heartbeatMillis) {
    if (opening != null) {
      opening.cancel(false);
    }
    acceptLongFrames();
    long own = config.times().heartbeat().toMillis();
    answer(
        Kind.HELLO,
        Kind.WELCOME,
        id,
        out ->
            out.writeIntLE(asked.setup().from())
                .writeIntLE(asked.setup().to())
                .writeIntLE(config.sliceRequests())
                .writeIntLE(config.smallRequests())
                .writeIntLE((int) Math.min(Integer.MAX_VALUE, own)),
        Vectors.NONE);
    heartbeat =
        new Heartbeat(
            channel,
            this,
            writer,
            config.times(),
            Math.min(own, heartbeatMillis),
            () -> {
              LOG.info("{} was silent for {}; it is cut off.", channel, config.times().silence());
              channel.close();
            });
  }

  @Override
  void end() {
    Runnable action = ready;
    ready = null;
    if (action != null) {
      action.run();
    }
    Shard asked = shard;
    if (asked != null) {
      asked.carried(takeBytesRead(), writer.takeBytesWritten());
    }
  }

  @Override
  void broken(ChannelHandlerContext ctx, WireException why) {
    server.count(why.refusal);
    Shard asked = shard != null ? shard : server.shards().get(0);
    asked.refused(why.refusal);
    LOG.warn("{} is cut off, {}: {}", channel, why.refusal, why.getMessage());
    ready = null;
    writer.refuse(why.refusal, String.valueOf(why.getMessage()));
  }

  // Requests: reads the words, says where the floats go, and asks the shard when they are there.

  private Vectors request(Shard asked, Kind kind, long id, long epoch, ByteBuf head) {
    switch (kind) {
      case JOIN -> {
        Join join =
            new Join(
                head.readIntLE(),
                head.readLongLE(),
                head.readLongLE(),
                head.readIntLE(),
                head.readIntLE());
        ready =
            () ->
                reply(
                    kind,
                    id,
                    asked.join(join),
                    (out, joined) -> {
                      member = new Member(joined.worker(), join.session(), 0, 0, true);
                      joined(out, joined);
                    });
      }
      case LEAVE -> {
        Caller caller = Words.readCaller(head, epoch);
        ready = () -> reply(kind, id, asked.leave(caller), (out, nothing) -> member = null);
      }
      case PUSH, PUSH_PULL -> {
        return push(asked, kind, id, epoch, head);
      }
      case COMMIT -> {
        Commit commit =
            new Commit(Words.readCaller(head, epoch), head.readLongLE(), head.readDoubleLE());
        Values values = new Values(Words.readCodec(head));
        ready = () -> replyStepped(kind, id, asked.commit(commit, values), values);
      }
      case PULL -> {
        Pull pull = new Pull(Words.readCaller(head, epoch), head.readLongLE());
        Values values = new Values(Words.readCodec(head));
        ready =
            () ->
                reply(
                    kind,
                    id,
                    asked.pull(pull, values),
                    values,
                    (out, pulled) ->
                        out.writeLongLE(pulled.version()).writeByte(pulled.changed() ? 1 : 0));
      }
      case CLOCK -> {
        Caller caller = Words.readCaller(head, epoch);
        ready =
            () ->
                reply(
                    kind,
                    id,
                    asked.clock(caller),
                    (out, clocks) ->
                        out.writeLongLE(clocks.version())
                            .writeLongLE(clocks.received())
                            .writeLongLE(clocks.done()));
      }
      case SNAPSHOT -> {
        Caller caller = Words.readCaller(head, epoch);
        ready = () -> snapshot(asked, id, caller);
      }
      case RESTORE -> {
        Caller caller = Words.readCaller(head, epoch);
        long lastKnownVersion = head.readLongLE();
        StoreState state = Words.readState(head, asked.setup().size());
        ready =
            () ->
                reply(
                    kind,
                    id,
                    asked.restore(new Restore(caller, state, lastKnownVersion)),
                    (out, restored) ->
                        out.writeLongLE(restored.epoch())
                            .writeLongLE(restored.version())
                            .writeLongLE(restored.lostVersions()));
        return Words.vectors(state);
      }
      case HEALTH -> ready = () -> reply(kind, id, asked.status(), Words::status);
      case CONSISTENCY -> {
        Caller caller = Words.readCaller(head, epoch);
        Consistency consistency = Words.readConsistency(head);
        ready =
            () -> reply(kind, id, asked.setConsistency(caller, consistency), (out, nothing) -> {});
      }
      case REPLICATE -> {
        return replicate(asked, id, epoch, head);
      }
      case PROMOTE -> {
        Promote promote = new Promote(epoch, head.readLongLE());
        ready =
            () ->
                reply(
                    kind,
                    id,
                    asked.promote(promote),
                    (out, promoted) ->
                        out.writeLongLE(promoted.epoch()).writeLongLE(promoted.version()));
      }
      default -> throw WireException.malformed("no request is called " + kind);
    }
    return Vectors.NONE;
  }

  private static void joined(ByteBuf out, Joined joined) {
    out.writeIntLE(joined.worker())
        .writeLongLE(joined.epoch())
        .writeLongLE(joined.version())
        .writeLongLE(joined.clock())
        .writeLongLE(joined.leaseNanos());
  }

  private Vectors push(Shard asked, Kind kind, long id, long epoch, ByteBuf head) {
    Caller caller = Words.readCaller(head, epoch);
    Push push = new Push(caller, head.readLongLE(), head.readLongLE(), head.readDoubleLE());
    Values values = new Values(Words.readCodec(head));
    CodecKind codec = Words.readCodec(head);
    int count = head.readIntLE();
    float[] array = borrow(asked, count);
    FloatSlice gradient = new FloatSlice(array, 0, count);
    ready =
        () -> {
          CompletableFuture<Stepped> future = asked.pushPull(push, gradient, values);
          future.whenComplete((stepped, error) -> inLoop(() -> giveBack(asked, array)));
          replyStepped(kind, id, future, values);
        };
    return Vectors.of(gradient, codec(codec));
  }

  private Codec codec(@Nullable CodecKind kind) {
    if (kind == null) {
      throw WireException.malformed("floats come without a codec");
    }
    return codecs.computeIfAbsent(kind, Codec::reading);
  }

  /**
   * An array for so many floats. A wrong number of them, if it is not too large, the shard refuses.
   */
  private float[] borrow(Shard asked, int count) {
    int size = asked.setup().size();
    if (count < 0 || count > Math.max(size, Codec.SEGMENT)) {
      throw new WireException(
          Refusal.WRONG_LENGTH,
          "%d numbers are announced but the shard's range has %d".formatted(count, size));
    }
    float[] array = count == size ? unused.poll() : null;
    return array != null ? array : new float[count];
  }

  private void giveBack(Shard asked, float[] array) {
    if (array.length == asked.setup().size() && unused.size() < config.sliceRequests()) {
      unused.push(array);
    }
  }

  private Vectors replicate(Shard asked, long id, long epoch, ByteBuf head) {
    long sequence = head.readLongLE();
    long version = head.readLongLE();
    Consistency consistency = Words.readConsistency(head);
    List<Member> members = Words.readMembers(head);
    Vectors vectors = Vectors.NONE;
    Entry.Change change;
    int kind = head.readUnsignedByte();
    float[] array = null;
    if (kind == EntryWords.UNCHANGED) {
      change = new Entry.Unchanged();
    } else if (kind == EntryWords.STEP) {
      double learningRate = head.readDoubleLE();
      double clipCoefficient = head.readDoubleLE();
      double[] sums = Words.readSums(head);
      int count = head.readIntLE();
      if (count != asked.setup().size()) {
        throw new WireException(
            Refusal.WRONG_LENGTH,
            "an entry has %d numbers but the shard's range has %d"
                .formatted(count, asked.setup().size()));
      }
      array = borrow(asked, count);
      FloatSlice gradient = new FloatSlice(array, 0, count);
      change = new Entry.Step(gradient, learningRate, clipCoefficient, sums);
      vectors = Vectors.of(gradient, codec(CodecKind.FP32));
    } else if (kind == EntryWords.WHOLE) {
      StoreState state = Words.readState(head, asked.setup().size());
      change = new Entry.Whole(state, EntryWords.readMemberSums(head, members.size()));
      vectors = Words.vectors(state);
    } else {
      throw Words.impossible("a change", kind);
    }
    Entry entry = new Entry(epoch, sequence, version, consistency, members, change);
    float[] borrowed = array;
    ready =
        () -> {
          CompletableFuture<Long> future = asked.replicate(entry);
          if (borrowed != null) {
            future.whenComplete((reached, error) -> inLoop(() -> giveBack(asked, borrowed)));
          }
          reply(Kind.REPLICATE, id, future, ByteBuf::writeLongLE);
        };
    return vectors;
  }

  // Answers.

  /**
   * The shard's values on their way to the client: encoded from where they lie as the socket has
   * room, and copied only if the shard takes its next step before.
   */
  private final class Values implements SliceReader {
    private final @Nullable Codec codec;
    private Vectors vectors = Vectors.NONE;
    private int count;

    Values(@Nullable CodecKind kind) {
      if (kind == CodecKind.TOP_K) {
        throw WireException.malformed("values are wanted as " + kind);
      }
      codec = kind == null ? null : codec(kind);
    }

    @Override
    public void read(float[] values, int offset, int length, long version) {
      if (codec != null && channel.isActive()) {
        vectors = Vectors.of(new FloatSlice(values, offset, length), codec);
        count = length;
      }
    }

    @Override
    public boolean isDone() {
      return !vectors.hasNext() || !channel.isActive();
    }

    @Override
    public void finish() {
      vectors.detach();
    }

    void words(ByteBuf out) {
      out.writeByte(codec == null || count == 0 ? Words.NO_VALUES : codec.kind().id())
          .writeIntLE(count);
    }
  }

  private void replyStepped(Kind kind, long id, CompletableFuture<Stepped> future, Values values) {
    reply(kind, id, future, values, Words::stepped);
  }

  private <T> void reply(
      Kind kind, long id, CompletableFuture<T> future, BiConsumer<ByteBuf, T> words) {
    future.whenComplete(
        (result, error) ->
            inLoop(
                () -> {
                  if (error != null) {
                    refuse(kind, id, error);
                    return;
                  }
                  answer(kind, kind, id, out -> words.accept(out, result), Vectors.NONE);
                }));
  }

  private <T> void reply(
      Kind kind,
      long id,
      CompletableFuture<T> future,
      Values values,
      BiConsumer<ByteBuf, T> words) {
    future.whenComplete(
        (result, error) ->
            inLoop(
                () -> {
                  if (error != null) {
                    refuse(kind, id, error);
                    return;
                  }
                  answer(
                      kind,
                      kind,
                      id,
                      out -> {
                        words.accept(out, result);
                        values.words(out);
                      },
                      values.vectors);
                }));
  }

  private void snapshot(Shard asked, long id, Caller caller) {
    asked
        .snapshot(caller)
        .whenComplete(
            (state, error) ->
                inLoop(
                    () -> {
                      if (error != null) {
                        refuse(Kind.SNAPSHOT, id, error);
                      } else {
                        answer(
                            Kind.SNAPSHOT,
                            Kind.SNAPSHOT,
                            id,
                            out -> {
                              out.writeLongLE(state.epoch()).writeIntLE(state.from());
                              Words.state(out, state.slice());
                            },
                            Words.vectors(state.slice()));
                      }
                    }));
  }

  private void refuse(Kind request, long id, Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (!(cause instanceof RefusedException refused)) {
      LOG.error("The shard failed at {}; {} is cut off.", request, channel, cause);
      channel.close();
      return;
    }
    server.count(refused.refusal());
    answer(
        request,
        Kind.REFUSED,
        id,
        out ->
            Words.refusal(
                out, refused.refusal(), refused.epoch(), String.valueOf(refused.getMessage())),
        Vectors.NONE);
  }

  private void answer(Kind request, Kind kind, long id, Consumer<ByteBuf> words, Vectors vectors) {
    Message message = Message.of(channel.alloc(), kind, true, id, 0, words, vectors);
    if (request.isRequest()) {
      message.whenGone(() -> giveCredit(request));
    }
    writer.send(message);
  }

  private void inLoop(Runnable action) {
    if (channel.eventLoop().inEventLoop()) {
      action.run();
    } else {
      channel.eventLoop().execute(action);
    }
  }
}
