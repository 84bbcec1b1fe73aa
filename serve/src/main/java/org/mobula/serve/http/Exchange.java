package org.mobula.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. The event loop fills the request in, whoever answers fills the answer
 * in, and the event loop writes it.
 */
final class Exchange implements HttpRequest, HttpResponder {
  private static final int OPEN = 0;
  private static final int TAKEN = 1;
  private static final int ANSWERED = 2;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();
  private static final int MIN_GROWTH_BYTES = 64 << 10;

  private final Connection connection;
  private final long receivedNanos;
  private final String method;
  private final String path;
  private final @Nullable String query;
  private final HttpHeaders headers;
  private final boolean understood;
  final boolean keepAlive;
  final boolean http10;

  // Of the event loop.
  @Nullable Refusal refusal;
  boolean continueWanted;
  boolean closes;
  boolean lingers;
  long bodyBytes;
  private @Nullable ByteBuf body;
  private boolean bodyIsOurs;

  // The answer, written before the state says so, and read after.
  private final AtomicInteger state = new AtomicInteger();
  private int status;
  private String contentType = "";
  private Map<String, String> answerHeaders = Map.of();
  private ByteBuffer[] answerBody = {};
  private @Nullable PartSource parts;

  Exchange(
      Connection connection, io.netty.handler.codec.http.HttpRequest head, long receivedNanos) {
    this.connection = connection;
    this.receivedNanos = receivedNanos;
    method = head.method().name();
    headers = head.headers();
    keepAlive = HttpUtil.isKeepAlive(head);
    http10 = head.protocolVersion().minorVersion() == 0;
    String uri = withoutAuthority(head.uri());
    int mark = uri.indexOf('?');
    String raw = mark < 0 ? uri : uri.substring(0, mark);
    query = mark < 0 ? null : uri;
    String decoded = "";
    boolean isUnderstood = true;
    try {
      decoded = raw.indexOf('%') < 0 ? raw : QueryStringDecoder.decodeComponent(plusKept(raw));
      if (query != null) {
        queryParameters(query);
      }
    } catch (IllegalArgumentException e) {
      isUnderstood = false;
    }
    path = decoded;
    understood = isUnderstood;
  }

  /** A proxy's form, {@code http://host/path}, means the path. */
  private static String withoutAuthority(String uri) {
    if (uri.startsWith("/") || !uri.regionMatches(true, 0, "http", 0, 4)) {
      return uri;
    }
    int host = uri.indexOf("://");
    if (host < 0) {
      return uri;
    }
    int slash = uri.indexOf('/', host + 3);
    return slash < 0 ? "/" : uri.substring(slash);
  }

  /** A plus means a space in a query, but itself in a path. */
  private static String plusKept(String path) {
    return path.replace("+", "%2B");
  }

  private static Map<String, List<String>> queryParameters(String uri) {
    return new QueryStringDecoder(uri).parameters();
  }

  // The request.

  @Override
  public String method() {
    return isHead() ? "GET" : method;
  }

  boolean isHead() {
    return method.equals("HEAD");
  }

  /** A browser's question whether a page of another origin may ask. */
  boolean isPreflight() {
    return method.equals("OPTIONS")
        && headers.contains(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD)
        && connection.gate().allowedOrigin(headers) != null;
  }

  String receivedMethod() {
    return method;
  }

  boolean isUnderstood() {
    return understood;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public Optional<String> query(String name) {
    if (query == null) {
      return Optional.empty();
    }
    List<String> values = queryParameters(query).get(name);
    return values == null ? Optional.empty() : Optional.of(values.get(0));
  }

  @Override
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  HttpHeaders headers() {
    return headers;
  }

  @Override
  public ByteBuffer body() {
    ByteBuf bytes = body;
    return bytes == null ? NOTHING : bytes.nioBuffer().asReadOnlyBuffer();
  }

  @Override
  public long receivedNanos() {
    return receivedNanos;
  }

  @Override
  public boolean isAbandoned() {
    return connection.isGone();
  }

  // The body, in the event loop.

  /** Keeps what came in one piece as it is; copies only what came in several. */
  void append(ByteBuf piece, ByteBufAllocator allocator) {
    ByteBuf before = body;
    if (before == null) {
      body = piece.retain();
      return;
    }
    if (bodyIsOurs) {
      before.writeBytes(piece);
      return;
    }
    int size = before.readableBytes() + piece.readableBytes();
    ByteBuf all = allocator.directBuffer(Math.max(MIN_GROWTH_BYTES, 2 * size));
    body = all.writeBytes(before).writeBytes(piece);
    bodyIsOurs = true;
    before.release();
  }

  @Nullable ByteBuf bodyBuffer() {
    return body;
  }

  void replaceBody(ByteBuf plain) {
    releaseBody();
    body = plain;
  }

  void releaseBody() {
    ByteBuf bytes = body;
    if (bytes != null) {
      body = null;
      bytes.release();
    }
  }

  // The answer.

  @Override
  public void send(
      int status, String contentType, Map<String, String> headers, ByteBuffer... body) {
    requireFirst(answer(status, contentType, headers, null, body));
  }

  @Override
  public void stream(
      int status, String contentType, Map<String, String> headers, PartSource source) {
    requireFirst(answer(status, contentType, headers, Objects.requireNonNull(source, "parts")));
  }

  private void requireFirst(boolean answered) {
    if (!answered) {
      throw new IllegalStateException(
          method + " " + path + " is answered already; answer each request once");
    }
  }

  boolean trySend(int status, String contentType, Map<String, String> headers, ByteBuffer... body) {
    return answer(status, contentType, headers, null, body);
  }

  private boolean answer(
      int status,
      String contentType,
      Map<String, String> headers,
      @Nullable PartSource source,
      ByteBuffer... body) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("status is " + status + " but must be from 200 to 599");
    }
    // Before the answer is taken, so that one with a null can still be followed by a right one.
    Map<String, String> copy = Map.copyOf(headers);
    Objects.requireNonNull(contentType, "contentType");
    for (ByteBuffer part : body) {
      Objects.requireNonNull(part, "body");
    }
    if (!state.compareAndSet(OPEN, TAKEN)) {
      return false;
    }
    this.status = status;
    this.contentType = contentType;
    answerHeaders = copy;
    answerBody = body;
    parts = source;
    state.set(ANSWERED);
    connection.answered(this);
    return true;
  }

  boolean refuse(Refusal refusal) {
    return trySend(refusal.status(), "application/json", refusal.headers(), refusal.json());
  }

  boolean isAnswered() {
    return state.get() == ANSWERED;
  }

  int status() {
    return status;
  }

  String contentType() {
    return contentType;
  }

  Map<String, String> answerHeaders() {
    return answerHeaders;
  }

  /** Of an answer that is a stream. */
  @Nullable PartSource parts() {
    return parts;
  }

  ByteBuffer[] answerBody() {
    return answerBody;
  }
}
