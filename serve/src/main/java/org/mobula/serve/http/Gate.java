package org.mobula.serve.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Looks at a request's head, and says whether to go on. */
final class Gate {
  private final HttpConfig config;
  private final Guard guard;

  Gate(HttpConfig config) {
    this.config = config;
    this.guard = new Guard(config.tokens());
  }

  Guard guard() {
    return guard;
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
    return exchange.isPreflight() ? null : authorise(headers, exchange);
  }

  private static boolean one(HttpHeaders headers) {
    var hosts = headers.valueStringIterator(HttpHeaderNames.HOST);
    if (!hosts.hasNext()) {
      return false;
    }
    hosts.next();
    return !hosts.hasNext();
  }

  private @Nullable Refusal authorise(HttpHeaders headers, Exchange exchange) {
    Access required = config.access().requiredFor(exchange.method(), exchange.path());
    return switch (guard.admit(headers.get(HttpHeaderNames.AUTHORIZATION), required)) {
      case ADMITTED -> null;
      case NO_TOKEN ->
          new Refusal(
              401,
              "This path needs a token: send the header Authorization: Bearer, and the token.",
              Map.of("www-authenticate", "Bearer"));
      case UNKNOWN_TOKEN ->
          new Refusal(
              401,
              "The token is not one of the server's.",
              Map.of("www-authenticate", "Bearer error=\"invalid_token\""));
      case NOT_ADMIN ->
          new Refusal(
              403,
              "This path needs a token of the admin scope.",
              Map.of("www-authenticate", "Bearer error=\"insufficient_scope\""));
    };
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
