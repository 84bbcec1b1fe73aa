package org.mobula.serve.http;

import java.nio.ByteBuffer;
import java.util.Optional;

/** A whole HTTP request. */
public interface HttpRequest {
  /** Such as {@code POST}. */
  String method();

  /** Without the query, percent-decoded: {@code /v2/models/cartpole/infer}. */
  String path();

  /** The first query parameter of that name. */
  Optional<String> query(String name);

  /** The first header of that name, in whatever case. */
  Optional<String> header(String name);

  /** The body, decompressed; read-only, valid until the answer is given. */
  ByteBuffer body();

  /** When its first byte came, as {@link System#nanoTime}. */
  long receivedNanos();

  /** Whether the client has gone away: nobody waits for the answer. */
  boolean isAbandoned();
}
