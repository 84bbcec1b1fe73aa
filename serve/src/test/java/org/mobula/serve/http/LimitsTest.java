package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mobula.serve.http.RawClient.get;
import static org.mobula.serve.http.RawClient.post;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the server stops taking, and what it then says. */
@Timeout(300)
class LimitsTest {
  private static void assertRefused(String request, int status, String sentence)
      throws IOException {
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      RawClient.Answer answer = client.send(request).read();
      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      assertThat(answer.body()).isEqualTo("{\"error\": \"" + sentence + "\"}");
      assertThat(answer.header("connection")).isEqualTo("close");
      assertThat(client.isClosedByServer()).isTrue();
      assertThat(harness.connect().send(post("/", "healthy")).read().body()).isEqualTo("healthy");
    }
  }

  @Test
  void refusesALongRequestLine() throws IOException {
    assertRefused(
        get("/" + "x".repeat(200)), 414, "The request line exceeds 200 bytes; shorten it.");
  }

  @Test
  void refusesLongHeaders() throws IOException {
    assertRefused(
        get("/", "x: " + "y".repeat(1000)),
        431,
        "The headers exceed 1000 bytes; send fewer or shorter.");
    assertRefused(
        get("/", "x: 1\r\n".repeat(300) + "y: 1"),
        431,
        "The headers exceed 1000 bytes; send fewer or shorter.");
  }

  @Test
  void refusesALargeBodyBeforeItComes() throws IOException {
    assertRefused(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100001\r\n\r\n",
        413,
        "The body exceeds 100000 bytes; send it in smaller requests.");
    assertRefused(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9223372036854775807\r\n\r\nsome",
        413,
        "The body exceeds 100000 bytes; send it in smaller requests.");
  }

  @Test
  void refusesAChunkedBodyAsSoonAsItIsLarge() throws IOException {
    String chunk = "2710\r\n" + "x".repeat(10_000) + "\r\n";
    assertRefused(
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunk.repeat(11),
        413,
        "The body exceeds 100000 bytes; send it in smaller requests.");
  }

  @Test
  void takesABodyOfExactlyTheLimit() throws IOException {
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      String body = "x".repeat(100_000);
      assertThat(client.send(post("/", body)).read().body()).isEqualTo(body);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET / GOPHER/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nbad name: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\nx",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: one\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1, 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n",
      })
  void refusesWhatIsNotHttp(String request) throws IOException {
    assertRefused(
        request, 400, "The request is not well-formed HTTP/1.1; check its head and framing.");
  }

  @Test
  void refusesOtherVersions() throws IOException {
    assertRefused(
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "The server speaks HTTP/1.1 and HTTP/1.0.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/%zz", "/%4", "/?a=%zz", "/%c3%28%"})
  void refusesABadPathAndGoesOn(String path) throws IOException {
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      RawClient.Answer answer = client.send(get(path)).read();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("not well percent-encoded");
      assertThat(client.send(post("/", "on")).read().body()).isEqualTo("on");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n"})
  void needsOneHost(String request) throws IOException {
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      RawClient.Answer answer = client.send(request).read();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("exactly one Host");
    }
  }

  @Test
  void asksForABodyThatWaitsToBeAskedFor() throws IOException {
    String head = "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ";
    try (ServerHarness harness = ServerHarness.echo()) {
      try (RawClient client = harness.connect()) {
        assertThat(client.send(head + "4\r\n\r\n").read().status()).isEqualTo(100);
        assertThat(client.send("body").read().body()).isEqualTo("body");
        // Who does not wait is not asked.
        assertThat(client.send(head + "4\r\n\r\nbody").read().body()).isEqualTo("body");
      }
      try (RawClient client = harness.connect()) {
        assertThat(client.send(head + "100001\r\n\r\n").read().status()).isEqualTo(413);
        assertThat(client.isClosedByServer()).isTrue();
      }
      try (RawClient client = harness.connect()) {
        String other = "POST / HTTP/1.1\r\nhost: x\r\nexpect: tea\r\ncontent-length: 1\r\n\r\n";
        assertThat(client.send(other).read().status()).isEqualTo(417);
      }
    }
  }

  @Test
  void readsCompressedBodies() throws IOException {
    String text = "compressible ".repeat(5000);
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      assertThat(compressed(client, "gzip", gzip(text)).body()).isEqualTo(text);
      assertThat(compressed(client, "deflate", deflate(text)).body()).isEqualTo(text);
      assertThat(compressed(client, "identity", "as is".getBytes(UTF_8)).body()).isEqualTo("as is");
      assertThat(compressed(client, "gzip", "not gzip".getBytes(UTF_8)).status()).isEqualTo(400);
      byte[] cut = java.util.Arrays.copyOf(gzip(text), 50);
      assertThat(compressed(client, "gzip", cut).status()).isEqualTo(400);
      RawClient.Answer unknown = compressed(client, "br", new byte[] {1});
      assertThat(unknown.status()).isEqualTo(415);
      assertThat(unknown.header("accept-encoding")).isEqualTo("gzip, deflate");
      RawClient.Answer bomb = compressed(client, "gzip", gzip("0".repeat(10_000_000)));
      assertThat(bomb.status()).isEqualTo(413);
      assertThat(bomb.body()).contains("exceeds 100000 bytes once decompressed");
    }
  }

  @Test
  void compressesLargeAnswersForThoseWhoAccept() throws IOException {
    String large = "compressible ".repeat(5000);
    try (ServerHarness harness = ServerHarness.echo();
        RawClient client = harness.connect()) {
      RawClient.Answer packed = accepting(client, "br, gzip;q=0.5", large);
      assertThat(packed.header("content-encoding")).isEqualTo("gzip");
      assertThat(packed.header("vary")).isEqualTo("accept-encoding");
      assertThat(packed.bytes().length).isLessThan(large.length() / 10);
      assertThat(
              new String(
                  new GZIPInputStream(new java.io.ByteArrayInputStream(packed.bytes()))
                      .readAllBytes(),
                  UTF_8))
          .isEqualTo(large);
      for (String not : new String[] {"gzip;q=0", "br", "gzip; q=0.00"}) {
        assertThat(accepting(client, not, large).body()).isEqualTo(large);
      }
      assertThat(accepting(client, "gzip", "small").body()).isEqualTo("small");
    }
  }

  @Test
  void turnsConnectionsBeyondTheLimitAway() throws IOException {
    HttpConfig two =
        ServerHarness.config().withConnections(ConnectionsConfig.defaults().withLimit(2));
    try (ServerHarness harness = new ServerHarness(two, ServerHarness.ECHO);
        RawClient one = harness.connect()) {
      assertThat(one.send(RawClient.post("/", "1")).read().body()).isEqualTo("1");
      try (RawClient other = harness.connect()) {
        assertThat(other.send(RawClient.post("/", "2")).read().body()).isEqualTo("2");
        try (RawClient third = harness.connect()) {
          RawClient.Answer answer = third.send(RawClient.post("/", "3")).read();
          assertThat(answer.status()).isEqualTo(503);
          assertThat(answer.header("retry-after")).isEqualTo("1");
          assertThat(answer.body())
              .isEqualTo(
                  "{\"error\": \"The server holds 2 connections, which is its limit; try again"
                      + " later, or keep connections open and share them.\"}");
          assertThat(third.isClosedByServer()).isTrue();
        }
        assertThat(harness.server.counters().connectionsRefused()).isEqualTo(1);
      }
      while (!isTaken(harness)) { // once the server has seen the others go
        Thread.onSpinWait();
      }
      assertThat(one.send(RawClient.post("/", "still")).read().body()).isEqualTo("still");
    }
  }

  private static boolean isTaken(ServerHarness harness) throws IOException {
    try (RawClient client = harness.connect()) {
      return client.send(RawClient.post("/", "x")).read().status() == 200;
    }
  }

  private static RawClient.Answer accepting(RawClient client, String encodings, String body)
      throws IOException {
    return client
        .send(
            "POST / HTTP/1.1\r\nhost: x\r\naccept-encoding: "
                + encodings
                + "\r\ncontent-length: "
                + body.length()
                + "\r\n\r\n"
                + body)
        .read();
  }

  private static RawClient.Answer compressed(RawClient client, String encoding, byte[] body)
      throws IOException {
    client.send(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-encoding: "
            + encoding
            + "\r\ncontent-length: "
            + body.length
            + "\r\n\r\n");
    return client.send(body).read();
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(text.getBytes(UTF_8));
    }
    return packed.toByteArray();
  }

  private static byte[] deflate(String text) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new DeflaterOutputStream(packed)) {
      out.write(text.getBytes(UTF_8));
    }
    return packed.toByteArray();
  }
}
