package org.mobula.serve.http;

import io.soabase.recordbuilder.core.RecordBuilder;
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
 * @param connections how many there may be, and how long a client may take
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
    ConnectionsConfig connections,
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
        connections,
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
        ConnectionsConfig.defaults(),
        32 << 10,
        List.of(),
        null,
        (method, path) -> Access.READ,
        null,
        null);
  }
}
