package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * An answer of the server's own to a request that it does not hand on.
 *
 * @param sentence what is wrong and what was expected
 */
record Refusal(int status, String sentence, Map<String, String> headers) {
  Refusal(int status, String sentence) {
    this(status, sentence, Map.of());
  }

  /** For what the decoder could not read. */
  static Refusal of(Throwable cause, HttpConfig config) {
    if (cause instanceof TooLongHttpLineException) {
      return new Refusal(
          414, "The request line exceeds " + config.requestLineLimit() + " bytes; shorten it.");
    }
    if (cause instanceof TooLongHttpHeaderException) {
      return new Refusal(
          431, "The headers exceed " + config.headerLimit() + " bytes; send fewer or shorter.");
    }
    return new Refusal(400, "The request is not well-formed HTTP/1.1; check its head and framing.");
  }

  static Refusal bodyTooLarge(HttpConfig config) {
    return new Refusal(
        413, "The body exceeds " + config.bodyLimit() + " bytes; send it in smaller requests.");
  }

  /** Only sentences of this package come here: none has a quote or a backslash. */
  ByteBuffer json() {
    return ByteBuffer.wrap(("{\"error\": \"" + sentence + "\"}").getBytes(UTF_8));
  }
}
