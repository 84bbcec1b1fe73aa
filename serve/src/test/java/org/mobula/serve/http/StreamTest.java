package org.mobula.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class StreamTest {
  /** Streams what a queue of sinks is told; echoes elsewhere. */
  private static HttpHandler asking(BlockingQueue<PartSource.Sink> sinks) {
    return (request, responder) -> {
      if (request.path().equals("/stream")) {
        responder.stream(200, "text/plain", Map.of("x-a", "b"), sinks::add);
      } else {
        ServerHarness.reply(responder, "whole");
      }
    };
  }

  @Test
  void sendsEachPartAsSoonAsItIsThereAndWhatFollowsAfterwards() throws Exception {
    BlockingQueue<PartSource.Sink> sinks = new LinkedBlockingQueue<>();
    try (ServerHarness harness = new ServerHarness(ServerHarness.config(), asking(sinks));
        RawClient client = harness.connect()) {
      client.send(RawClient.get("/stream") + RawClient.get("/other"));
      RawClient.Answer head = client.read();
      assertThat(head.header("transfer-encoding")).isEqualTo("chunked");
      assertThat(head.header("content-length")).isNull();
      assertThat(head.header("x-a")).isEqualTo("b");
      PartSource.Sink first = sinks.take();
      first.part(ServerHarness.bytes("first"));
      assertThat(client.line()).isEqualTo("5");
      assertThat(client.line()).isEqualTo("first");
      assertThatThrownBy(() -> first.part(ServerHarness.bytes("again")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("wait to be asked for another");
      sinks.take().part(ByteBuffer.allocate(0));
      sinks.take().part(ServerHarness.bytes("the second part"));
      assertThat(client.line()).isEqualTo("f");
      assertThat(client.line()).isEqualTo("the second part");
      sinks.take().end();
      assertThat(client.line()).isEqualTo("0");
      assertThat(client.line()).isEmpty();
      assertThat(client.read().body()).isEqualTo("whole");
      assertThat(client.send(RawClient.get("/more")).read().body()).isEqualTo("whole");
      assertThat(harness.server.counters().successes()).isEqualTo(3);
    }
  }

  @Test
  void anOlderClientHasTheEndByTheClose() throws Exception {
    BlockingQueue<PartSource.Sink> sinks = new LinkedBlockingQueue<>();
    try (ServerHarness harness = new ServerHarness(ServerHarness.config(), asking(sinks));
        RawClient client = harness.connect()) {
      client.send("GET /stream HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
      RawClient.Answer head = client.read();
      assertThat(head.header("transfer-encoding")).isNull();
      assertThat(head.header("connection")).isEqualTo("close");
      sinks.take().part(ServerHarness.bytes("one "));
      sinks.take().part(ServerHarness.bytes("two"));
      sinks.take().end();
      assertThat(client.readToEnd()).isEqualTo("one two");
    }
  }

  @Test
  void askedForItsHeadAStreamHasNoParts() throws Exception {
    BlockingQueue<PartSource.Sink> sinks = new LinkedBlockingQueue<>();
    try (ServerHarness harness = new ServerHarness(ServerHarness.config(), asking(sinks));
        RawClient client = harness.connect()) {
      client.send("HEAD /stream HTTP/1.1\r\nhost: test\r\n\r\n" + RawClient.get("/other"));
      assertThat(client.readHead().status()).isEqualTo(200);
      assertThat(client.read().body()).isEqualTo("whole");
      assertThat(sinks).isEmpty();
    }
  }

  @Test
  void waitsForAClientThatDoesNotRead() throws Exception {
    int size = 1 << 20;
    int many = 64; // more than sockets hold
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch begun = new CountDownLatch(1);
    PartSource parts =
        sink -> {
          if (asked.getAndIncrement() == many) {
            sink.end();
          } else {
            sink.part(ByteBuffer.allocate(size));
          }
          begun.countDown();
        };
    HttpHandler handler =
        (request, responder) -> {
          if (request.path().equals("/stream")) {
            responder.stream(200, "text/plain", Map.of(), parts);
          } else {
            ServerHarness.reply(responder, "whole");
          }
        };
    try (ServerHarness harness =
            new ServerHarness(ServerHarness.config().withEventLoops(1), handler);
        RawClient client = harness.connect();
        RawClient other = harness.connect()) {
      client.send(RawClient.get("/stream"));
      begun.await();
      int before = -1;
      while (before != asked.get()) { // as long as the sockets between them take some
        before = asked.get();
        for (int i = 0; i < 20; i++) {
          assertThat(other.send(RawClient.get("/")).read().body()).isEqualTo("whole");
        }
      }
      assertThat(before).isLessThan(many);
      client.read();
      for (int i = 0; i < many; i++) {
        assertThat(client.line()).isEqualTo(Integer.toHexString(size));
        assertThat(client.bytes(size)).hasSize(size);
        assertThat(client.line()).isEmpty();
      }
      assertThat(client.line()).isEqualTo("0");
      assertThat(asked).hasValue(many + 1);
    }
  }

  @Test
  void stopsWhenTheClientHasGone() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch gone = new CountDownLatch(1);
    HttpHandler handler =
        (request, responder) ->
            responder.stream(
                200,
                "text/plain",
                Map.of(),
                sink -> {
                  asked.incrementAndGet();
                  if (request.isAbandoned()) {
                    gone.countDown();
                  }
                  sink.part(ByteBuffer.allocate(1000));
                });
    try (ServerHarness harness = new ServerHarness(ServerHarness.config(), handler)) {
      try (RawClient client = harness.connect()) {
        client.send(RawClient.get("/stream")).read();
      }
      while (harness.server.counters().connectionsOpen() > 0
          || harness.server.counters().abandoned() == 0) { // which is counted after the other
        Thread.onSpinWait();
      }
      assertThat(harness.server.counters().abandoned()).isEqualTo(1);
      assertThat(gone.getCount()).as("was not asked once it was gone").isEqualTo(1);
    }
  }
}
