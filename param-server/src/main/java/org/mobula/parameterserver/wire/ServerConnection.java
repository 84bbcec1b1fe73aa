package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client as the server sees it: shakes hands, lets in what it has credits for and sends the
 * answers; what it asks is in {@link ShardRequests}. Event loop only, but for {@link #inLoop}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, which is dealt with
final class ServerConnection extends MessageReader {
  /** A fatal alert of TLS 1.2. */
  private static final byte[] UNEXPECTED_MESSAGE = {21, 3, 3, 0, 2, 2, 10};

  private static final Logger LOG = LoggerFactory.getLogger(ServerConnection.class);

  /** A stranger's frames are a handshake and no more. */
  private static final int MOST_STRANGERS_BYTES = 2048;

  private final ShardServer server;
  private final ListenConfig config;
  private final Channel channel;
  private final MessageWriter writer;
  private @Nullable Future<?> opening;
  private @Nullable Heartbeat heartbeat;

  /** Once the client has shaken hands. */
  private @Nullable ShardRequests requests;

  private boolean knowsLayout;
  private long lastId;
  private int sliceRequests;
  private int smallRequests;
  private @Nullable SharedFloats shared;

  /** The request that the shared memory is for, until it is answered; 0 for none. */
  private long sharedRequest;

  private boolean answerShared;

  /** What is to be done when the message that is being read is here as a whole. */
  private @Nullable Runnable ready;

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
    if (shared != null) {
      shared.close();
      shared = null;
    }
    if (requests != null) {
      requests.disconnected();
    }
  }

  /** A client that uses no TLS is answered by an alert of TLS, from which it knows its mistake. */
  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    ChannelHandlerContext tls = ctx.pipeline().context(SslHandler.class);
    if (tls != null
        && event instanceof SslHandshakeCompletionEvent done
        && done.cause() instanceof NotSslRecordException) {
      tls.writeAndFlush(ctx.alloc().buffer().writeBytes(UNEXPECTED_MESSAGE));
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
    ShardRequests asked = requests;
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
          Refusal.REPLAYED, "request %s came after %s".formatted(header.id, lastId));
    }
    lastId = header.id;
    takeCredit(header.kind);
    if (header.kind == Kind.SHARE) {
      share(asked.shard, header.id, head);
      return Vectors.NONE;
    }
    if (header.flags != 0) {
      takeSharedMemory(header);
    }
    boolean own = header.id == sharedRequest;
    ShardRequests.Request request =
        asked.read(
            header.kind,
            header.id,
            header.epoch,
            head,
            own && (header.flags & Header.FLOATS_SHARED) != 0 ? shared : null,
            own && answerShared ? shared : null);
    ready = request.ask();
    return request.floats();
  }

  private void share(Shard asked, long id, ByteBuf head) {
    SharedFloats.Name name = SharedFloats.Name.read(head);
    SharedFloats.Terms terms = RequestWords.readTerms(head, asked.setup().size());
    if (!knowsLayout || shared != null) {
      throw WireException.malformed("memory is shared twice, or without a layout");
    }
    SharedFloats memory = SharedFloats.open(terms, name);
    if (memory != null) {
      memory.removeFile();
      shared = memory;
    }
    ready =
        () ->
            send(
                Kind.SHARE,
                Kind.SHARE,
                id,
                0,
                out -> out.writeByte(memory == null ? 0 : 1),
                Vectors.NONE);
  }

  private void takeSharedMemory(Header header) {
    if (shared == null || sharedRequest != 0 || !header.kind.stepsOrPulls()) {
      throw WireException.malformed(
          "%s %s takes memory that is not shared or not free".formatted(header.kind, header.id));
    }
    sharedRequest = header.id;
    answerShared = (header.flags & Header.ANSWER_SHARED) != 0;
  }

  @Override
  void readShared(Vectors floats) {
    SharedFloats memory = shared;
    if (memory == null) {
      throw WireException.malformed("floats come in memory that is not shared");
    }
    memory.readGradient(floats);
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
            "more than %s requests with slices are unanswered".formatted(config.sliceRequests()));
      }
    } else if (++smallRequests > config.smallRequests()) {
      throw new WireException(
          Refusal.OVERLOADED,
          "more than %s requests are unanswered".formatted(config.smallRequests()));
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
          "shard %s is asked for but the server hosts the shards 0 to %s"
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
    requests = new ShardRequests(this, channel, asked, server.seats(), config.sliceRequests());
    long id = header.id;
    ready = () -> welcome(asked, id, heartbeatMillis);
  }

  private void welcome(Shard asked, long id, int heartbeatMillis) {
    if (opening != null) {
      opening.cancel(false);
    }
    acceptLongFrames();
    long own = config.times().heartbeat().toMillis();
    send(
        Kind.HELLO,
        Kind.WELCOME,
        id,
        0,
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
    ShardRequests asked = requests;
    if (asked != null) {
      asked.shard.carried(takeBytesRead(), writer.takeBytesWritten());
    }
  }

  @Override
  void broken(ChannelHandlerContext ctx, WireException why) {
    cutOff(why);
  }

  private void cutOff(WireException why) {
    server.count(why.refusal);
    Shard asked = requests != null ? requests.shard : server.shards().get(0);
    asked.refused(why.refusal);
    LOG.warn("{} is cut off, {}: {}", channel, why.refusal, why.getMessage());
    ready = null;
    writer.refuse(why.refusal, String.valueOf(why.getMessage()));
  }

  // Outgoing.

  /** The shard has answered. */
  void answer(Kind request, long id, Consumer<ByteBuf> words, Vectors vectors) {
    send(request, request, id, 0, words, vectors);
  }

  /** The shard has answered, and its values are in the shared memory already. */
  void answerShared(Kind request, long id, Consumer<ByteBuf> words) {
    send(request, request, id, Header.FLOATS_SHARED, words, Vectors.NONE);
  }

  /** The shard has refused, or failed. */
  void refuse(Kind request, long id, Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (!(cause instanceof RefusedException refused)) {
      LOG.error("The shard failed at {}; {} is cut off.", request, channel, cause);
      channel.close();
      return;
    }
    server.count(refused.refusal());
    send(
        request,
        Kind.REFUSED,
        id,
        0,
        out ->
            AnswerWords.refusal(
                out, refused.refusal(), refused.epoch(), String.valueOf(refused.getMessage())),
        Vectors.NONE);
  }

  private void send(
      Kind request,
      Kind kind,
      long id,
      int valuesWritten,
      Consumer<ByteBuf> words,
      Vectors vectors) {
    int flags = valuesWritten;
    SharedFloats memory = shared;
    WireException fault = memory == null ? null : memory.fault();
    if (fault != null) { // The shard has found it, as it reads in place.
      stop();
      cutOff(fault);
      return;
    }
    if (memory != null && id == sharedRequest && answerShared && memory.takes(vectors)) {
      try {
        memory.writeValues(vectors);
      } catch (WireException e) {
        LOG.warn("{} is cut off: {}", channel, e.getMessage());
        channel.close();
        return;
      }
      flags = Header.FLOATS_SHARED;
    }
    if (id == sharedRequest) {
      sharedRequest = 0; // The client leaves the memory alone until it has read the answer.
    }
    Message message = new Message(channel.alloc(), kind, true, flags, id, 0, words, vectors);
    if (request.isRequest()) {
      message.whenGone(() -> giveCredit(request));
    }
    writer.send(message);
  }

  /** Does something in the event loop; any thread. */
  void inLoop(Runnable action) {
    if (channel.eventLoop().inEventLoop()) {
      action.run();
    } else {
      channel.eventLoop().execute(action);
    }
  }
}
