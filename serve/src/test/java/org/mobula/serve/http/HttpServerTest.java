package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mobula.serve.http.RawClient.get;
import static org.mobula.serve.http.RawClient.post;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every client relies on: framing, order, keep-alive, and what the handler sees. */
@Timeout(300)
class HttpServerTest {
  private record Pending(HttpRequest request, HttpResponder responder) {}

  @Test
  void answersManyRequestsOfOneConnection() throws IOException {
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      for (int i = 0; i < 100; i++) {
        RawClient.Answer answer = client.send(post("/echo", "body " + i)).read();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("body " + i);
        assertThat(answer.headers())
            .containsEntry("content-type", "text/plain")
            .doesNotContainKey("connection");
        assertThat(answer.header("date"))
            .matches("[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT");
      }
      assertThat(harness.server.counters().successes()).isEqualTo(100);
      assertThat(harness.server.counters().connectionsAccepted()).isEqualTo(1);
    }
  }

  @Test
  void isTheSameOnJavasOwnSelectors() throws IOException {
    try (HttpServer server = HttpServer.startNio(ServerHarness.config(), ServerHarness.ECHO);
        RawClient client = new RawClient(server.address())) {
      assertThat(client.send(post("/echo", "nio")).read().body()).isEqualTo("nio");
      assertThat(client.send("POST / HTTP/1.1\r\nbad head\r\n\r\n").read().status()).isEqualTo(400);
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void answersPipelinedRequestsInTheirOrder() throws Exception {
    BlockingQueue<Pending> pending = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> pending.add(new Pending(request, responder)));
        RawClient client = harness.connect()) {
      client.send(get("/0") + get("/1") + get("/2") + get("/3"));
      Pending[] taken = new Pending[4];
      for (int i = 0; i < taken.length; i++) {
        taken[i] = pending.take();
        assertThat(taken[i].request().path()).isEqualTo("/" + i);
      }
      // From the last to the first, from this thread.
      for (int i = taken.length - 1; i >= 0; i--) {
        ServerHarness.reply(taken[i].responder(), "answer " + i);
      }
      for (int i = 0; i < taken.length; i++) {
        assertThat(client.read().body()).isEqualTo("answer " + i);
      }
    }
  }

  @Test
  void readsNoFurtherThanThePipelineLimitUntilAnswersAreWritten() throws Exception {
    BlockingQueue<Pending> pending = new LinkedBlockingQueue<>();
    int requests = 5000;
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> pending.add(new Pending(request, responder)));
        RawClient client = harness.connect()) {
      Thread sender =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < requests; i++) {
                    client.send(post("/" + i, "x".repeat(200)));
                  }
                } catch (IOException e) {
                  // Then the reader misses answers.
                }
              });
      sender.start();
      for (int i = 0; i < requests; i++) {
        Pending next = pending.take();
        // What was decoded from one read comes at once; 64 KiB hold less than 400 of these.
        assertThat(pending.size()).isLessThan(1000);
        ServerHarness.reply(next.responder(), next.request().path());
        assertThat(client.read().body()).isEqualTo("/" + i);
      }
      sender.join();
    }
  }

  @Test
  void givesTheHandlerTheRequest() throws Exception {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> {
                  ByteBuffer body = request.body();
                  seen.add(
                      String.join(
                          "|",
                          request.method(),
                          request.path(),
                          request.query("a b").orElse("none"),
                          request.query("c").orElse("none"),
                          request.header("X-SOME").orElse("none"),
                          request.header("x-other").orElse("none"),
                          UTF_8.decode(body.duplicate()).toString(),
                          "" + body.isReadOnly(),
                          "" + request.isAbandoned()));
                  responder.send(201, "application/json", Map.of("x-id", "7"), body);
                });
        RawClient client = harness.connect()) {
      RawClient.Answer answer =
          client
              .send(
                  "PUT http://proxy/v2/a%20b%2Fc+d?a+b=1%202&a+b=3 HTTP/1.1\r\nHost: x\r\n"
                      + "x-Some: one\r\nx-some: two\r\ncontent-length: 4\r\n\r\nbody")
              .read();
      assertThat(seen.take()).isEqualTo("PUT|/v2/a b/c+d|1 2|none|one|none|body|true|false");
      assertThat(answer.status()).isEqualTo(201);
      assertThat(answer.header("x-id")).isEqualTo("7");
      assertThat(answer.body()).isEqualTo("body");
    }
  }

  @Test
  void takesChunkedBodiesAndBodiesInPieces() throws IOException {
    String large = "0123456789".repeat(9000);
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
      client.send("5\r\nhello\r\n").send("1\r\n \r\n").send("5;ext=1\r\nwor").send("ld\r\n0\r\n");
      assertThat(client.send("trailer: 1\r\n\r\n").read().body()).isEqualTo("hello world");

      String request = post("/", large);
      for (int at = 0; at < request.length(); at += 7001) {
        client.send(request.substring(at, Math.min(request.length(), at + 7001)));
      }
      assertThat(client.read().body()).isEqualTo(large);
      assertThat(client.send(post("/", "")).read().body()).isEmpty();
    }
  }

  @Test
  void keepsAnHttp10ConnectionOnlyOnRequest() throws IOException {
    try (ServerHarness harness = ServerHarness.echo()) {
      try (RawClient client = harness.connect()) {
        RawClient.Answer kept =
            client
                .send("POST / HTTP/1.0\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi")
                .read();
        assertThat(kept.body()).isEqualTo("hi");
        assertThat(kept.header("connection")).isEqualTo("keep-alive");
        RawClient.Answer last = client.send("GET / HTTP/1.0\r\n\r\n").read();
        assertThat(last.header("connection")).isEqualTo("close");
        assertThat(client.isClosedByServer()).isTrue();
      }
      try (RawClient client = harness.connect()) {
        client.send(get("/", "connection: close") + get("/never"));
        assertThat(client.read().header("connection")).isEqualTo("close");
        assertThat(client.isClosedByServer()).isTrue();
        assertThat(harness.server.counters().successes()).isEqualTo(3);
      }
    }
  }

  @Test
  void headHasTheHeadersOfGetAndNoBody() throws IOException {
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> ServerHarness.reply(responder, request.method()));
        RawClient client = harness.connect()) {
      RawClient.Answer head = client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n").readHead();
      assertThat(head.header("content-length")).isEqualTo("3");
      assertThat(client.send(get("/")).read().body()).isEqualTo("GET");
    }
  }

  @Test
  void aHandlerThatFailsAnswersFiveHundredWithoutItsReason() throws IOException {
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> {
                  throw new IllegalStateException("secret");
                });
        RawClient client = harness.connect()) {
      for (int i = 0; i < 2; i++) {
        RawClient.Answer answer = client.send(get("/")).read();
        assertThat(answer.status()).isEqualTo(500);
        assertThat(answer.header("content-type")).isEqualTo("application/json");
        assertThat(answer.body())
            .isEqualTo("{\"error\": \"The server failed on this request; its log says why.\"}");
      }
      assertThat(harness.server.counters().serverErrors()).isEqualTo(2);
    }
  }

  @Test
  void aWrongAnswerLeavesTheRequestOpen() throws IOException {
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> responder.send(99, "text/plain", Map.of()));
        RawClient client = harness.connect()) {
      assertThat(client.send(get("/")).read().status()).isEqualTo(500);
    }
  }

  @Test
  void halfAHeadOfAClientThatLeavesIsNoRequest() throws IOException {
    try (ServerHarness harness = ServerHarness.echo()) {
      try (RawClient client = harness.connect()) {
        client.send("GET / HTTP/1.1\r\nhost: x");
      }
      while (harness.server.counters().connectionsAccepted() == 0
          || harness.server.counters().connectionsOpen() > 0) {
        Thread.onSpinWait();
      }
      assertThat(harness.server.counters().clientErrors()).isZero();
    }
  }

  @Test
  void anAnswerIsGivenOnceAndItsHeadersMakeNoOthers() throws Exception {
    BlockingQueue<String> errors = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> {
                  responder.send(200, "text/plain", Map.of("x-a", "1\r\nx-b: 2"));
                  try {
                    ServerHarness.reply(responder, "again");
                  } catch (IllegalStateException e) {
                    errors.add(String.valueOf(e.getMessage()));
                  }
                });
        RawClient client = harness.connect()) {
      RawClient.Answer answer = client.send(get("/twice")).read();
      assertThat(answer.header("x-a")).isEqualTo("1  x-b: 2");
      assertThat(answer.headers()).doesNotContainKey("x-b");
      assertThat(errors.take())
          .isEqualTo("GET /twice is answered already; answer each request once");
    }
  }

  @Test
  void answersAClientThatEndsItsHalfOfTheConnection() throws Exception {
    BlockingQueue<Pending> pending = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(),
                (request, responder) -> {
                  if (request.path().equals("/later")) {
                    pending.add(new Pending(request, responder));
                  } else {
                    ServerHarness.reply(responder, "at once");
                  }
                });
        RawClient client = harness.connect();
        RawClient quick = harness.connect();
        RawClient partial = harness.connect()) {
      client.send(post("/later", "1") + post("/", "2")).endOutput();
      Pending first = pending.take();
      assertThat(quick.send(post("/", "x")).endOutput().read().body()).isEqualTo("at once");
      assertThat(quick.isClosedByServer()).isTrue();
      partial.send("POST /later HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhal").endOutput();
      assertThat(partial.isClosedByServer()).as("half a request is no request").isTrue();
      assertThat(first.request().isAbandoned()).isFalse();
      ServerHarness.reply(first.responder(), "in its time");
      RawClient.Answer answer = client.read();
      assertThat(answer.body()).isEqualTo("in its time");
      assertThat(answer.header("connection")).as("another answer follows").isNull();
      assertThat(client.read().header("connection")).isEqualTo("close");
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void sendsALargeAnswerWholeToAClientThatEndsItsHalf() throws Exception {
    byte[] large = new byte[20_000_000];
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config().withCompressFrom(Integer.MAX_VALUE),
                (request, responder) ->
                    responder.send(200, "text/plain", Map.of(), ByteBuffer.wrap(large)));
        RawClient client = harness.connect()) {
      assertThat(client.send(get("/")).endOutput().read().bytes()).hasSameSizeAs(large);
    }
  }

  @Test
  void tellsTheHandlerThatTheClientIsGone() throws Exception {
    BlockingQueue<Pending> pending = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
        new ServerHarness(
            ServerHarness.config(),
            (request, responder) -> pending.add(new Pending(request, responder)))) {
      Pending asked;
      try (RawClient client = harness.connect()) {
        client.send(post("/", "who waits?"));
        asked = pending.take();
        assertThat(asked.request().isAbandoned()).isFalse();
      }
      while (!asked.request().isAbandoned()) {
        Thread.onSpinWait();
      }
      // The body stays until the answer, since somebody may still read it.
      assertThat(UTF_8.decode(asked.request().body()).toString()).isEqualTo("who waits?");
      ServerHarness.reply(asked.responder(), "nobody");
      assertThat(harness.server.counters().abandoned()).isEqualTo(1);
    }
  }

  @Test
  void passesTheTraceParentOn() throws IOException {
    String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      assertThat(client.send(get("/", "traceparent: " + trace)).read().header("traceparent"))
          .isEqualTo(trace);
      assertThat(client.send(get("/")).read().headers()).doesNotContainKey("traceparent");
    }
  }

  @Test
  void logsEachAnswer() throws Exception {
    BlockingQueue<AccessEntry> entries = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config().withAccessLog(entries::add), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      client.send(post("/a?token=secret", "four")).read();
      AccessEntry entry = entries.take();
      assertThat(entry.client()).isEqualTo(client.socket().getLocalSocketAddress());
      assertThat(entry.method()).isEqualTo("POST");
      assertThat(entry.path()).isEqualTo("/a");
      assertThat(entry.status()).isEqualTo("200");
      assertThat(entry.requestBytes()).isEqualTo(4);
      assertThat(entry.answerBytes()).isGreaterThan(4);
      client.send("nonsense\r\n\r\n").read();
      assertThat(entries.take().status()).isEqualTo("400");
    }
  }

  @Test
  void servesJavasOwnClient() throws Exception {
    byte[] large = "large ".repeat(15_000).getBytes(UTF_8);
    try (ServerHarness harness = ServerHarness.echo()) {
      HttpClient client = HttpClient.newHttpClient();
      URI uri = URI.create("http://127.0.0.1:" + harness.server.address().getPort() + "/echo");
      for (int i = 0; i < 20; i++) {
        var request =
            java.net.http.HttpRequest.newBuilder(uri)
                .expectContinue(i % 2 == 0)
                .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(large))
                .build();
        var answer = client.sendAsync(request, BodyHandlers.ofByteArray());
        assertThat(answer.get(30, TimeUnit.SECONDS).body()).isEqualTo(large);
      }
    }
  }

  @Test
  void saysWhenItsPortIsTaken() throws IOException {
    try (ServerHarness harness = ServerHarness.echo()) {
      int port = harness.server.address().getPort();
      assertThatThrownBy(() -> HttpServer.start(HttpConfig.onLoopback(port), ServerHarness.ECHO))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen at 127.0.0.1:" + port)
          .hasMessageContaining("choose another port");
    }
  }
}
