package org.mobula.cli.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.cli.output.CommandFailure;
import org.mobula.core.metrics.PrometheusSink;
import picocli.CommandLine.ExitCode;

@Timeout(300)
class MetricsEndpointTest {
  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
  }

  private static MetricsEndpoint start(String token) {
    return Objects.requireNonNull(MetricsEndpoint.at("127.0.0.1:0", token));
  }

  @Test
  void answersWithTheLastOfEachMetric() throws Exception {
    try (MetricsEndpoint endpoint = start("")) {
      URI url = URI.create(endpoint.url());
      assertThat(send(HttpRequest.newBuilder(url)).body()).isEmpty();
      PrometheusSink sink = new PrometheusSink(Map.of("run", "pole-1"));
      endpoint.show(sink);
      sink.record(100, 1.5, Map.of("parameters/learners", 2.0));
      HttpResponse<String> found = send(HttpRequest.newBuilder(url));
      assertThat(found.statusCode()).isEqualTo(200);
      assertThat(found.headers().firstValue("Content-Type"))
          .contains("text/plain; version=0.0.4; charset=utf-8");
      assertThat(found.body())
          .contains("mobula_parameters_learners{run=\"pole-1\"} 2")
          .contains("# TYPE mobula_environment_steps gauge");
      assertThat(send(HttpRequest.newBuilder(url.resolve("/"))).statusCode()).isEqualTo(404);
      assertThat(send(HttpRequest.newBuilder(url).POST(BodyPublishers.noBody())).statusCode())
          .isEqualTo(405);
    }
  }

  @Test
  void asksForTheToken() throws Exception {
    String token = "a-token-of-some-length";
    try (MetricsEndpoint endpoint = start(token)) {
      URI url = URI.create(endpoint.url());
      assertThat(send(HttpRequest.newBuilder(url)).statusCode()).isEqualTo(401);
      assertThat(
              send(HttpRequest.newBuilder(url).header("Authorization", "Bearer " + token))
                  .statusCode())
          .isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nowhere|--metrics: address is 'nowhere' but must be host:port",
        "unix:/tmp/m|--metrics: address is 'unix:/tmp/m' but must be host:port, which Prometheus",
        "0.0.0.0:0|0.0.0.0",
      })
  void mistakesAreExplained(String address, String words) throws IOException {
    assertThatThrownBy(() -> MetricsEndpoint.at(address, ""))
        .isInstanceOfSatisfying(
            CommandFailure.class,
            failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageContaining(words);
  }

  @Test
  void noAddressIsNoEndpoint() {
    assertThat(MetricsEndpoint.at(null, "")).isNull();
  }
}
