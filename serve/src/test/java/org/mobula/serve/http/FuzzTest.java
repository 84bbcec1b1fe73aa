package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mobula.serve.http.RawClient.get;
import static org.mobula.serve.http.RawClient.post;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;

/** Requests with bytes changed, cut, doubled and put elsewhere. */
@Timeout(300)
class FuzzTest {
  private static final int ROUNDS = 100;
  private static final int REQUESTS = 1000;

  /** Of each round, so many go through sockets too. */
  private static final int OVER_SOCKETS = 20;

  private static final String[] BITS = {
    "\r\n",
    "\n",
    "\0",
    ": ",
    " ",
    "HTTP/1.0",
    "content-length: 5\r\n",
    "content-length: 99999999\r\n",
    "transfer-encoding: chunked\r\n",
    "0\r\n\r\n",
    "ffffffffffffffff\r\n",
    "expect: 100-continue\r\n",
    "connection: close\r\n",
    "content-encoding: gzip\r\n",
    "accept-encoding: gzip\r\n",
    "%",
    "?",
    "GET ",
    "HEAD ",
    "OPTIONS ",
    "\u00ff\u00fe",
  };

  private final Pcg64 random = new Pcg64(SeedSequence.of(5));
  private final byte[][] seeds = seeds();

  @Test
  void staysWholeWhateverComes() throws IOException {
    HttpConfig config = ServerHarness.config().withCompressFrom(30);
    PooledByteBufAllocator allocator = new PooledByteBufAllocator(true, 0, 1, 8192, 9, 0, 0, false);
    Gate gate = new Gate(config);
    AnswerWriter writer = new AnswerWriter(config, gate);
    writer.setTime(Instant.EPOCH);
    Endpoint endpoint =
        new Endpoint(
            config,
            ServerHarness.ECHO,
            gate,
            writer,
            new Counters(),
            System::nanoTime,
            new AtomicBoolean());
    try (ServerHarness harness = new ServerHarness(config, ServerHarness.ECHO)) {
      long memory = 0;
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < REQUESTS; i++) {
          byte[] request = mutant();
          feed(endpoint, allocator, request);
          if (i < OVER_SOCKETS) {
            try (RawClient client = harness.connect()) {
              client.send(request);
            }
          }
        }
        assertThat(active(allocator)).as("buffers left behind").isZero();
        try (RawClient client = harness.connect()) {
          assertThat(client.send(post("/", "healthy")).read().body()).isEqualTo("healthy");
        }
        if (round == ROUNDS / 10) {
          memory = harness.server.directMemory();
        }
      }
      assertThat(harness.server.directMemory()).isLessThanOrEqualTo(memory);
    }
    // Both must have been seen for this to be a test.
    HttpCounters counted = endpoint.counters().read();
    assertThat(counted.successes()).isGreaterThan(ROUNDS * REQUESTS / 10);
    assertThat(counted.clientErrors()).isGreaterThan(ROUNDS * REQUESTS / 10);
    assertThat(counted.serverErrors()).as("but 505").isLessThan(ROUNDS * REQUESTS / 10);
  }

  private void feed(Endpoint endpoint, PooledByteBufAllocator allocator, byte[] request) {
    Connection connection = new Connection(endpoint, false);
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.config().setAllocator(allocator);
    channel.pipeline().addLast(new RequestDecoder(connection, endpoint.config()), connection);
    int at = 0;
    while (at < request.length) {
      int length =
          random.nextInt(3) == 0 ? 1 + random.nextInt(request.length - at) : request.length - at;
      ByteBuf piece = allocator.directBuffer(length).writeBytes(request, at, length);
      if (channel.isActive()) {
        channel.writeInbound(piece);
      } else {
        piece.release();
      }
      at += length;
    }
    channel.finish();
    channel.checkException();
    StringBuilder answers = new StringBuilder();
    for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      answers.append(out.toString(ISO_8859_1));
      out.release();
    }
    if (answers.length() > 0) {
      assertThat(answers).as(new String(request, ISO_8859_1)).startsWith("HTTP/1.1 ");
      assertThat(answers.indexOf("HTTP/1.1 500")).isNegative();
    }
  }

  private static long active(PooledByteBufAllocator allocator) {
    long buffers = 0;
    for (PoolArenaMetric arena : allocator.metric().directArenas()) {
      buffers += arena.numActiveAllocations();
    }
    return buffers;
  }

  private byte[] mutant() {
    byte[] request = seeds[random.nextInt(seeds.length)];
    for (int changes = 1 + random.nextInt(3); changes > 0 && request.length > 0; changes--) {
      int from = random.nextInt(request.length);
      int to = Math.min(request.length, from + 1 + random.nextInt(20));
      request =
          switch (random.nextInt(5)) {
            case 0 ->
                splice(request, from, from, BITS[random.nextInt(BITS.length)].getBytes(ISO_8859_1));
            case 1 -> splice(request, from, from + 1, new byte[] {(byte) random.nextInt(256)});
            case 2 -> splice(request, from, to, new byte[0]);
            case 3 -> splice(request, from, from, Arrays.copyOfRange(request, from, to));
            default -> Arrays.copyOf(request, from);
          };
    }
    return request;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] middle) {
    byte[] spliced = Arrays.copyOf(bytes, from + middle.length + bytes.length - to);
    System.arraycopy(middle, 0, spliced, from, middle.length);
    System.arraycopy(bytes, to, spliced, from + middle.length, bytes.length - to);
    return spliced;
  }

  private static byte[][] seeds() {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write("packed ".repeat(100).getBytes(ISO_8859_1));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    String gzip = packed.toString(ISO_8859_1);
    String[] texts = {
      post("/v2/models/cartpole/infer", "{\"inputs\": [1, 2, 3, 4]}"),
      get("/v2/health/ready?a=1&b=%20"),
      get("/a") + post("/b", "two") + get("/c", "connection: close"),
      "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
      "HEAD / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\nbody",
      "POST / HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\ncontent-encoding: gzip\r\n"
          + "content-length: "
          + gzip.length()
          + "\r\n\r\n"
          + gzip,
    };
    return Arrays.stream(texts).map(text -> text.getBytes(ISO_8859_1)).toArray(byte[][]::new);
  }
}
