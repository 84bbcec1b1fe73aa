package org.mobula.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** A server for one test, held to leave no buffer behind. */
final class ServerHarness implements AutoCloseable {
  /** Answers with the body that came. */
  static final HttpHandler ECHO =
      (request, responder) -> responder.send(200, "text/plain", Map.of(), request.body());

  /** What a server of tests is made of: two threads and limits that are quickly reached. */
  static HttpConfig config() {
    return HttpConfig.onLoopback(0)
        .withEventLoops(2)
        .withBodyLimit(100_000)
        .withHeaderLimit(1000)
        .withRequestLineLimit(200)
        .withPipelineLimit(8)
        .withConnections(ConnectionsConfig.defaults().withHalfCloseTimeout(Duration.ofSeconds(1)));
  }

  private final AtomicLong clock = new AtomicLong(System.nanoTime());
  final HttpServer server;

  ServerHarness(HttpConfig config, HttpHandler handler) throws IOException {
    server = HttpServer.start(config, handler, clock::get);
  }

  static ServerHarness echo() throws IOException {
    return new ServerHarness(config(), ECHO);
  }

  /** Lets the server's time pass, and no other. */
  void pass(Duration time) {
    clock.addAndGet(time.toNanos());
  }

  RawClient connect() throws IOException {
    return new RawClient(server.address());
  }

  static void reply(HttpResponder responder, String text) {
    responder.send(200, "text/plain", Map.of(), bytes(text));
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    server.close();
    assertThat(server.unreleasedBuffers()).as("buffers left behind").isZero();
  }
}
