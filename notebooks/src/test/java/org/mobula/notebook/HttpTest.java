package org.mobula.notebook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HttpTest {
  @Test
  void tellsTheAnswerThatOfARefusalToo() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String type = exchange.getRequestHeaders().getFirst("Content-Type");
          String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
          byte[] answer = (type + " " + body).getBytes(UTF_8);
          exchange.sendResponseHeaders(400, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    try {
      assertThat(Http.post(url, Map.of("observation", List.of(0, 0.5))))
          .isEqualTo("application/json {\"observation\":[0,0.5]}");
    } finally {
      server.stop(0);
    }
    assertThatThrownBy(() -> Http.post(url, Map.of()))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageStartingWith("no answer from " + url);
  }

  @Test
  void saysWhatIsNoJson() {
    assertThatThrownBy(() -> Http.post("http://127.0.0.1:1/", Map.of("it", new Object())))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("cannot be written as JSON: {it=");
  }
}
