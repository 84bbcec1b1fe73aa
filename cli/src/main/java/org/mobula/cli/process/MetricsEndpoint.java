package org.mobula.cli.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.metrics.PrometheusSink;
import org.mobula.parameterserver.wire.Address;
import org.mobula.serve.http.HttpConfig;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.http.HttpServer;
import org.mobula.serve.http.Tokens;

/**
 * {@code http://ADDRESS/metrics}, for Prometheus to ask: by the HTTP front that serves policies.
 */
public final class MetricsEndpoint implements AutoCloseable {
  private static final String PATH = "/metrics";
  private static final int MOST_BODY_BYTES = 1024;

  private final HttpServer server;
  private volatile @Nullable PrometheusSink sink;

  private MetricsEndpoint(HttpConfig config) throws IOException {
    server = HttpServer.start(config, this::answer);
  }

  /**
   * Listens from now on.
   *
   * @param address host and port as the command line has them; null for none
   * @param token that whoever asks must have; empty for none, which loopback alone allows
   * @return null where there is no address
   */
  public static @Nullable MetricsEndpoint at(@Nullable String address, String token) {
    if (address == null) {
      return null;
    }
    try {
      if (!(Address.parse(address) instanceof Address.Tcp tcp)) {
        throw new IllegalArgumentException(
            "address is '" + address + "' but must be host:port, which Prometheus can ask");
      }
      HttpConfig loopback = HttpConfig.onLoopback(tcp.port());
      return new MetricsEndpoint(
          loopback.with(
              c ->
                  c.host(tcp.host())
                      .eventLoops(1)
                      .bodyLimit(MOST_BODY_BYTES)
                      .tokens(token.isEmpty() ? null : new Tokens(List.of(token), List.of()))));
    } catch (InvalidValueException e) {
      throw CommandFailure.usage(
          "--metrics cannot listen at %s: %s".formatted(address, ErrorReport.message(e)),
          "Name a loopback address, such as --metrics 127.0.0.1:9464, or give a token.");
    } catch (IllegalArgumentException | IOException e) {
      throw CommandFailure.usage(
          "--metrics: " + ErrorReport.message(e), "Such as --metrics 127.0.0.1:9464");
    }
  }

  /** What is answered from now on. */
  public void show(PrometheusSink metrics) {
    sink = metrics;
  }

  /** What to ask. */
  public String url() {
    return "http://"
        + new Address.Tcp(server.address().getHostString(), server.address().getPort())
        + PATH;
  }

  private void answer(HttpRequest request, HttpResponder responder) {
    PrometheusSink metrics = sink;
    boolean there = request.path().equals(PATH);
    boolean get = request.method().equals("GET");
    responder.send(
        !there ? 404 : get ? 200 : 405,
        PrometheusSink.CONTENT_TYPE,
        there && !get ? Map.of("Allow", "GET") : Map.of(),
        ByteBuffer.wrap(
            (there && get && metrics != null ? metrics.exposition() : "").getBytes(UTF_8)));
  }

  @Override
  public void close() {
    server.close();
  }
}
