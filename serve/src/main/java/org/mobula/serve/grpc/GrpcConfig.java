package org.mobula.serve.grpc;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Range;
import org.mobula.serve.http.AccessEntry;
import org.mobula.serve.http.ConnectionsConfig;
import org.mobula.serve.http.Tls;
import org.mobula.serve.http.Tokens;

/**
 * How to listen.
 *
 * @param host name or address to listen at; one other than loopback needs {@code tokens}
 * @param port 0 for any free one
 * @param messageLimit bytes of a request's message, also decompressed; it is refused beyond
 * @param connections how many there may be, and how long they may be idle
 * @param tokens whom to let through; nothing lets everybody, where {@code host} is loopback
 * @param tls nothing for plain HTTP/2
 * @param accessLog takes every call that has ended, in an event loop; nothing for no log
 */
public record GrpcConfig(
    String host,
    @Range(min = 0, max = 65_535) int port,
    @Range(min = 1) int messageLimit,
    ConnectionsConfig connections,
    @Nullable Tokens tokens,
    @Nullable Tls tls,
    @Nullable Consumer<AccessEntry> accessLog) {

  /** Checks the values. */
  public GrpcConfig {
    Constraints.check(
        GrpcConfig.class, host, port, messageLimit, connections, tokens, tls, accessLog);
  }
}
