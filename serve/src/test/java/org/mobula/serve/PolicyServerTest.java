package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.config.SecretFile;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.testing.NewThread;
import org.mobula.core.testing.SelfSigned;
import org.mobula.serve.batch.BatchingConfig;
import org.mobula.serve.batch.GatedModel;
import org.mobula.serve.batch.Totals;
import org.mobula.serve.model.Policies;
import org.mobula.serve.model.PolicyModel;

@Timeout(300)
final class PolicyServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OBSERVATION = "[0.1,0.2,-0.3,0.4]";
  private static final String INFER =
      "{\"id\":\"7\",\"inputs\":[{\"name\":\"observation\",\"datatype\":\"FP32\",\"shape\":[1,4],\"data\":"
          + OBSERVATION
          + "}]}";

  @TempDir private Path directory;
  private Path run = Path.of("");
  private final HttpClient client = HttpClient.newHttpClient();

  @SuppressWarnings("NullAway.Init") // by start()
  private PolicyServer server;

  @BeforeEach
  void train() throws IOException {
    run = directory.resolve("cartpole");
    Runs.best(Runs.checkpoint(run, 100, Policies.cartPole(1)));
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  private void start(ModelConfig model) throws IOException {
    server = PolicyServer.builder().port(0).model("cartpole", model).start();
  }

  private void start() throws IOException {
    start(ModelConfig.defaults(run));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + server.address().getPort() + path));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(request(path).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return client.send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private JsonNode act(String body) throws Exception {
    HttpResponse<String> response = post("/v1/policies/cartpole/act", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  @Test
  void answersTheProtocolsDocuments() throws Exception {
    start();
    assertThat(JSON.readTree(get("/v2").body()).get("extensions"))
        .extracting(JsonNode::asText)
        .contains("binary_tensor_data", "model_repository");
    assertThat(get("/v2/health/live").body()).isEqualTo("{\"live\":true}");
    assertThat(get("/v2/health/ready").body()).isEqualTo("{\"ready\":true}");
    assertThat(get("/v2/models/cartpole/ready").body())
        .isEqualTo("{\"name\":\"cartpole\",\"ready\":true}");
    assertThat(get("/v2/models/cartpole/versions/100/ready").statusCode()).isEqualTo(200);
    assertThat(get("/v2/models/cartpole/versions/100").body())
        .isEqualTo(
            "{\"name\":\"cartpole\",\"versions\":[\"100\"],\"platform\":\"mobula_policy\",\"inputs\":["
                + "{\"name\":\"observation\",\"datatype\":\"FP32\",\"shape\":[-1,4]}],\"outputs\":["
                + "{\"name\":\"action\",\"datatype\":\"INT64\",\"shape\":[-1]},"
                + "{\"name\":\"log_probability\",\"datatype\":\"FP32\",\"shape\":[-1]},"
                + "{\"name\":\"value\",\"datatype\":\"FP32\",\"shape\":[-1]}]}");
    assertThat(post("/v2/repository/index", "").body())
        .isEqualTo(
            "[{\"name\":\"cartpole\",\"version\":\"100\",\"state\":\"READY\",\"reason\":\"\"}]");
  }

  @Test
  void actsAsThePolicyThatWasTrained() throws Exception {
    start();
    float[] observation = {0.1f, 0.2f, -0.3f, 0.4f};
    try (Policy policy = Policy.load(run)) {
      JsonNode infer = JSON.readTree(post("/v2/models/cartpole/infer", INFER).body());
      assertThat(infer.get("id").asText()).isEqualTo("7");
      assertThat(infer.get("model_version").asText()).isEqualTo("100");
      int action = infer.at("/outputs/0/data/0").asInt();
      assertThat(action).isEqualTo((int) policy.act(observation)[0]);
      JsonNode act = act("{\"observation\":" + OBSERVATION + "}");
      assertThat(act.get("action").asInt()).isEqualTo(action);
      assertThat(act.get("version").asText()).isEqualTo("100");
      assertThat(act.get("value").floatValue())
          .isCloseTo(infer.at("/outputs/2/data/0").floatValue(), within(1e-6f));
      JsonNode many =
          act(
              "{\"observations\":["
                  + OBSERVATION
                  + ","
                  + OBSERVATION
                  + "],\"deterministic\":false,\"seed\":1}");
      assertThat(many.get("actions")).hasSize(2);
      assertThat(many.get("log_probability")).hasSize(2);
    }
  }

  @Test
  void takesAndGivesRawTensors() throws Exception {
    start();
    byte[] json =
        "{\"inputs\":[{\"name\":\"observation\",\"datatype\":\"FP32\",\"shape\":[2,4],\"parameters\":{\"binary_data_size\":32}}],\"outputs\":[{\"name\":\"value\",\"parameters\":{\"binary_data\":true}}]}"
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer body =
        ByteBuffer.allocate(json.length + 32).order(ByteOrder.LITTLE_ENDIAN).put(json);
    for (int i = 0; i < 2; i++) {
      body.putFloat(0.1f).putFloat(0.2f).putFloat(-0.3f).putFloat(0.4f);
    }
    HttpResponse<byte[]> response =
        client.send(
            request("/v2/models/cartpole/infer")
                .header("Content-Type", "application/octet-stream")
                .header("Inference-Header-Content-Length", "" + json.length)
                .POST(BodyPublishers.ofByteArray(body.array()))
                .build(),
            BodyHandlers.ofByteArray());
    assertThat(response.statusCode()).isEqualTo(200);
    int length =
        Integer.parseInt(
            response.headers().firstValue("Inference-Header-Content-Length").orElseThrow());
    ByteBuffer raw =
        ByteBuffer.wrap(response.body(), length, response.body().length - length)
            .order(ByteOrder.LITTLE_ENDIAN);
    assertThat(raw.remaining()).isEqualTo(8);
    JsonNode act = act("{\"observation\":" + OBSERVATION + "}");
    assertThat(raw.getFloat()).isCloseTo(act.get("value").floatValue(), within(1e-5f));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "GET|/v3|404|there is nothing at this path; see GET /openapi.json, or try GET /v2, POST /v2/models/NAME/infer or POST /v1/policies/NAME/act",
        "GET|/v2/models/cartpol|404|there is no model 'cartpol'; did you mean 'cartpole'?",
        "GET|/v2/models/other|404|there is no model 'other'; there are: cartpole",
        "GET|/v2/models/cartpole/versions/5|404|model 'cartpole' has no version of this name; it serves 100",
        "GET|/v2/models/cartpole/versions/5/ready|404|model 'cartpole' has no version of this name; it serves 100",
        "GET|/v2/models/cartpole/infer|405|this path takes POST requests only",
        "POST|/v2/health/live|405|this path takes GET requests only",
        "POST|/v2/models/cartpole/infer|400|the body is empty but must be a JSON object",
        "POST|/v1/policies/cartpole/act|400|the body is empty but must be a JSON object",
        "POST|/v2/repository/models/cartpole/remove|404|there is nothing at this path; see GET /openapi.json, or try GET /v2, POST /v2/models/NAME/infer or POST /v1/policies/NAME/act",
      })
  void saysWhatIsWrong(String method, String path, int status, String sentence) throws Exception {
    start();
    HttpResponse<String> response =
        client.send(
            request(path).method(method, BodyPublishers.noBody()).build(), BodyHandlers.ofString());
    assertThat(JSON.readTree(response.body()).get("error").asText()).isEqualTo(sentence);
    assertThat(response.statusCode()).isEqualTo(status);
  }

  @Test
  void saysWhatIsWrongWithARequestForActions() throws Exception {
    start();
    assertThat(post("/v1/policies/cartpole/act", "{\"observation\":[1]}").body())
        .isEqualTo("{\"error\":\"observation has 1 numbers but must have 4\"}");
    assertThat(
            post(
                    "/v2/models/cartpole/infer",
                    INFER.replace("\"id\"", "\"parameters\":{\"sed\":1},\"id\""))
                .body())
        .isEqualTo("{\"error\":\"there is no parameter 'sed'; did you mean 'seed'?\"}");
    assertThat(
            post(
                    "/v2/models/cartpole/infer",
                    INFER.replace("\"id\"", "\"outputs\":[{\"name\":\"acton\"}],\"id\""))
                .body())
        .isEqualTo("{\"error\":\"there is no output 'acton'; did you mean 'action'?\"}");
    HttpResponse<String> form =
        client.send(
            request("/v1/policies/cartpole/act")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("a=b"))
                .build(),
            BodyHandlers.ofString());
    assertThat(form.statusCode()).isEqualTo(415);
    assertThat(form.body()).isEqualTo("{\"error\":\"the Content-Type must be application/json\"}");
  }

  @Test
  void unloadsAndLoads() throws Exception {
    start();
    assertThat(
            post(
                    "/v2/repository/models/cartpole/unload",
                    "{\"parameters\":{\"unload_dependents\":false}}")
                .statusCode())
        .isEqualTo(200);
    assertThat(get("/v2/health/ready").statusCode()).isEqualTo(503);
    assertThat(get("/v2/models/cartpole/ready").statusCode()).isEqualTo(503);
    HttpResponse<String> refused = post("/v2/models/cartpole/infer", INFER);
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).contains("1");
    assertThat(post("/v2/repository/index", "{}").body()).contains("UNAVAILABLE");
    assertThat(post("/v2/repository/index", "{\"ready\":true}").body()).isEqualTo("[]");
    assertThat(
            post("/v2/repository/models/cartpole/load", "{\"parameters\":{\"config\":\"x\"}}")
                .statusCode())
        .isEqualTo(400);
    assertThat(post("/v2/repository/models/cartpole/load", "{}").statusCode()).isEqualTo(200);
    assertThat(post("/v2/models/cartpole/infer", INFER).statusCode()).isEqualTo(200);
  }

  @Test
  void followsARunWithoutDroppingARequest() throws Exception {
    start();
    AtomicBoolean stop = new AtomicBoolean();
    List<CompletableFuture<Set<String>>> clients = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      clients.add(
          CompletableFuture.supplyAsync(
              () -> {
                Set<String> versions = new HashSet<>();
                while (!stop.get()) {
                  try {
                    versions.add(
                        act("{\"observation\":" + OBSERVATION + "}").get("version").asText());
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                }
                return versions;
              },
              NewThread.EACH));
    }
    for (long step = 200; step <= 400; step += 100) {
      Runs.checkpoint(run, step, Policies.cartPole(step));
      while (!act("{\"observation\":" + OBSERVATION + "}")
          .get("version")
          .asText()
          .equals("" + step)) {
        Thread.onSpinWait();
      }
    }
    stop.set(true);
    for (CompletableFuture<Set<String>> requests : clients) {
      assertThat(requests.get()).contains("200", "300");
    }
  }

  @Test
  void aBrokenCheckpointLeavesTheOldOneServing() throws Exception {
    start();
    Path broken = run.resolve("checkpoints/step-000000000500");
    Files.createDirectories(broken);
    Files.writeString(broken.resolve("policy.safetensors"), "no");
    assertThat(post("/v2/repository/models/cartpole/load", "").statusCode()).isEqualTo(500);
    assertThat(act("{\"observation\":" + OBSERVATION + "}").get("version").asText())
        .isEqualTo("100");
  }

  @Test
  void aPolicyThatHasDivergedIsNotLoaded() throws Exception {
    start();
    PolicyModel sound = Policies.cartPole(2);
    float[] parameters = sound.snapshot().parameters().values().clone();
    parameters[0] = Float.NaN;
    Path diverged = Runs.checkpoint(run, 500, withParameters(sound, parameters));
    HttpResponse<String> load = post("/v2/repository/models/cartpole/load", "");
    assertThat(load.statusCode()).isEqualTo(500);
    assertThat(load.body()).contains("model 'cartpole' cannot be loaded; the log says why");
    assertThat(act("{\"observation\":" + OBSERVATION + "}").get("version").asText())
        .isEqualTo("100");
    assertThat(get("/v2/health/ready").statusCode()).isEqualTo(200);
    server.close();
    assertThatThrownBy(() -> start(ModelConfig.defaults(diverged)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is NaN at number 0, so learning had diverged");
  }

  /** Its outputs are finite for zeros alone, on which replicas warm up. */
  @Test
  void outputsThatAreNotFiniteAreTheServersFault() throws Exception {
    PolicyModel sound = Policies.model(Box.unbounded(4), new Discrete(2), 2, true, 2);
    float[] parameters = new float[sound.snapshot().parameters().values().length];
    for (ParameterLayout.Entry entry : sound.spec().network().layout().entries()) {
      float value = entry.name().endsWith("bias") ? 0 : Float.MAX_VALUE;
      Arrays.fill(parameters, entry.offset(), entry.offset() + entry.size(), value);
    }
    PolicySnapshot plain = new PolicySnapshot(new ParameterSnapshot(1, parameters), null);
    Runs.best(Runs.checkpoint(run, 600, new PolicyModel(sound.spec(), plain, NetworkEngine.AUTO)));
    start();
    act("{\"observation\":[0,0,0,0]}");
    HttpResponse<String> overflow =
        post("/v1/policies/cartpole/act", "{\"observation\":[1,1,1,1]}");
    assertThat(overflow.statusCode()).as(overflow.body()).isEqualTo(500);
    assertThat(overflow.body()).contains("the model failed on this request");
    assertThat(post("/v2/models/cartpole/infer", INFER).statusCode()).isEqualTo(500);
    act("{\"observation\":[0,0,0,0]}");
  }

  private static PolicyModel withParameters(PolicyModel model, float[] parameters) {
    PolicySnapshot snapshot =
        new PolicySnapshot(new ParameterSnapshot(1, parameters), model.snapshot().normalizer());
    return new PolicyModel(model.spec(), snapshot, model.engine());
  }

  @Test
  void splitsRequestsAndKeepsSessions() throws Exception {
    Runs.checkpoint(run, 200, Policies.cartPole(2));
    ModelConfig config = ModelConfig.defaults(run);
    start(
        config.with(m -> m.version("best").canary(new CanaryConfig("newest", 0.25)).shadow("200")));
    int canary = 0;
    for (int i = 0; i < 200; i++) {
      canary +=
          act("{\"observation\":" + OBSERVATION + "}").get("version").asText().equals("200")
              ? 1
              : 0;
    }
    assertThat(canary).isBetween(45, 55);
    Set<String> all = new HashSet<>();
    for (int session = 0; session < 40; session++) {
      Set<String> versions = new HashSet<>();
      for (int i = 0; i < 5; i++) {
        versions.add(
            act("{\"observation\":" + OBSERVATION + ",\"session\":\"s" + session + "\"}")
                .get("version")
                .asText());
      }
      assertThat(versions).hasSize(1);
      all.addAll(versions);
    }
    assertThat(all).containsExactlyInAnyOrder("100", "200");
    assertThat(get("/v2/models/cartpole").body()).contains("[\"100\",\"200\"]");
    JsonNode pinned = JSON.readTree(post("/v2/models/cartpole/versions/200/infer", INFER).body());
    assertThat(pinned.get("model_version").asText()).isEqualTo("200");
  }

  @Test
  void countsForPrometheus() throws Exception {
    start();
    for (int i = 0; i < 3; i++) {
      act("{\"observation\":" + OBSERVATION + "}");
    }
    String text = get("/metrics").body();
    assertThat(text)
        .contains("# TYPE mobula_serve_requests_total counter\n")
        .contains(
            "mobula_serve_requests_total{end=\"succeeded\",model=\"cartpole\",version=\"100\"} 3.0\n")
        .contains("mobula_serve_request_seconds_count{model=\"cartpole\",version=\"100\"} 3\n")
        .contains("le=\"+Inf\"} 3\n");
  }

  @Test
  void countsBatchesAndWhatTheHttpFrontDid() throws Exception {
    start();
    act("{\"observations\":[" + OBSERVATION + "," + OBSERVATION + "," + OBSERVATION + "]}");
    assertThat(get("/v3").statusCode()).isEqualTo(404);
    String labels = "{model=\"cartpole\",version=\"100\"";
    assertThat(get("/metrics").body())
        .contains("mobula_serve_batch_rows_bucket" + labels + ",le=\"2.0\"} 0\n")
        .contains("mobula_serve_batch_rows_bucket" + labels + ",le=\"4.0\"} 1\n")
        .contains("mobula_serve_batch_rows_sum" + labels + "} 3.0\n")
        .contains("mobula_serve_http_requests_total{code=\"2xx\"} 1.0\n")
        .contains("mobula_serve_http_requests_total{code=\"4xx\"} 1.0\n")
        .contains("mobula_serve_http_connections_open ");
  }

  @Test
  void takesTheLongestTimeout() throws Exception {
    start();
    String body =
        INFER.replace("\"id\"", "\"parameters\":{\"timeout\":9223372036854775807},\"id\"");
    assertThat(post("/v2/models/cartpole/infer", body).statusCode()).isEqualTo(200);
  }

  private HttpResponse<String> stream(String body) throws Exception {
    return client.send(
        request("/v1/policies/cartpole/act")
            .header("Content-Type", "application/json")
            .header("Accept", "application/x-ndjson")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void streamsALineForEachObservation() throws Exception {
    start();
    StringBuilder many = new StringBuilder("{\"observations\":[");
    int rows = 1000;
    for (int i = 0; i < rows; i++) {
      many.append(i == 0 ? "" : ",").append("[0.1,").append(i * 1e-3f).append(",-0.3,0.4]");
    }
    JsonNode whole = act(many + "]}");
    HttpResponse<String> answer = stream(many + "]}");
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/x-ndjson");
    List<String> lines = answer.body().lines().toList();
    assertThat(lines).hasSize(rows);
    for (int i = 0; i < rows; i++) {
      JsonNode line = JSON.readTree(lines.get(i));
      assertThat(line.get("action")).isEqualTo(whole.get("actions").get(i));
      assertThat(line.get("value").floatValue())
          .isCloseTo(whole.get("value").get(i).floatValue(), within(1e-4f));
      assertThat(line.get("version").asText()).isEqualTo("100");
    }
    String seeded = many + "],\"deterministic\":false,\"seed\":4}";
    assertThat(stream(seeded).body()).isEqualTo(stream(seeded).body());
    assertThat(stream("{\"observation\":" + OBSERVATION + "}").body().lines()).hasSize(1);
  }

  @Test
  void refusesAStreamBeforeItsFirstLineByAStatus() throws Exception {
    start();
    HttpResponse<String> wrong = stream("{\"observations\":[[1,2]]}");
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(wrong.body())
        .isEqualTo("{\"error\":\"observations have 2 numbers but must have 4 each\"}");
    post("/v2/repository/models/cartpole/unload", "");
    assertThat(stream("{\"observations\":[" + OBSERVATION + "]}").statusCode()).isEqualTo(503);
  }

  @Test
  void describesItselfWithExamplesThatWork() throws Exception {
    start();
    JsonNode document = JSON.readTree(get("/openapi.json").body());
    assertThat(JSON.readTree(get("/v2/docs/dataplane.json").body())).isEqualTo(document);
    assertThat(document.at("/components/schemas/ModelName/enum/0").asText()).isEqualTo("cartpole");
    for (String path : List.of("/v1/policies/{name}/act", "/v2/models/{name}/infer")) {
      JsonNode example =
          document
              .path("paths")
              .path(path)
              .at("/post/requestBody/content/application~1json/examples/cartpole/value");
      assertThat(post(path.replace("{name}", "cartpole"), example.toString()).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void showsAPageThatRunsNothingButItsOwnScript() throws Exception {
    start();
    HttpResponse<String> page = get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
    assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
        .startsWith("default-src 'none'; script-src 'sha256-")
        .doesNotContain("unsafe");
    assertThat(page.body()).doesNotContain("https://").doesNotContain("style=");
  }

  @Test
  void tokensTellWhoMayDoWhat() throws Exception {
    Path read = secret("read", "read-token-0123456789");
    Path admin = secret("admin", "admin-token-0123456789");
    server =
        PolicyServer.builder()
            .config(
                ServeConfig.defaults()
                    .with(s -> s.port(0).readTokenFile(read).adminTokenFile(admin)))
            .model("cartpole", run)
            .start();
    assertThat(get("/v2/health/ready").statusCode()).isEqualTo(200);
    assertThat(get("/v2").statusCode()).isEqualTo(401);
    assertThat(get("/").statusCode()).isEqualTo(200);
    assertThat(get("/metrics").statusCode()).isEqualTo(401);
    assertThat(get("/openapi.json").statusCode()).isEqualTo(401);
    String load = "/v2/repository/models/cartpole/load";
    assertThat(withToken(load, "read-token-0123456789")).isEqualTo(403);
    assertThat(withToken(load, "admin-token-0123456789")).isEqualTo(200);
    assertThat(withToken("/v2/repository/index", "read-token-0123456789")).isEqualTo(200);

    Files.writeString(read, "too short"); // which no token may be: those before stay
    Files.writeString(admin, "admin-token-after-a-while\n");
    assertThat(withToken("/v2/repository/index", "read-token-0123456789")).isEqualTo(200);
    Files.writeString(read, "read-token-after-a-while");
    while (withToken("/v2/repository/index", "read-token-after-a-while") != 200) {
      Thread.onSpinWait();
    }
    assertThat(withToken("/v2/repository/index", "admin-token-after-a-while")).isEqualTo(200);
    assertThat(withToken("/v2/repository/index", "read-token-0123456789")).isEqualTo(401);
  }

  @Test
  void aTokenThatIsTooShortIsNamedByItsFile() throws IOException {
    Path token = secret("admin", "short");
    ServeConfig config = ServeConfig.defaults().withAdminTokenFile(token);
    assertThatThrownBy(() -> PolicyServer.builder().config(config).model("cartpole", run).start())
        .hasMessage(
            "the token in %s is \"(hidden)\" but must be 16 or more visible ASCII characters"
                + " without spaces",
            token);
  }

  private Path secret(String name, String token) throws IOException {
    Path file = directory.resolve(name);
    SecretFile.write(file, token);
    return file;
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has other permissions")
  void secretsThatOthersMayReadAreRefused() throws Exception {
    Path token = secret("admin", "admin-token-0123456789");
    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r--r--"));
    ServeConfig open = ServeConfig.defaults().withAdminTokenFile(token);
    assertThatThrownBy(() -> PolicyServer.builder().config(open).model("cartpole", run).start())
        .hasMessage(
            token
                + " is rw-r--r-- but must be its owner's alone, since it holds a secret: chmod 600 "
                + token);
    SelfSigned self = SelfSigned.in(directory);
    Files.setPosixFilePermissions(self.privateKey(), PosixFilePermissions.fromString("rw-r-----"));
    ServeConfig tls =
        ServeConfig.defaults()
            .with(c -> c.port(0).certificate(self.certificate()).privateKey(self.privateKey()));
    assertThatThrownBy(() -> PolicyServer.builder().config(tls).model("cartpole", run).start())
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(": chmod 600 " + self.privateKey());
  }

  private int withToken(String path, String token) throws Exception {
    return client
        .send(
            request(path)
                .header("Authorization", "Bearer " + token)
                .POST(BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString())
        .statusCode();
  }

  @Test
  void saysWhyItCannotStart() {
    assertThatThrownBy(() -> start(ModelConfig.defaults(directory.resolve("none"))))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith(
            "none does not exist; give a run directory, a checkpoint directory, a"
                + " policy.safetensors file or a TorchScript file (.pt)");
    assertThatThrownBy(() -> start(ModelConfig.defaults(run).withVersion("300")))
        .hasMessageEndingWith("cartpole has no checkpoint of step 300; there are 100");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "m.onnx|is an ONNX model, which is not served. Load it in Python as a torch.nn.Module",
        "m.pt2|is a program of torch.export or AOTInductor, which is not served. Load it in Python",
        "m.PTH|is a pickled checkpoint of PyTorch: weights without what computes with them, which",
        "m.zip|is an archive, such as Stable-Baselines3 writes, which is not served. If it holds a run, a checkpoint or a TorchScript file, unpack it and serve that; else load it in Python",
        "m.pkl|is a pickled object of Python, which is not served. Load it in Python",
        "m.keras|is a model of TensorFlow or Keras, which is not served. Load it in Python",
      })
  void namesTheFormatThatItDoesNotServe(String name, String sentence) throws IOException {
    Path folder = Files.createDirectory(directory.resolve("others"));
    Path file = Files.writeString(folder.resolve(name), "PK");
    for (Path path : List.of(file, folder)) {
      assertThatThrownBy(() -> start(ModelConfig.defaults(path)))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(file + " " + sentence)
          .hasMessageEndingWith(
              "and write TorchScript: torch.jit.trace(module.eval(), example).save(\"model.pt\")");
    }
  }

  @Test
  void aModelsStateStaysWithItsSession() throws Exception {
    server =
        PolicyServer.builder()
            .port(0)
            .model("totals", new Totals(), BatchingConfig.defaults())
            .start();
    assertThat(total("\"sequence_id\":\"a\",\"sequence_start\":true", 1)).isEqualTo(1);
    assertThat(total("\"sequence_id\":\"b\",\"sequence_start\":true", 5)).isEqualTo(5);
    assertThat(total("\"sequence_id\":\"a\"", 2)).isEqualTo(3);
    assertThat(total("\"sequence_id\":\"a\",\"sequence_end\":true", 3)).isEqualTo(6);
    HttpResponse<String> forgotten = totals("\"sequence_id\":\"a\"", 1);
    assertThat(forgotten.statusCode()).isEqualTo(400);
    assertThat(forgotten.body()).contains("session 'a' is not known").contains("sequence_start");
    HttpResponse<String> odd = totals("\"sequence_id\":\"a\",\"sequence_start\":1", 1);
    assertThat(odd.body()).contains("parameter 'sequence_start' is 1 but must be true or false");
  }

  @Test
  void saysWhetherAllEndedWithinTheDrainTimeout() throws Exception {
    GatedModel gated = new GatedModel(false);
    server =
        PolicyServer.builder()
            .config(ServeConfig.defaults().withDrainTimeout(Duration.ofMillis(200)))
            .port(0)
            .model("gated", gated, BatchingConfig.defaults())
            .start();
    var unused =
        client.sendAsync(
            request("/v2/models/gated/infer")
                .POST(
                    BodyPublishers.ofString(
                        "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[3]}]}"))
                .build(),
            BodyHandlers.ofString());
    gated.gate().entered.acquire(); // and does not return
    assertThat(server.stop()).isFalse();
    gated.gate().open.release();
    start();
    act("{\"observation\":" + OBSERVATION + "}");
    assertThat(server.stop()).isTrue();
  }

  @Test
  void countersOutliveTheVersionsThatTheyCount() throws Exception {
    start();
    String succeeded =
        "mobula_serve_requests_total{end=\"succeeded\",model=\"cartpole\",version=\"%s\"} %d.0\n";
    act("{\"observation\":" + OBSERVATION + "}");
    assertThat(get("/metrics").body()).contains(succeeded.formatted("100", 1));
    for (String change : List.of("unload", "load")) {
      assertThat(post("/v2/repository/models/cartpole/" + change, "").statusCode()).isEqualTo(200);
      assertThat(get("/metrics").body()).contains(succeeded.formatted("100", 1));
    }
    act("{\"observation\":" + OBSERVATION + "}");
    assertThat(get("/metrics").body()).contains(succeeded.formatted("100", 2));
    for (int step = 200; step < 1200; step += 100) {
      Runs.checkpoint(run, step, Policies.cartPole(2));
      assertThat(post("/v2/repository/models/cartpole/load", "").statusCode()).isEqualTo(200);
    }
    assertThat(get("/metrics").body()) // ten others were loaded since
        .contains(succeeded.formatted("older", 2))
        .contains("mobula_serve_request_seconds_count{model=\"cartpole\",version=\"older\"} 2\n")
        .contains(succeeded.formatted("1100", 0))
        .doesNotContain("version=\"100\"");
  }

  @Test
  void countsWhatAShadowComputesApart() throws Exception {
    Runs.checkpoint(run, 200, Policies.cartPole(2));
    start(ModelConfig.defaults(run).withShadow("100"));
    act("{\"observation\":" + OBSERVATION + "}");
    String shadow =
        "shadow_requests_total{end=\"succeeded\",model=\"cartpole\",version=\"100\"} 1.0\n";
    while (!get("/metrics").body().contains(shadow)) {
      Thread.onSpinWait();
    }
    assertThat(get("/metrics").body())
        .contains("_requests_total{end=\"succeeded\",model=\"cartpole\",version=\"200\"} 1.0\n")
        .contains(
            "mobula_serve_requests_total{end=\"succeeded\",model=\"cartpole\",version=\"100\"} 0.0\n");
  }

  private HttpResponse<String> totals(String parameters, float x) throws Exception {
    return post(
        "/v2/models/totals/infer",
        "{\"parameters\":{%s},\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[%s]}]}"
            .formatted(parameters, x));
  }

  private double total(String parameters, float x) throws Exception {
    return JSON.readTree(totals(parameters, x).body()).at("/outputs/0/data/0").asDouble();
  }
}
