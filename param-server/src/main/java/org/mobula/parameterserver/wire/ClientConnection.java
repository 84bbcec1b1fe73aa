package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ParameterLayout;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;

/**
 * A server as a client sees it: shakes hands, sends requests as there are credits for them, and
 * ends them with their answers or with the connection. Event loop only, but for what says
 * otherwise.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, which is dealt with
final class ClientConnection extends MessageReader {
  /** From change-cipher-spec to application data. */
  private static final int TLS_FIRST_TYPE = 20;

  private static final int TLS_LAST_TYPE = 23;
  private static final int TLS_MAJOR_VERSION = 3;

  private final Channel channel;
  private final Address address;
  private final int shard;
  private final LinkConfig config;
  private final CompletableFuture<SocketShardLink> opened;
  private final MessageWriter writer;
  private final Codec encoder;
  private final Map<CodecKind, Codec> decoders = new HashMap<>();
  private final Map<Long, Exchange<?>> pending = new HashMap<>();

  /** By all threads, in the order in which they are sent. */
  private final Queue<Exchange<?>> brought = new ConcurrentLinkedQueue<>();

  private final Deque<Exchange<?>> waitingSlices = new ArrayDeque<>();
  private final Deque<Exchange<?>> waitingSmall = new ArrayDeque<>();
  private int sliceCredits;
  private int smallCredits;
  private Sharing sharing = Sharing.UNTRIED;
  private @Nullable SharedFloats shared;

  /** The request whose floats are in the shared memory, or those of its answer; 0 for none. */
  private long sharedRequest;

  private long nextId = 1;
  private @Nullable Exchange<?> answered;
  private long answeredRequest;
  private @Nullable Future<?> opening;
  private @Nullable Heartbeat heartbeat;
  private @Nullable LinkLostException lost;
  private boolean welcomed;
  private boolean heardAnything;
  private volatile int from;
  private volatile int to;

  private enum Sharing {
    UNTRIED,
    OFFERED,
    SETTLED
  }

  /**
   * Shakes hands when the channel is active.
   *
   * @param opened ends with a link to the shard, or with what stood in the way
   */
  ClientConnection(
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

  /** First place of the shard's range; any thread. */
  int from() {
    return from;
  }

  /** The place after the last of the shard's range; any thread. */
  int to() {
    return to;
  }

  /** Whether there is any use in sending; any thread. */
  boolean isOpen() {
    return channel.isActive();
  }

  /** Sends a request, or ends it, after those that were brought before it; any thread. */
  void send(Exchange<?> exchange) {
    brought.add(exchange);
    if (channel.eventLoop().inEventLoop()) {
      submitBrought();
      return;
    }
    try {
      channel.eventLoop().execute(this::submitBrought);
    } catch (RejectedExecutionException e) {
      exchange.future.completeExceptionally(
          new LinkLostException("the transport of the link to " + address + " was closed", e));
    }
  }

  private void submitBrought() {
    for (Exchange<?> next = brought.poll(); next != null; next = brought.poll()) {
      submit(next);
    }
  }

  /** Ends the connection and everything that waits; any thread. */
  void close() {
    try {
      channel.eventLoop().execute(() -> lose("the link was closed", null));
    } catch (RejectedExecutionException e) {
      // The transport was closed first, and the connection with it.
      lose("the transport was closed", e);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ParameterLayout layout = config.layout();
    byte[] digest = layout == null ? new byte[LayoutDigest.BYTES] : LayoutDigest.of(layout);
    byte[] token = config.tokenText().getBytes(StandardCharsets.UTF_8);
    long heartbeatMillis = Math.min(Integer.MAX_VALUE, config.times().heartbeat().toMillis());
    writer.send(
        new Message(
            channel.alloc(),
            Kind.HELLO,
            false,
            0,
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
                    lose(
                        "it did not answer the handshake in "
                            + config.times().opening().toMillis()
                            + " ms",
                        null),
                config.times().opening().toMillis(),
                TimeUnit.MILLISECONDS);
  }

  private void submit(Exchange<?> exchange) {
    LinkLostException already = lost;
    if (already != null) {
      exchange.future.completeExceptionally(
          new LinkLostException(String.valueOf(already.getMessage()), already));
      return;
    }
    boolean slices = exchange.kind.movesSlices();
    if (sharing == Sharing.UNTRIED && exchange.kind.pushes()) {
      offerMemory();
    }
    boolean held = sharing == Sharing.OFFERED && exchange.kind != Kind.SHARE;
    if (!held && (slices ? sliceCredits > 0 : smallCredits > 0)) {
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
    long id = nextId++;
    pending.put(id, exchange);
    Vectors floats = exchange.floats.apply(encoder);
    int flags = 0;
    SharedFloats memory = shared;
    if (memory != null && sharedRequest == 0 && exchange.kind.stepsOrPulls()) {
      sharedRequest = id;
      flags = Header.ANSWER_SHARED;
      if (floats.hasNext() && memory.terms.gradients() != null) {
        try {
          memory.writeGradient(floats);
        } catch (WireException e) {
          lose(String.valueOf(e.getMessage()), e);
          return;
        }
        flags |= Header.FLOATS_SHARED;
      }
    }
    writer.send(
        new Message(
            channel.alloc(),
            exchange.kind,
            false,
            flags,
            id,
            exchange.epoch,
            exchange.words,
            floats));
  }

  /**
   * What is asked meanwhile waits, so that nothing overtakes a slice, until the server has said
   * whether it has the memory, too.
   */
  private void offerMemory() {
    SharedFloats.Terms terms =
        SharedFloats.Terms.of(to - from, config.gradients().kind(), config.values().kind());
    if (config.trusted() != null || !SharedFloats.isNear(channel.remoteAddress()) || !terms.pay()) {
      sharing = Sharing.SETTLED;
      return;
    }
    sharing = Sharing.OFFERED;
    // A thread of its own: whoever waits for the link may hold the common pool's only one.
    CompletableFuture.supplyAsync(
            () -> Optional.ofNullable(SharedFloats.create(terms)),
            task -> new Thread(task, "mobula-shared-memory").start())
        .thenAccept(
            made -> {
              try {
                channel.eventLoop().execute(() -> offerMemory(made));
              } catch (RejectedExecutionException e) {
                made.ifPresent(SharedFloats::giveUp);
              }
            });
  }

  private void offerMemory(Optional<SharedFloats> made) {
    if (made.isEmpty() || lost != null || smallCredits == 0) {
      made.ifPresent(SharedFloats::giveUp);
      settleSharing();
      return;
    }
    SharedFloats memory = made.get();
    Exchange<Boolean> offer =
        new Exchange<>(
            Kind.SHARE,
            0,
            out -> RequestWords.share(out, memory.name, memory.terms),
            encode -> Vectors.NONE,
            (in, asked) -> Words.readFlag(in));
    offer.future.whenComplete(
        (taken, error) -> {
          if (error == null && taken) {
            shared = memory;
          } else {
            memory.giveUp();
          }
          settleSharing();
        });
    submit(offer);
  }

  private void settleSharing() {
    sharing = Sharing.SETTLED;
    while (lost == null && sliceCredits > 0 && !waitingSlices.isEmpty()) {
      write(waitingSlices.remove());
    }
    while (lost == null && smallCredits > 0 && !waitingSmall.isEmpty()) {
      write(waitingSmall.remove());
    }
  }

  private void giveCredit(Kind kind) {
    Deque<Exchange<?>> waiting = kind.movesSlices() ? waitingSlices : waitingSmall;
    if (kind.movesSlices()) {
      sliceCredits++;
    } else {
      smallCredits++;
    }
    if (sharing == Sharing.OFFERED) {
      return;
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
    answeredRequest = header.id;
    if (header.kind == Kind.REFUSED) {
      RefusedException why = AnswerWords.readRefusal(head);
      Exchange<?> exchange = pending.remove(header.id);
      if (exchange != null) {
        answered = exchange;
        exchange.refused(why);
      } else {
        lose("it ended the connection, %s: %s".formatted(why.refusal(), why.getMessage()), why);
      }
      return Vectors.NONE;
    }
    if (!welcomed) {
      welcome(header, head);
      return Vectors.NONE;
    }
    Exchange<?> exchange = pending.get(header.id);
    if (exchange == null || exchange.kind != header.kind) {
      throw WireException.malformed(
          "%s %s is answered but was not asked".formatted(header.kind, header.id));
    }
    pending.remove(header.id);
    answered = exchange;
    return exchange.begin(head, decoders);
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
  void readShared(Vectors floats) {
    SharedFloats memory = shared;
    if (memory == null || answeredRequest != sharedRequest) {
      throw WireException.malformed("a server shares floats that nobody has asked for so");
    }
    memory.readValues(floats);
  }

  @Override
  void end() {
    if (answeredRequest == sharedRequest) {
      sharedRequest = 0;
    }
    Exchange<?> exchange = answered;
    answered = null;
    if (exchange != null) {
      giveCredit(exchange.kind);
      exchange.end();
    }
  }

  /** Only a record of TLS begins so: with its type and version. */
  private static boolean isTls(ByteBuf in) {
    int at = in.readerIndex();
    return in.readableBytes() >= 2
        && in.getUnsignedByte(at) >= TLS_FIRST_TYPE
        && in.getUnsignedByte(at) <= TLS_LAST_TYPE
        && in.getUnsignedByte(at + 1) == TLS_MAJOR_VERSION;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!heardAnything && message instanceof ByteBuf in && isTls(in)) {
      in.release();
      stop();
      lose("it uses TLS", wrongTls("it uses TLS and this side does not"));
      return;
    }
    heardAnything = true;
    super.channelRead(ctx, message);
  }

  private RefusedException wrongTls(String how) {
    return new RefusedException(
        Refusal.WRONG_TLS,
        -1,
        "the parameter server at %s cannot be spoken to, since %s: both sides use TLS, and its certificate is trusted, or neither does"
            .formatted(address, how));
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
    Throwable inner = cause.getCause() == null ? cause : cause.getCause();
    if (!welcomed && inner instanceof NotSslRecordException) {
      lose("it uses no TLS", wrongTls("this side uses TLS and it does not"));
      return;
    } else if (!welcomed && inner instanceof SSLException) {
      lose(String.valueOf(inner.getMessage()), wrongTls(String.valueOf(inner.getMessage())));
      return;
    }
    lose(String.valueOf(cause.getMessage()), cause);
  }

  /** Ends everything that waits. */
  private void lose(String how, @Nullable Throwable cause) {
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
    if (shared != null) {
      shared.close();
      shared = null;
    }
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
