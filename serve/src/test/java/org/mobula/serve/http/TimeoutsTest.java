package org.mobula.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mobula.serve.http.RawClient.post;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Slow clients, by a clock that the tests turn: the server looks at it often. */
@Timeout(300)
class TimeoutsTest {
  private static final Duration HEADER = Duration.ofMillis(40);
  private static final Duration BODY = Duration.ofSeconds(100);
  private static final Duration IDLE = Duration.ofSeconds(1000);
  private static final Duration SEND = Duration.ofSeconds(10_000);

  private static HttpConfig config() {
    return ServerHarness.config()
        .withConnections(
            ConnectionsConfig.defaults()
                .with(
                    c ->
                        c.headerTimeout(HEADER)
                            .bodyTimeout(BODY)
                            .idleTimeout(IDLE)
                            .sendTimeout(SEND)));
  }

  @Test
  void refusesSlowHeadersOnceTheServerHasThem() throws Exception {
    try (ServerHarness harness = new ServerHarness(config(), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      client.send("GET / HTTP/1.1\r\nhost:");
      awaitBytes(harness, 21);
      harness.pass(HEADER.plusMillis(1));
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(408);
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(answer.body())
          .isEqualTo("{\"error\": \"The headers did not arrive within 40 ms; send faster.\"}");
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void refusesTheSlowHeadersOfALaterRequest() throws Exception {
    try (ServerHarness harness = new ServerHarness(config(), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      client.send(post("/", "first")).read();
      long before = harness.server.counters().bytesReceived();
      // Between requests, the time of headers does not run.
      harness.pass(HEADER.multipliedBy(2));
      client.send("G");
      awaitBytes(harness, before + 1);
      harness.pass(HEADER.plusMillis(1));
      assertThat(client.read().status()).isEqualTo(408);
    }
  }

  @Test
  void closesAConnectionThatNeverAsks() throws IOException {
    try (ServerHarness harness = new ServerHarness(config(), ServerHarness.ECHO);
        RawClient client = harness.connect();
        RawClient other = harness.connect()) {
      // The second's answer shows that the server knows of the first.
      other.send(post("/", "x")).read();
      while (harness.server.counters().connectionsOpen() < 2) {
        Thread.onSpinWait();
      }
      harness.pass(HEADER.plusMillis(1));
      assertThat(client.isClosedByServer()).isTrue();
      assertThat(other.send(post("/", "still there")).read().body()).isEqualTo("still there");
    }
  }

  @Test
  void refusesASlowBody() throws Exception {
    String head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n";
    try (ServerHarness harness = new ServerHarness(config(), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      client.send(head);
      awaitBytes(harness, head.length());
      for (int i = 1; i <= 10; i++) {
        // Each byte comes in good time, the body does not.
        client.send("x");
        awaitBytes(harness, head.length() + i);
        harness.pass(BODY.dividedBy(10).plusMillis(1));
      }
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(408);
      assertThat(answer.body()).contains("The body did not arrive within 100000 ms");
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void closesAnIdleConnectionButNotOneThatWaits() throws Exception {
    BlockingQueue<HttpResponder> waiting = new LinkedBlockingQueue<>();
    HttpHandler handler =
        (request, responder) -> {
          if (request.path().equals("/slow")) {
            waiting.add(responder);
          } else {
            responder.send(200, "text/plain", Map.of(), request.body());
          }
        };
    try (ServerHarness harness = new ServerHarness(config(), handler);
        RawClient idle = harness.connect();
        RawClient patient = harness.connect()) {
      idle.send(post("/", "x")).read();
      patient.send(post("/slow", "x"));
      HttpResponder slow = waiting.take();
      harness.pass(IDLE.plusMillis(1));
      assertThat(idle.isClosedByServer()).isTrue();
      ServerHarness.reply(slow, "at last");
      assertThat(patient.read().body()).isEqualTo("at last");
    }
  }

  @Test
  void closesAConnectionThatTakesNoAnswer() throws Exception {
    HttpHandler large =
        (request, responder) ->
            responder.send(200, "text/plain", Map.of(), ByteBuffer.allocate(50_000_000));
    try (ServerHarness harness = new ServerHarness(config(), large)) {
      Socket small = new Socket();
      small.setReceiveBufferSize(4096);
      try (RawClient client = new RawClient(small, harness.server.address())) {
        client.send(post("/", "x"));
        while (harness.server.counters().bytesSent() == 0) {
          Thread.onSpinWait();
        }
        while (harness.server.counters().connectionsOpen() > 0) {
          harness.pass(SEND);
          Thread.onSpinWait();
        }
      }
    }
  }

  private static void awaitBytes(ServerHarness harness, long bytes) {
    while (harness.server.counters().bytesReceived() < bytes) {
      Thread.onSpinWait();
    }
  }
}
