package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mobula.serve.http.RawClient.get;
import static org.mobula.serve.http.RawClient.post;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.SecretFile;
import org.mobula.core.testing.SelfSigned;

/** Who is let in, and what others can see. */
@Timeout(300)
class SecurityTest {
  private static final String READER = "reader-0123456789";
  private static final String ADMIN = "admin-0123456789";

  private static HttpConfig guarded() {
    return ServerHarness.config()
        .withTokens(new Tokens(List.of("other-0123456789", READER), List.of(ADMIN)))
        .withAccess(
            (method, path) ->
                path.equals("/health")
                    ? Access.OPEN
                    : path.endsWith("/load") ? Access.ADMIN : Access.READ);
  }

  @Test
  void letsEachTokenDoWhatItsScopeAllows() throws IOException {
    try (ServerHarness harness = new ServerHarness(guarded(), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      assertThat(client.send(get("/health")).read().status()).isEqualTo(200);
      for (String token : List.of(READER, ADMIN, "other-0123456789")) {
        assertThat(client.send(get("/infer", "authorization: bearer " + token)).read().status())
            .isEqualTo(200);
      }
      assertThat(client.send(get("/m/load", "authorization: Bearer " + ADMIN)).read().status())
          .isEqualTo(200);
      // A percent-encoded path is judged by what it means.
      RawClient.Answer narrow =
          client.send(get("/m/%6coad", "authorization: Bearer " + READER)).read();
      assertThat(narrow.status()).isEqualTo(403);
      assertThat(narrow.header("www-authenticate"))
          .isEqualTo("Bearer error=\"insufficient_scope\"");
    }
  }

  @Test
  void turnsOthersAwayAndKeepsTheConnection() throws IOException {
    try (ServerHarness harness = new ServerHarness(guarded(), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      RawClient.Answer missing = client.send(post("/infer", "body that nobody reads")).read();
      assertThat(missing.status()).isEqualTo(401);
      assertThat(missing.header("www-authenticate")).isEqualTo("Bearer");
      for (String wrong :
          List.of("Bearer", "Bearer ", "Basic " + READER, "Bearer x" + READER, "Bearer é")) {
        RawClient.Answer answer = client.send(get("/infer", "authorization: " + wrong)).read();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.body()).doesNotContain(READER);
      }
      assertThat(client.send(get("/health")).read().status()).isEqualTo(200);
    }
  }

  @Test
  void asksNoBodyOfThoseItTurnsAway() throws IOException {
    try (ServerHarness harness = new ServerHarness(guarded(), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      client.send(
          "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n");
      assertThat(client.read().status()).isEqualTo(401);
      assertThat(client.isClosedByServer()).isTrue();
    }
  }

  @Test
  void needsTokensOffLoopback() throws IOException {
    assertThatThrownBy(
            () ->
                HttpServer.start(HttpConfig.onLoopback(0).withHost("0.0.0.0"), ServerHarness.ECHO))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("must be a loopback address where there are no tokens");
    // The address of no interface but loopback is bound: tokens lift the rule.
    try (HttpServer server = HttpServer.start(guarded().withHost("localhost"), ServerHarness.ECHO);
        RawClient client = new RawClient(server.address())) {
      assertThat(client.send(get("/health")).read().status()).isEqualTo(200);
    }
  }

  @Test
  void tokensAreLongAndStayHidden() {
    assertThat(new Tokens(List.of(READER), List.of()).toString()).doesNotContain(READER);
    assertThatThrownBy(() -> new Tokens(List.of("short"), List.of()))
        .hasMessageContaining("must be 16 or more visible ASCII characters")
        .hasMessageNotContaining("short");
    assertThatThrownBy(() -> new Tokens(List.of(), List.of()))
        .hasMessageContaining("must have one");
  }

  @Test
  void answersPagesOfAllowedOriginsOnly() throws IOException {
    String page = "https://example.org";
    try (ServerHarness harness =
            new ServerHarness(guarded().withCrossOrigins(List.of(page)), ServerHarness.ECHO);
        RawClient client = harness.connect()) {
      String preflight =
          "OPTIONS /infer HTTP/1.1\r\nhost: x\r\naccess-control-request-method: POST\r\n";
      RawClient.Answer allowed =
          client
              .send(
                  preflight
                      + "access-control-request-headers: authorization\r\norigin: "
                      + page
                      + "\r\n\r\n")
              .read();
      assertThat(allowed.status()).isEqualTo(204);
      assertThat(allowed.headers())
          .containsEntry("access-control-allow-origin", page)
          .containsEntry("access-control-allow-methods", "POST")
          .containsEntry("access-control-allow-headers", "authorization")
          .doesNotContainKey("content-length");
      RawClient.Answer answer = client.send(get("/health", "origin: " + page)).read();
      assertThat(answer.header("access-control-allow-origin")).isEqualTo(page);
      assertThat(answer.header("vary")).isEqualTo("origin");
      RawClient.Answer other =
          client.send(preflight + "origin: https://evil.example\r\n\r\n").read();
      assertThat(other.status()).isEqualTo(401);
      assertThat(other.headers()).doesNotContainKey("access-control-allow-origin");
    }
  }

  @Test
  void servesOverTls(@TempDir Path folder) throws Exception {
    SelfSigned self = SelfSigned.in(folder);
    byte[] large = "large ".repeat(15_000).getBytes(UTF_8);
    try (ServerHarness harness =
        new ServerHarness(
            ServerHarness.config().withTls(new Tls(self.certificate(), self.privateKey())),
            ServerHarness.ECHO)) {
      HttpClient client = HttpClient.newBuilder().sslContext(self.trust()).build();
      URI uri = URI.create("https://localhost:" + harness.server.address().getPort() + "/");
      for (int i = 0; i < 3; i++) {
        var request =
            java.net.http.HttpRequest.newBuilder(uri)
                .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(large))
                .build();
        assertThat(client.send(request, BodyHandlers.ofByteArray()).body()).isEqualTo(large);
      }
      try (RawClient refused = connect(self.trust(), harness.server.address())) {
        assertThat(refused.send("nonsense\r\n\r\n").read().status()).isEqualTo(400);
      }
      // Plain HTTP to it is no HTTP.
      try (RawClient plain = harness.connect()) {
        plain.send(get("/"));
        plain.socket().getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
      } catch (java.net.SocketException e) {
        assertThat(e).hasMessageContaining("reset");
      }
      try (RawClient alive = connect(self.trust(), harness.server.address())) {
        assertThat(alive.send(post("/", "alive")).read().body()).isEqualTo("alive");
      }
    }
  }

  @Test
  void takesANewCertificateWhenItsFilesChange(@TempDir Path folder) throws Exception {
    SelfSigned before = SelfSigned.in(folder);
    SelfSigned after = SelfSigned.in(folder);
    try (ServerHarness harness =
        new ServerHarness(
            ServerHarness.config().withTls(new Tls(before.certificate(), before.privateKey())),
            ServerHarness.ECHO)) {
      InetSocketAddress address = harness.server.address();
      try (RawClient kept = connect(before.trust(), address)) {
        assertThat(kept.send(post("/", "1")).read().body()).isEqualTo("1");

        // Half a certificate does not count.
        Files.writeString(before.certificate(), "-----BEGIN CERT");
        harness.pass(Duration.ofSeconds(2));
        try (RawClient client = connect(before.trust(), address)) {
          assertThat(client.send(post("/", "2")).read().body()).isEqualTo("2");
        }

        Files.copy(after.privateKey(), before.privateKey(), REPLACE_EXISTING);
        Files.copy(after.certificate(), before.certificate(), REPLACE_EXISTING);
        harness.pass(Duration.ofSeconds(2));
        try (RawClient client = connect(after.trust(), address)) {
          assertThat(client.send(post("/", "3")).read().body()).isEqualTo("3");
        }
        assertThatThrownBy(() -> connect(before.trust(), address))
            .isInstanceOf(SSLHandshakeException.class);
        assertThat(kept.send(post("/", "4")).read().body()).isEqualTo("4");
      }
    }
  }

  @Test
  void saysWhichFilesHoldNoCertificate(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("empty.pem");
    SecretFile.write(file, "");
    assertThatThrownBy(
            () ->
                HttpServer.start(
                    ServerHarness.config().withTls(new Tls(file, file)), ServerHarness.ECHO))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty.pem")
        .hasMessageContaining("PKCS #8 key without a password");
  }

  private static RawClient connect(SSLContext trust, InetSocketAddress address) throws IOException {
    Socket plain = new Socket();
    plain.connect(address);
    plain.setTcpNoDelay(true);
    SSLSocket socket =
        (SSLSocket)
            trust.getSocketFactory().createSocket(plain, "localhost", address.getPort(), true);
    try {
      socket.startHandshake();
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    return new RawClient(socket);
  }
}
