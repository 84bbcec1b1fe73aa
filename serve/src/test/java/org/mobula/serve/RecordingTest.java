package org.mobula.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.space.Box;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.testing.NewThread;
import org.mobula.serve.model.Policies;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.protocol.FeedbackRequest;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.record.ParquetFiles;

/** What the server records of what it answers, and the rewards that come back. */
@Timeout(300)
final class RecordingTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;
  private final Client client = new Client();

  @SuppressWarnings("NullAway.Init") // by start()
  private PolicyServer server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  private void start(PolicyModel policy, boolean record) throws IOException {
    Path run = directory.resolve("p");
    Runs.checkpoint(run, 100, policy);
    PolicyServer.Builder builder = PolicyServer.builder().port(0).model("p", run);
    server = (record ? builder.record(directory.resolve("data")) : builder).start();
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return client.post(server, path, body);
  }

  private JsonNode act(String body) throws Exception {
    HttpResponse<String> response = post("/v1/policies/p/act", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private JsonNode feedback(String body) throws Exception {
    HttpResponse<String> response = post("/v1/policies/p/feedback", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
    return JSON.readTree(response.body());
  }

  private List<Map<String, Object>> rows(String table) throws IOException {
    return ParquetFiles.readAll(directory.resolve("data/p").resolve(table));
  }

  private static Object value(Map<String, Object> row, String column) {
    return Objects.requireNonNull(row.get(column));
  }

  @Test
  void whatWasAnsweredIsWhatIsRecorded() throws Exception {
    start(Policies.cartPole(1), true);
    JsonNode one =
        act("{\"observation\":[0.1,0.2,-0.3,0.4],\"session\":\"e1\",\"deterministic\":false}");
    JsonNode two = act("{\"observations\":[[1,2,3,4],[5,6,7,8]]}");
    JsonNode infer =
        JSON.readTree(
            post(
                    "/v2/models/p/infer",
                    "{\"id\":\"mine\",\"parameters\":{\"sequence_id\":17},\"inputs\":[{\"name\":\"observation\",\"datatype\":\"FP32\",\"shape\":[1,4],\"data\":[0,0,0,0]}],"
                        + "\"outputs\":[{\"name\":\"action\"}]}")
                .body());
    assertThat(infer.get("id").asText()).isEqualTo("mine");
    server.close(); // as at SIGTERM: nothing that was answered is lost

    List<Map<String, Object>> rows = rows("steps");
    assertThat(rows).hasSize(4);
    assertThat(rows.get(0))
        .containsEntry("id", one.get("id").asText())
        .containsEntry("session", "e1")
        .containsEntry("version", "100")
        .containsEntry("deterministic", false)
        .containsEntry("observation", List.of(0.1f, 0.2f, -0.3f, 0.4f))
        .containsEntry("action", one.get("action").asLong())
        .containsEntry("log_probability", one.get("log_probability").floatValue())
        .containsEntry("value", one.get("value").floatValue());
    for (int row = 0; row < 2; row++) {
      assertThat(rows.get(1 + row))
          .containsEntry("id", two.get("id").asText())
          .containsEntry("row", row)
          .containsEntry("deterministic", true)
          .containsEntry("action", two.get("actions").get(row).asLong())
          .containsEntry("value", two.get("value").get(row).floatValue());
    }
    assertThat(rows.get(3))
        .containsEntry("id", infer.at("/parameters/record_id").asText())
        .containsEntry("request_id", "mine")
        .containsEntry("session", "17")
        .containsEntry("action", infer.at("/outputs/0/data/0").asLong())
        .containsKey("value");
  }

  @Test
  void rewardsComeBackById() throws Exception {
    start(Policies.cartPole(1), true);
    String one = act("{\"observation\":[1,2,3,4]}").get("id").asText();
    String two = act("{\"observations\":[[1,2,3,4],[5,6,7,8]]}").get("id").asText();
    assertThat(feedback("{\"id\":\"" + one + "\",\"reward\":0.5}"))
        .isEqualTo(JSON.readTree("{\"matched\":1,\"unmatched\":[]}"));
    assertThat(
            feedback(
                ("[{'id':'%s','row':1,'reward':-2,'terminated':true},{'id':'%s','row':2,'reward':1},"
                        + "{'id':'gone','reward':1,'truncated':true}]")
                    .formatted(two, two)
                    .replace('\'', '"')))
        .isEqualTo(
            JSON.readTree(
                "{\"matched\":1,\"unmatched\":[{\"id\":\"%s\",\"row\":2},{\"id\":\"gone\",\"row\":0}]}"
                    .formatted(two)));
    assertThat(feedback("[]")).isEqualTo(JSON.readTree("{\"matched\":0,\"unmatched\":[]}"));
    server.close();
    List<Map<String, Object>> rewards = rows("rewards");
    assertThat(rewards).hasSize(2);
    assertThat(rewards.get(0)).containsEntry("id", one).containsEntry("reward", 0.5);
    assertThat(rewards.get(1))
        .containsEntry("id", two)
        .containsEntry("row", 1)
        .containsEntry("reward", -2.0)
        .containsEntry("terminated", true)
        .containsEntry("truncated", false);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "|the body is empty but must be a JSON object or array",
        "3|the body is a number but must be a JSON object or array",
        "[{'id':'a','reward':1}] 2|the body goes on after its JSON array",
        "{'reward':1}|id is missing",
        "{'id':'a'}|reward is missing",
        "[3]|element 0 is 3 but must be an object",
        "{'id':3,'reward':1}|id is 3 but must be a string",
        "{'id':'a','reward':'1'}|reward is \"1\" but must be a finite number",
        "{'id':'a','reward':1e999}|reward is 1e999 but must be a finite number",
        "{'id':'a','reward':1,'row':-1}|row is -1 but must be a row of the answer, from 0",
        "{'id':'a','reward':1,'truncated':0}|truncated is 0 but must be true or false",
        "{'id':'a','rewrad':1}|there is no field 'rewrad'; did you mean 'reward'?",
      })
  void saysWhatIsWrongWithFeedback(String body, String sentence) {
    byte[] bytes = (body == null ? "" : body.replace('\'', '"')).getBytes(UTF_8);
    assertThatThrownBy(() -> FeedbackRequest.read(ByteBuffer.wrap(bytes)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage(sentence);
  }

  @Test
  void wrongFeedbackIsRefused() throws Exception {
    start(Policies.cartPole(1), true);
    HttpResponse<String> response = post("/v1/policies/p/feedback", "{\"reward\":1}");
    assertThat(response.body()).isEqualTo("{\"error\":\"id is missing\"}");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(post("/v1/policies/q/feedback", "[]").statusCode()).isEqualTo(404);
  }

  @Test
  void withoutRecordingThereAreNoIds() throws Exception {
    start(Policies.cartPole(1), false);
    assertThat(act("{\"observation\":[1,2,3,4]}").has("id")).isFalse();
    HttpResponse<String> response = post("/v1/policies/p/feedback", "{\"id\":\"a\",\"reward\":1}");
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body())
        .isEqualTo("{\"error\":\"this server does not record; start it with --record DIRECTORY\"}");
  }

  @Test
  void actionsOfEverySpaceAreRecorded() throws Exception {
    start(Policies.continuous(1), true);
    float second = act("{\"observation\":[1,2,3]}").get("action").get(1).floatValue();
    server.close();
    assertThat((List<?>) value(rows("steps").get(0), "action")).hasSize(2).last().isEqualTo(second);
    assertThat(rows("steps").get(0)).doesNotContainKey("value");
  }

  @Test
  void choicesAndSwitchesAreLists() throws Exception {
    start(Policies.model(Box.unbounded(2), new MultiDiscrete(3, 2), 5, false, 1), true);
    JsonNode choices = act("{\"observation\":[1,2]}").get("action");
    server.close();
    assertThat(value(rows("steps").get(0), "action"))
        .isEqualTo(List.of(choices.get(0).asLong(), choices.get(1).asLong()));

    Path run = directory.resolve("q");
    Runs.checkpoint(run, 1, Policies.model(Box.unbounded(2), new MultiBinary(3), 3, false, 1));
    Path data = directory.resolve("switches");
    server = PolicyServer.builder().port(0).model("p", run).record(data).start();
    JsonNode switches = act("{\"observation\":[1,2]}").get("action");
    server.close();
    assertThat(value(ParquetFiles.readAll(data.resolve("p/steps")).get(0), "action"))
        .isEqualTo(
            List.of(switches.get(0).asLong(), switches.get(1).asLong(), switches.get(2).asLong()));
  }

  @Test
  void sessionsAreInTheOrderOfTheirIds() throws Exception {
    start(Policies.cartPole(1), true);
    List<CompletableFuture<Void>> clients = new ArrayList<>();
    for (int session = 0; session < 4; session++) {
      String name = "s" + session;
      clients.add(
          CompletableFuture.runAsync(
              () -> {
                try {
                  for (int step = 0; step < 50; step++) {
                    act("{\"observation\":[%s,0,0,0],\"session\":\"%s\"}".formatted(step, name));
                  }
                } catch (Exception e) {
                  throw new IllegalStateException(e);
                }
              },
              NewThread.EACH));
    }
    for (CompletableFuture<Void> one : clients) {
      one.get();
    }
    server.close();
    List<Map<String, Object>> rows = rows("steps");
    assertThat(rows).hasSize(200);
    for (int session = 0; session < 4; session++) {
      String name = "s" + session;
      List<Object> steps =
          rows.stream()
              .filter(row -> name.equals(row.get("session")))
              .sorted(Comparator.comparing(row -> (String) value(row, "id")))
              .map(row -> ((List<?>) value(row, "observation")).get(0))
              .<Object>map(number -> number)
              .toList();
      for (int step = 0; step < 50; step++) {
        assertThat(steps.get(step)).isEqualTo((float) step);
      }
    }
  }

  @Test
  void countsForPrometheus() throws Exception {
    start(Policies.cartPole(1), true);
    String text = client.get(server, "/metrics").body();
    assertThat(text)
        .contains("mobula_serve_recorded_rows_total{table=\"steps\"} 0.0\n")
        .contains("mobula_serve_record_dropped_rows_total{reason=\"queue_full\"} 0.0\n")
        .contains("mobula_serve_record_dropped_rows_total{reason=\"write_failed\"} 0.0\n");
  }

  @Test
  void aSecondServerIsToldToRecordElsewhere() throws Exception {
    start(Policies.cartPole(1), true);
    assertThatThrownBy(
            () -> PolicyServer.builder().port(0).record(directory.resolve("data")).start())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("by another server");
  }
}
