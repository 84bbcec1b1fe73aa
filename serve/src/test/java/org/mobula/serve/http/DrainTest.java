package org.mobula.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mobula.serve.http.RawClient.get;
import static org.mobula.serve.http.RawClient.post;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.testing.NewThread;

/** How a server ends. */
@Timeout(300)
class DrainTest {
  private static final Duration LONG = Duration.ofSeconds(40);

  @Test
  void answersWhatIsUnderWayAndThenEnds() throws Exception {
    BlockingQueue<HttpResponder> asked = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(), (request, responder) -> asked.add(responder));
        RawClient client = harness.connect();
        RawClient idle = harness.connect()) {
      client.send(get("/1") + get("/2"));
      HttpResponder first = asked.take();
      HttpResponder second = asked.take();
      CompletableFuture<Boolean> stopped =
          CompletableFuture.supplyAsync(() -> harness.server.stop(LONG), NewThread.EACH);
      // The idle one is closed once the grace is over, which is after the draining began.
      assertThat(idle.isClosedByServer()).isTrue();
      assertThat(stopped).isNotDone();
      ServerHarness.reply(first, "one");
      ServerHarness.reply(second, "two");
      assertThat(client.read().headers()).doesNotContainKey("connection");
      RawClient.Answer last = client.read();
      assertThat(last.body()).isEqualTo("two");
      assertThat(last.header("connection")).isEqualTo("close");
      assertThat(client.isClosedByServer()).isTrue();
      client.socket().close();
      assertThat(stopped.get()).isTrue();
    }
  }

  @Test
  void finishesARequestThatIsArriving() throws Exception {
    String head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n";
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect();
        RawClient idle = harness.connect()) {
      client.send(head + "half");
      while (harness.server.counters().bytesReceived() < head.length() + 4) {
        Thread.onSpinWait();
      }
      CompletableFuture<Boolean> stopped =
          CompletableFuture.supplyAsync(() -> harness.server.stop(LONG), NewThread.EACH);
      assertThat(idle.isClosedByServer()).isTrue();
      RawClient.Answer answer = client.send("half").read();
      assertThat(answer.body()).isEqualTo("halfhalf");
      assertThat(answer.header("connection")).isEqualTo("close");
      client.socket().close();
      assertThat(stopped.get()).isTrue();
    }
  }

  @Test
  void doesNotWaitForeverForAnAnswer() throws Exception {
    BlockingQueue<HttpResponder> asked = new LinkedBlockingQueue<>();
    try (ServerHarness harness =
            new ServerHarness(
                ServerHarness.config(), (request, responder) -> asked.add(responder));
        RawClient client = harness.connect()) {
      client.send(post("/", "who answers?"));
      HttpResponder late = asked.take();
      assertThat(harness.server.stop(Duration.ofMillis(20))).isFalse();
      assertThat(client.isClosedByServer()).isTrue();
      // Nobody is left to write it, and nothing goes wrong.
      ServerHarness.reply(late, "too late");
    }
  }

  @Test
  void losesNoRequestUnderLoad() throws Exception {
    int clients = 16;
    AtomicInteger served = new AtomicInteger();
    ExecutorService others = Executors.newFixedThreadPool(clients + 2);
    try (ServerHarness harness =
        new ServerHarness(
            ServerHarness.config(),
            (request, responder) ->
                others.execute(
                    () -> {
                      served.incrementAndGet();
                      responder.send(200, "text/plain", Map.of(), request.body());
                    }))) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int c = 0; c < clients; c++) {
        Callable<Integer> load = () -> askUntilTheEnd(harness);
        results.add(others.submit(load));
      }
      while (served.get() < 500) {
        Thread.onSpinWait();
      }
      assertThat(harness.server.stop(LONG)).isTrue();
      int answered = 0;
      for (Future<Integer> result : results) {
        answered += result.get();
      }
      assertThat(answered).isEqualTo(served.get());
    } finally {
      others.shutdown();
    }
  }

  /** Asks until an answer says that it was the last, or the server closes between two. */
  private static int askUntilTheEnd(ServerHarness harness) throws IOException {
    int answered = 0;
    try (RawClient client = harness.connect()) {
      while (true) {
        RawClient.Answer answer = client.send(post("/", "load")).read();
        assertThat(answer.status()).isEqualTo(200);
        answered++;
        if ("close".equals(answer.header("connection"))) {
          return answered;
        }
      }
    } catch (EOFException | SocketException e) {
      // A client that was slow to ask again: what it asked last was not taken.
      return answered;
    }
  }
}
