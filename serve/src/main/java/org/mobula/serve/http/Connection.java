package org.mobula.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.http.Deadlines.Phase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection: puts requests together, hands them on, and writes the answers in the
 * order of the requests. Everything but {@link #answered} and {@link #isGone} is of its event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails here ends the connection
final class Connection extends ChannelInboundHandlerAdapter implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Connection.class);

  /** How long what a client still sends after the last answer is read, so that it gets to it. */
  static final Duration LINGER = Duration.ofSeconds(2);

  /** How long a client that keeps its connection may still ask while the server stops. */
  private static final Duration DRAIN_GRACE = Duration.ofMillis(500);

  private static final HttpMethod UNKNOWN = new HttpMethod("-");

  private final Endpoint endpoint;
  private final HttpConfig config;
  private final boolean encrypted;
  private final Deadlines deadlines;

  /** Requests without a written answer, oldest first; the newest may still be arriving. */
  private final Queue<Exchange> waiting = new ArrayDeque<>();

  private final AtomicBoolean scheduled = new AtomicBoolean();
  private volatile boolean gone;
  private @Nullable ChannelHandlerContext context;

  private @Nullable Exchange arriving;

  /** What the oldest request is answered with, while that is a stream. */
  private @Nullable Streaming streaming;

  private long startNanos;
  private long readNanos;
  private boolean anythingCame;
  private boolean inputClosed;
  private boolean reading;
  private boolean unflushed;
  private boolean readsOn = true;

  Connection(Endpoint endpoint, boolean encrypted) {
    this.endpoint = endpoint;
    this.encrypted = encrypted;
    config = endpoint.config();
    deadlines = new Deadlines(config.connections(), now());
  }

  Gate gate() {
    return endpoint.gate();
  }

  boolean isGone() {
    return gone;
  }

  private long now() {
    return endpoint.clock().getAsLong();
  }

  private ChannelHandlerContext context() {
    ChannelHandlerContext known = context;
    if (known == null) {
      throw new IllegalStateException("the connection is not open yet");
    }
    return known;
  }

  // The connection's life.

  @Override
  public void handlerAdded(ChannelHandlerContext added) {
    context = added;
    endpoint.counters().opened();
    scheduleLook(added, deadlines.lookNanos());
  }

  @Override
  public void channelInactive(ChannelHandlerContext closed) {
    gone = true;
    inputClosed = true;
    endpoint.counters().closed();
    endpoint.counters().abandoned(waiting.size());
    Exchange partial = arriving;
    if (partial != null) {
      // Nobody but this connection knows of it yet.
      arriving = null;
      waiting.remove(partial);
      partial.releaseBody();
    }
    streaming = null;
    forgetAnswered();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext failed, Throwable cause) {
    failed.close();
    if (!(cause instanceof IOException)) {
      log.debug("Connection of {} fails", failed.channel().remoteAddress(), cause);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext from, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      halfClosed(from);
    }
  }

  /**
   * The client sends nothing more. One that waits for answers and one that has gone look the same,
   * so what it asked is answered for a while, and then it counts as gone.
   */
  private void halfClosed(ChannelHandlerContext open) {
    inputClosed = true;
    Exchange partial = arriving;
    if (partial != null) {
      arriving = null;
      waiting.remove(partial);
      partial.releaseBody();
      endpoint.counters().abandoned(1);
    }
    if (waiting.isEmpty()) { // what is written already is sent first
      open.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    for (Iterator<Exchange> all = waiting.iterator(); all.hasNext(); ) {
      Exchange exchange = all.next();
      exchange.closes |= !all.hasNext();
    }
    open.executor()
        .schedule(
            () -> {
              if (!waiting.isEmpty() && streaming == null) { // a stream's parts find out
                open.close();
              }
            },
            config.connections().halfCloseTimeout().toNanos(),
            TimeUnit.NANOSECONDS);
  }

  /** Lets the client ask once more, and tells it with the answer that the server stops. */
  void drain() {
    ChannelHandlerContext open = context();
    updateReading();
    open.executor()
        .schedule(
            () -> {
              if (waiting.isEmpty()) {
                open.close();
              }
            },
            DRAIN_GRACE.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  // Requests.

  /** Called before the bytes are decoded. */
  void bytesCame(int bytes) {
    readNanos = now();
    if (deadlines.phase() == Phase.BETWEEN) {
      deadlines.enter(Phase.HEAD, readNanos);
      startNanos = readNanos;
    } else if (!anythingCame) {
      startNanos = readNanos;
    }
    anythingCame = true;
    endpoint.counters().received(bytes);
  }

  @Override
  public void channelRead(ChannelHandlerContext from, Object message) {
    reading = true;
    if (!inputClosed && message instanceof HttpRequest head) {
      begin(head);
    }
    if (message instanceof HttpContent content) {
      try {
        Exchange exchange = arriving;
        if (!inputClosed && exchange != null) {
          take(exchange, content);
        }
      } finally {
        content.release();
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext from) {
    reading = false;
    run();
  }

  private void begin(HttpRequest head) {
    if (head.decoderResult().isFailure()) {
      Throwable cause = head.decoderResult().cause();
      // Half a head from a client that is gone is nothing to answer.
      if (!(cause instanceof PrematureChannelClosureException)) {
        fail(Refusal.of(cause, config));
      }
      return;
    }
    Exchange exchange = new Exchange(this, head, startNanos);
    arriving = exchange;
    waiting.add(exchange);
    deadlines.enter(Phase.BODY, readNanos);
    Refusal refusal = check(head, exchange);
    boolean expects = head.headers().contains(HttpHeaderNames.EXPECT) && !exchange.http10;
    if (refusal != null && (expects || refusal.status() == 413 || refusal.status() == 505)) {
      fail(refusal);
    } else {
      exchange.refusal = refusal;
      exchange.continueWanted = expects;
    }
  }

  private @Nullable Refusal check(HttpRequest head, Exchange exchange) {
    try {
      return endpoint.gate().check(head, exchange);
    } catch (RuntimeException e) {
      log.error("{} {} cannot be checked", exchange.method(), exchange.path(), e);
      return new Refusal(500, "The server failed on this request; its log says why.");
    }
  }

  private void take(Exchange exchange, HttpContent content) {
    if (content.decoderResult().isFailure()) {
      fail(Refusal.of(content.decoderResult().cause(), config));
      return;
    }
    ByteBuf piece = content.content();
    if (piece.isReadable()) {
      exchange.continueWanted = false;
      exchange.bodyBytes += piece.readableBytes();
      if (exchange.bodyBytes > config.bodyLimit()) {
        fail(Refusal.bodyTooLarge(config));
        return;
      }
      if (exchange.refusal == null) {
        exchange.append(piece, context().alloc());
      }
    }
    if (content instanceof LastHttpContent) {
      end(exchange);
    }
  }

  private void end(Exchange exchange) {
    arriving = null;
    deadlines.enter(Phase.BETWEEN, readNanos);
    startNanos = readNanos;
    exchange.continueWanted = false;
    if (!exchange.keepAlive) {
      exchange.closes = true;
      inputClosed = true;
    }
    Refusal refusal = exchange.refusal;
    if (refusal == null) {
      refusal = decompress(exchange);
    }
    if (refusal != null) {
      exchange.refuse(refusal);
    } else if (exchange.isPreflight()) {
      allowOtherOrigin(exchange);
    } else {
      hand(exchange);
    }
    updateReading();
  }

  private @Nullable Refusal decompress(Exchange exchange) {
    ByteBuf body = exchange.bodyBuffer();
    String encoding = exchange.header("content-encoding").orElse("identity");
    if (body == null || encoding.equalsIgnoreCase("identity")) {
      return null;
    }
    try {
      ByteBuf plain = Compression.decompress(body, encoding, config.bodyLimit(), context().alloc());
      if (plain == null) {
        return new Refusal(
            413, "The body exceeds " + config.bodyLimit() + " bytes once decompressed; send less.");
      }
      exchange.replaceBody(plain);
      return null;
    } catch (IOException e) {
      return new Refusal(400, "The body is not what its Content-Encoding says.");
    }
  }

  private static void allowOtherOrigin(Exchange exchange) {
    Map<String, String> headers = new HashMap<>();
    exchange
        .header("access-control-request-method")
        .ifPresent(method -> headers.put("access-control-allow-methods", method));
    exchange
        .header("access-control-request-headers")
        .ifPresent(names -> headers.put("access-control-allow-headers", names));
    headers.put("access-control-max-age", "600");
    exchange.trySend(204, "", headers);
  }

  private void hand(Exchange exchange) {
    try {
      endpoint.handler().handle(exchange, exchange);
    } catch (RuntimeException | StackOverflowError | LinkageError e) {
      log.error("{} {} fails", exchange.method(), exchange.path(), e);
      exchange.refuse(new Refusal(500, "The server failed on this request; its log says why."));
    }
  }

  /** Refuses what is arriving, in its turn, and reads nothing more: what follows has no start. */
  private void fail(Refusal refusal) {
    Exchange exchange = arriving;
    if (exchange == null) {
      HttpRequest unknown = new DefaultHttpRequest(HttpVersion.HTTP_1_1, UNKNOWN, "");
      exchange = new Exchange(this, unknown, startNanos);
      waiting.add(exchange);
    }
    arriving = null;
    inputClosed = true;
    exchange.continueWanted = false;
    exchange.closes = true;
    exchange.lingers = true;
    deadlines.enter(Phase.BETWEEN, readNanos);
    exchange.refuse(refusal);
  }

  // Answers.

  /** Called from any thread, once for each exchange. */
  void answered(Exchange exchange) {
    ChannelHandlerContext open = context();
    if (open.executor().inEventLoop()) {
      // What is answered while reading is written when all that came is read.
      if (!reading) {
        run();
      }
    } else if (scheduled.compareAndSet(false, true)) {
      try {
        open.executor().execute(this);
      } catch (RejectedExecutionException e) {
        // The server was closed without waiting for this answer.
        exchange.releaseBody();
      }
    }
  }

  /** Writes what is answered and due, with one flush. */
  @Override
  public void run() {
    scheduled.set(false);
    if (gone) {
      forgetAnswered();
      return;
    }
    ChannelHandlerContext open = context();
    boolean wrote = false;
    for (Exchange exchange; streaming == null && (exchange = waiting.peek()) != null; ) {
      if (!exchange.isAnswered()) {
        if (exchange.continueWanted) {
          exchange.continueWanted = false;
          endpoint.writer().writeContinue(open);
          unflushed = true;
        }
        break;
      }
      PartSource parts = exchange.parts();
      if (parts != null) {
        begin(exchange, parts, open);
        continue;
      }
      waiting.remove();
      write(exchange, open);
      wrote = true;
    }
    if (wrote && waiting.isEmpty() && deadlines.phase() == Phase.BETWEEN) {
      deadlines.enter(Phase.BETWEEN, now());
    }
    if (unflushed) {
      unflushed = false;
      open.flush();
    }
    if (wrote) {
      updateReading();
    }
  }

  /** Begins a stream. The exchange stays the oldest until its end, so that nothing overtakes it. */
  private void begin(Exchange exchange, PartSource parts, ChannelHandlerContext open) {
    boolean stops = waiting.size() == 1 && arriving == null && endpoint.draining().get();
    if (exchange.http10 || stops) { // HTTP/1.0 knows no other end
      exchange.closes = true;
      exchange.lingers |= stops;
      inputClosed = true;
    }
    long bytes = endpoint.writer().writeHead(exchange, exchange.closes, open);
    unflushed = true;
    Streaming begun = new Streaming(this, open, parts, !exchange.http10, bytes);
    streaming = begun;
    if (exchange.isHead()) {
      end(exchange, bytes, open, Unpooled.EMPTY_BUFFER);
    } else {
      begun.advance();
    }
  }

  /** A stream has no other part. */
  void ended(ByteBuf last) {
    Streaming stream = streaming;
    Exchange exchange = waiting.peek();
    if (stream != null && exchange != null) {
      end(exchange, stream.bytes(), context(), last);
    }
    run();
    updateReading();
  }

  private void end(Exchange exchange, long bytes, ChannelHandlerContext open, ByteBuf last) {
    streaming = null;
    waiting.remove();
    boolean stops = waiting.isEmpty() && arriving == null && endpoint.draining().get();
    if (exchange.closes || stops) {
      inputClosed = true;
      boolean lingers = exchange.lingers || stops;
      open.write(last).addListener((ChannelFutureListener) sent -> finish(sent.channel(), lingers));
    } else {
      open.write(last, open.voidPromise());
      if (waiting.isEmpty() && deadlines.phase() == Phase.BETWEEN) {
        deadlines.enter(Phase.BETWEEN, now());
      }
    }
    unflushed = true;
    endpoint.counters().answered(exchange.status(), bytes);
    if (config.accessLog() != null) {
      report(exchange, bytes, open, config.accessLog());
    }
  }

  private void write(Exchange exchange, ChannelHandlerContext open) {
    boolean stops =
        !exchange.closes && waiting.isEmpty() && arriving == null && endpoint.draining().get();
    boolean closes = exchange.closes || stops;
    ChannelFutureListener afterwards = null;
    if (closes) {
      inputClosed = true;
      boolean lingers = exchange.lingers || stops;
      afterwards = sent -> finish(sent.channel(), lingers);
    }
    long bytes = endpoint.writer().write(exchange, closes, open, afterwards);
    unflushed = true;
    endpoint.counters().answered(exchange.status(), bytes);
    if (config.accessLog() != null) {
      report(exchange, bytes, open, config.accessLog());
    }
  }

  private void report(
      Exchange exchange, long bytes, ChannelHandlerContext open, Consumer<AccessEntry> accessLog) {
    try {
      accessLog.accept(
          new AccessEntry(
              open.channel().remoteAddress(),
              exchange.receivedMethod(),
              exchange.path(),
              exchange.header("traceparent").orElse(""),
              Integer.toString(exchange.status()),
              exchange.bodyBytes,
              bytes,
              now() - exchange.receivedNanos()));
    } catch (RuntimeException e) {
      log.error("The access log fails", e);
    }
  }

  /**
   * Closes after the last answer. A close with unread bytes would reset the connection, and the
   * client lose the answer; so where there may be some, they are read and dropped for a while.
   */
  private void finish(Channel channel, boolean lingers) {
    if (!lingers || !channel.isActive()) {
      channel.close();
      return;
    }
    if (!encrypted && channel instanceof DuplexChannel duplex) {
      duplex.shutdownOutput();
    }
    updateReading();
    channel.eventLoop().schedule(() -> channel.close(), LINGER.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void forgetAnswered() {
    for (Iterator<Exchange> all = waiting.iterator(); all.hasNext(); ) {
      Exchange exchange = all.next();
      if (exchange.isAnswered()) {
        all.remove();
        exchange.releaseBody();
      }
    }
  }

  // Back-pressure and deadlines.

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext changed) {
    updateReading();
    if (streaming != null) {
      streaming.advance();
    }
  }

  /** Reads on unless too much waits: for an answer, or for the client to take answers. */
  private void updateReading() {
    Channel channel = context().channel();
    boolean stopping = endpoint.draining().get() && !waiting.isEmpty() && arriving == null;
    boolean on =
        inputClosed
            || (waiting.size() < config.pipelineLimit() && channel.isWritable() && !stopping);
    if (on != readsOn) {
      readsOn = on;
      channel.config().setAutoRead(on);
    }
  }

  private void scheduleLook(ChannelHandlerContext open, long nanos) {
    open.executor()
        .schedule(
            () -> {
              if (!gone) {
                look(open);
                scheduleLook(open, nanos);
              }
            },
            nanos,
            TimeUnit.NANOSECONDS);
  }

  private void look(ChannelHandlerContext open) {
    long now = now();
    if (deadlines.isStuck(open.channel(), now)) {
      open.close();
    } else if (!readsOn) {
      deadlines.excuse(now);
    } else if (!inputClosed) {
      switch (deadlines.look(now)) {
        case IN_TIME -> {}
        case HEAD_LATE -> {
          if (anythingCame) {
            late("headers", config.connections().headerTimeout());
          } else {
            open.close();
          }
        }
        case BODY_LATE -> late("body", config.connections().bodyTimeout());
        case IDLE -> {
          if (waiting.isEmpty()) {
            open.close();
          }
        }
      }
    }
  }

  private void late(String what, Duration timeout) {
    long millis = timeout.toMillis();
    fail(
        new Refusal(408, "The " + what + " did not arrive within " + millis + " ms; send faster."));
  }
}
