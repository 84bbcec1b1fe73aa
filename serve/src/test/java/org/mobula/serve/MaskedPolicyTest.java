package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.grpc.proto.InferTensorContents;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.grpc.proto.ModelMetadataRequest;
import org.mobula.serve.model.Policies;
import org.mobula.serve.record.ParquetFiles;

/** A policy that was trained with action masks, at every door of the server. */
@Timeout(300)
final class MaskedPolicyTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MISSING =
      "mask is missing: the policy was trained with action masks; give 3 flags, true where the"
          + " choice is allowed";

  @TempDir private Path directory;
  private final HttpClient client = HttpClient.newHttpClient();

  @SuppressWarnings("NullAway.Init") // by start()
  private PolicyServer server;

  @BeforeEach
  void start() throws IOException {
    Path run = directory.resolve("p");
    Runs.checkpoint(run, 100, Policies.masked(1));
    server =
        PolicyServer.builder()
            .port(0)
            .grpcPort(0)
            .model("p", run)
            .record(directory.resolve("data"))
            .start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpResponse<String> post(String path, String body, String accept) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.address().getPort() + path))
            .header("Content-Type", "application/json")
            .header("Accept", accept)
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> act(String body) throws Exception {
    return post("/v1/policies/p/act", body, "application/json");
  }

  private static void assertRefused(HttpResponse<String> answer, String sentence)
      throws IOException {
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(JSON.readTree(answer.body()).get("error").asText()).isEqualTo(sentence);
  }

  private static String infer(String data) {
    return "{\"inputs\":[{\"name\":\"observation\",\"datatype\":\"FP32\",\"shape\":[1,1],\"data\":[0]}"
        + (data.isEmpty()
            ? ""
            : ",{\"name\":\"mask\",\"datatype\":\"BOOL\",\"shape\":[1,3],\"data\":" + data + "}")
        + "]}";
  }

  @Test
  void actsWithinTheMask() throws Exception {
    for (int choice = 0; choice < 3; choice++) {
      String mask = "[" + (choice == 0) + "," + (choice == 1) + "," + (choice == 2) + "]";
      JsonNode answer = JSON.readTree(act("{\"observation\":[0],\"mask\":" + mask + "}").body());
      assertThat(answer.get("action").asInt()).isEqualTo(choice);
      assertThat(answer.get("log_probability").asDouble()).isZero();
      JsonNode outputs =
          JSON.readTree(post("/v2/models/p/infer", infer(mask), "*/*").body()).get("outputs");
      assertThat(outputs.get(0).get("data").get(0).asInt()).isEqualTo(choice);
      assertThat(outputs.get(1).get("data").get(0).asDouble()).isZero();
    }
    JsonNode many =
        JSON.readTree(
            act("{\"observations\":[[0],[0]],\"masks\":[[false,false,true],[false,true,false]],\"deterministic\":false}")
                .body());
    assertThat(many.get("actions")).extracting(JsonNode::asInt).containsExactly(2, 1);
  }

  @Test
  void refusesToActWithoutTheMask() throws Exception {
    assertRefused(act("{\"observation\":[0]}"), MISSING);
    assertRefused(
        post("/v1/policies/p/act", "{\"observation\":[0]}", "application/x-ndjson"), MISSING);
    assertRefused(
        act("{\"observation\":[0],\"mask\":[false,false,false]}"),
        "row 0 of input 'mask' allows none of 3 choices; allow at least one");
    assertRefused(post("/v2/models/p/infer", infer(""), "*/*"), "input 'mask' is missing");
  }

  @Test
  void streamsWithinTheMasks() throws Exception {
    int rows = 150; // more than are computed together
    StringBuilder observations = new StringBuilder();
    StringBuilder masks = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      observations.append(i == 0 ? "[0]" : ",[0]");
      masks.append(i == 0 ? "[" : ",[").append(i % 3 == 0);
      masks.append(',').append(i % 3 == 1).append(',').append(i % 3 == 2).append(']');
    }
    List<String> lines =
        post(
                "/v1/policies/p/act",
                "{\"observations\":[" + observations + "],\"masks\":[" + masks + "]}",
                "application/x-ndjson")
            .body()
            .lines()
            .toList();
    assertThat(lines).hasSize(rows);
    for (int i = 0; i < rows; i++) {
      assertThat(JSON.readTree(lines.get(i)).get("action").asInt()).isEqualTo(i % 3);
    }
  }

  @Test
  void saysThatItTakesAMask() throws Exception {
    HttpRequest metadata =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.address().getPort() + "/v2/models/p"))
            .build();
    JsonNode input =
        JSON.readTree(client.send(metadata, BodyHandlers.ofString()).body()).get("inputs").get(1);
    assertThat(input)
        .isEqualTo(JSON.readTree("{\"name\":\"mask\",\"datatype\":\"BOOL\",\"shape\":[-1,3]}"));
    HttpRequest openApi =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.address().getPort() + "/openapi.json"))
            .build();
    JsonNode paths =
        JSON.readTree(client.send(openApi, BodyHandlers.ofString()).body()).get("paths");
    String example = "/post/requestBody/content/application~1json/examples/p/value";
    JsonNode asked = paths.at("/~1v1~1policies~1{name}~1act" + example);
    assertThat(asked.get("mask").toString()).isEqualTo("[true,true,true]");
    assertThat(act(asked.toString()).statusCode()).isEqualTo(200);
    String tensors = paths.at("/~1v2~1models~1{name}~1infer" + example).toString();
    assertThat(post("/v2/models/p/infer", tensors, "*/*").statusCode()).isEqualTo(200);
  }

  private static ModelInferRequest.Builder observation() {
    return ModelInferRequest.newBuilder()
        .setModelName("p")
        .addInputs(
            ModelInferRequest.InferInputTensor.newBuilder()
                .setName("observation")
                .setDatatype("FP32")
                .addAllShape(List.of(1L, 1L))
                .setContents(InferTensorContents.newBuilder().addFp32Contents(0)));
  }

  @Test
  void takesTheMaskOverGrpc() throws Exception {
    ManagedChannel channel =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1",
                server.grpcAddress().orElseThrow().getPort(),
                InsecureChannelCredentials.create())
            .build();
    try {
      var grpc = GRPCInferenceServiceGrpc.newBlockingStub(channel);
      assertThat(
              grpc.modelMetadata(ModelMetadataRequest.newBuilder().setName("p").build())
                  .getInputs(1)
                  .getDatatype())
          .isEqualTo("BOOL");
      ModelInferResponse answer =
          grpc.modelInfer(
              observation()
                  .addInputs(
                      ModelInferRequest.InferInputTensor.newBuilder()
                          .setName("mask")
                          .setDatatype("BOOL")
                          .addAllShape(List.of(1L, 3L))
                          .setContents(
                              InferTensorContents.newBuilder()
                                  .addBoolContents(false)
                                  .addBoolContents(true)
                                  .addBoolContents(false)))
                  .build());
      assertThat(answer.getOutputs(0).getContents().getInt64Contents(0)).isEqualTo(1);
      assertThat(answer.getOutputs(1).getContents().getFp32Contents(0)).isZero();
      assertThatThrownBy(() -> grpc.modelInfer(observation().build()))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessage("INVALID_ARGUMENT: input 'mask' is missing");
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void recordsTheMask() throws Exception {
    assertThat(act("{\"observation\":[0],\"mask\":[true,false,true]}").statusCode()).isEqualTo(200);
    server.close();
    List<Map<String, Object>> rows = ParquetFiles.readAll(directory.resolve("data/p/steps"));
    assertThat(rows).hasSize(1);
    assertThat(rows.get(0).get("mask")).isEqualTo(List.of(1, 0, 1));
  }
}
