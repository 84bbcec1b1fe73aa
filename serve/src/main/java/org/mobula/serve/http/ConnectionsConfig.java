package org.mobula.serve.http;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/** How many connections a server holds, and how long a client may take for what it is at. */
@RecordBuilder
public record ConnectionsConfig(
    @Doc(
            "connections held at once, over HTTP and gRPC each; further ones are answered by 503"
                + " and closed, over gRPC closed; each needs a file descriptor")
        @Range(min = 1)
        int limit,
    @Doc("from a request's first byte to the end of its headers, or a handshake's; 408 beyond")
        @Range(exclusiveMin = 0)
        Duration headerTimeout,
    @Doc(
            "from the end of the headers to the end of the body; 408 beyond; not over gRPC, where calls have deadlines")
        @Range(exclusiveMin = 0)
        Duration bodyTimeout,
    @Doc("between a connection's requests; it is closed beyond") @Range(exclusiveMin = 0)
        Duration idleTimeout,
    @Doc("without a byte of an answer taken by the client; its connection is closed beyond")
        @Range(exclusiveMin = 0)
        Duration sendTimeout,
    @Doc(
            "how long what a client has asked is still answered once it sends nothing more, as one"
                + " that has gone looks the same; without TLS")
        @Range(exclusiveMin = 0)
        Duration halfCloseTimeout)
    implements Serializable, ConnectionsConfigBuilder.With {

  /** Checks the values. */
  public ConnectionsConfig {
    Constraints.check(
        ConnectionsConfig.class,
        limit,
        headerTimeout,
        bodyTimeout,
        idleTimeout,
        sendTimeout,
        halfCloseTimeout);
  }

  /** Ten thousand; 10 s for headers, 60 s for a body, 75 s idle, 30 s unsent, 5 s half closed. */
  public static ConnectionsConfig defaults() {
    return new ConnectionsConfig(
        10_000,
        Duration.ofSeconds(10),
        Duration.ofSeconds(60),
        Duration.ofSeconds(75),
        Duration.ofSeconds(30),
        Duration.ofSeconds(5));
  }
}
