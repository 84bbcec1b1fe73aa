package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Looks at a request's head, and says whether to go on. */
final class Gate {
  private static final String SCHEME = "Bearer ";

  private final HttpConfig config;
  private final @Nullable List<byte[]> read;
  private final List<byte[]> admin;

  Gate(HttpConfig config) {
    this.config = config;
    Tokens tokens = config.tokens();
    read = tokens == null ? null : bytes(tokens.read());
    admin = tokens == null ? List.of() : bytes(tokens.admin());
  }

  private static List<byte[]> bytes(List<String> tokens) {
    return tokens.stream().map(token -> token.getBytes(UTF_8)).toList();
  }

  /** Nothing if the request may go on. */
  @Nullable Refusal check(HttpRequest head, Exchange exchange) {
    HttpHeaders headers = head.headers();
    HttpVersion version = head.protocolVersion();
    if (!version.protocolName().equals("HTTP") || version.majorVersion() != 1) {
      return new Refusal(505, "The server speaks HTTP/1.1 and HTTP/1.0.");
    }
    if (!exchange.isUnderstood()) {
      return new Refusal(400, "The path or the query is not well percent-encoded.");
    }
    boolean named = headers.contains(HttpHeaderNames.HOST);
    if (version.minorVersion() > 0 ? !one(headers) : named && !one(headers)) {
      return new Refusal(400, "HTTP/1.1 needs exactly one Host header.");
    }
    if (HttpUtil.getContentLength(head, 0L) > config.bodyLimit()) {
      return Refusal.bodyTooLarge(config);
    }
    String expect = headers.get(HttpHeaderNames.EXPECT);
    if (expect != null && !expect.equalsIgnoreCase("100-continue")) {
      return new Refusal(417, "The only expectation that the server meets is 100-continue.");
    }
    String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING);
    if (encoding != null && !Compression.isKnown(encoding)) {
      return new Refusal(
          415,
          "The body's encoding must be gzip, deflate or identity.",
          Map.of("accept-encoding", "gzip, deflate"));
    }
    return read == null || exchange.isPreflight() ? null : authorise(headers, exchange, read);
  }

  private static boolean one(HttpHeaders headers) {
    var hosts = headers.valueStringIterator(HttpHeaderNames.HOST);
    if (!hosts.hasNext()) {
      return false;
    }
    hosts.next();
    return !hosts.hasNext();
  }

  private @Nullable Refusal authorise(HttpHeaders headers, Exchange exchange, List<byte[]> read) {
    Access required = config.access().requiredFor(exchange.method(), exchange.path());
    if (required == Access.OPEN) {
      return null;
    }
    String given = headers.get(HttpHeaderNames.AUTHORIZATION);
    if (given == null || !given.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return new Refusal(
          401,
          "This path needs a token: send the header Authorization: Bearer, and the token.",
          Map.of("www-authenticate", "Bearer"));
    }
    byte[] token = given.substring(SCHEME.length()).strip().getBytes(UTF_8);
    boolean isAdmin = contains(admin, token);
    boolean reads = contains(read, token);
    if (!isAdmin && !reads) {
      return new Refusal(
          401,
          "The token is not one of the server's.",
          Map.of("www-authenticate", "Bearer error=\"invalid_token\""));
    }
    if (required == Access.ADMIN && !isAdmin) {
      return new Refusal(
          403,
          "This path needs a token of the admin scope.",
          Map.of("www-authenticate", "Bearer error=\"insufficient_scope\""));
    }
    return null;
  }

  /** Always looks at all, so that the time says nothing of which was nearly right. */
  private static boolean contains(List<byte[]> tokens, byte[] given) {
    boolean found = false;
    for (byte[] token : tokens) {
      found |= MessageDigest.isEqual(token, given);
    }
    return found;
  }

  /** Nothing unless the origin's pages may ask. */
  @Nullable String allowedOrigin(HttpHeaders headers) {
    if (config.crossOrigins().isEmpty()) {
      return null;
    }
    String origin = headers.get(HttpHeaderNames.ORIGIN);
    if (origin == null) {
      return null;
    }
    if (config.crossOrigins().contains("*")) {
      return "*";
    }
    return config.crossOrigins().contains(origin) ? origin : null;
  }
}
