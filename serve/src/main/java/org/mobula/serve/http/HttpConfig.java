package org.mobula.serve.http;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Range;

/**
 * How to listen, and how much to take from a client.
 *
 * @param host name or address to listen at; one other than loopback needs {@code tokens}
 * @param port 0 for any free one
 * @param eventLoops threads that read and write; each connection stays with one
 * @param bodyLimit bytes of a request's body, both as received and decompressed; 413 beyond
 * @param headerLimit bytes of a request's headers; 431 beyond
 * @param requestLineLimit bytes of a request's first line; 414 beyond
 * @param pipelineLimit unanswered requests of a connection from which on it is not read further
 * @param headerTimeout from a request's first byte to the end of its headers; 408 beyond
 * @param bodyTimeout from the end of the headers to the end of the body; 408 beyond
 * @param idleTimeout between requests of a connection, which is closed beyond
 * @param sendTimeout without a byte taken by the client, whose connection is closed beyond
 * @param compressFrom bytes of an answer's body from which on it is compressed for those who accept
 * @param crossOrigins web origins whose pages may ask, such as {@code https://example.org}; {@code
 *     *} for all
 * @param tokens whom to let through; nothing lets everybody, where {@code host} is loopback
 * @param access which request needs which scope; heeded where there are tokens
 * @param tls nothing for plain HTTP
 * @param accessLog takes every answered request, in an event loop; nothing for no log
 */
@RecordBuilder
public record HttpConfig(
    String host,
    @Range(min = 0, max = 65_535) int port,
    @Range(min = 1, max = 1024) int eventLoops,
    @Range(min = 1) int bodyLimit,
    @Range(min = 64) int headerLimit,
    @Range(min = 64) int requestLineLimit,
    @Range(min = 1) int pipelineLimit,
    @Range(exclusiveMin = 0) Duration headerTimeout,
    @Range(exclusiveMin = 0) Duration bodyTimeout,
    @Range(exclusiveMin = 0) Duration idleTimeout,
    @Range(exclusiveMin = 0) Duration sendTimeout,
    @Range(min = 1) int compressFrom,
    List<String> crossOrigins,
    @Nullable Tokens tokens,
    Access.Rule access,
    @Nullable Tls tls,
    @Nullable Consumer<AccessEntry> accessLog)
    implements HttpConfigBuilder.With {

  /** Checks the values. */
  public HttpConfig {
    crossOrigins = List.copyOf(crossOrigins);
    Constraints.check(
        HttpConfig.class,
        host,
        port,
        eventLoops,
        bodyLimit,
        headerLimit,
        requestLineLimit,
        pipelineLimit,
        headerTimeout,
        bodyTimeout,
        idleTimeout,
        sendTimeout,
        compressFrom,
        crossOrigins,
        tokens,
        access,
        tls,
        accessLog);
  }

  /** Plain HTTP on loopback at a port: a body to 64 MiB, headers to 16 KiB, a minute for slow. */
  public static HttpConfig onLoopback(int port) {
    return new HttpConfig(
        "127.0.0.1",
        port,
        Math.min(4, Runtime.getRuntime().availableProcessors()),
        64 << 20,
        16 << 10,
        8 << 10,
        64,
        Duration.ofSeconds(10),
        Duration.ofSeconds(60),
        Duration.ofSeconds(75),
        Duration.ofSeconds(30),
        32 << 10,
        List.of(),
        null,
        (method, path) -> Access.READ,
        null,
        null);
  }
}
