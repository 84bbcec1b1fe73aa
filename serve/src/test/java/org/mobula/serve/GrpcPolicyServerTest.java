package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.policy.Policy;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import org.mobula.serve.grpc.proto.InferParameter;
import org.mobula.serve.grpc.proto.InferTensorContents;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.grpc.proto.ModelMetadataRequest;
import org.mobula.serve.grpc.proto.ModelMetadataResponse;
import org.mobula.serve.grpc.proto.ModelReadyRequest;
import org.mobula.serve.grpc.proto.ModelRepositoryParameter;
import org.mobula.serve.grpc.proto.RepositoryIndexRequest;
import org.mobula.serve.grpc.proto.RepositoryModelLoadRequest;
import org.mobula.serve.grpc.proto.RepositoryModelUnloadRequest;
import org.mobula.serve.grpc.proto.ServerMetadataRequest;
import org.mobula.serve.grpc.proto.ServerReadyRequest;
import org.mobula.serve.model.Policies;

/** Policies over gRPC, beside HTTP. */
@Timeout(300)
final class GrpcPolicyServerTest {
  private static final float[] OBSERVATION = {0.1f, 0.2f, -0.3f, 0.4f};

  @TempDir private Path directory;
  private Path run = Path.of("");

  @SuppressWarnings("NullAway.Init") // by start()
  private PolicyServer server;

  @SuppressWarnings("NullAway.Init") // by start()
  private ManagedChannel channel;

  @SuppressWarnings("NullAway.Init") // by start()
  private GRPCInferenceServiceBlockingStub client;

  @BeforeEach
  void start() throws Exception {
    run = directory.resolve("cartpole");
    Runs.best(Runs.checkpoint(run, 100, Policies.cartPole(1)));
    server = PolicyServer.builder().port(0).grpcPort(0).model("cartpole", run).start();
    channel =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1",
                server.grpcAddress().orElseThrow().getPort(),
                InsecureChannelCredentials.create())
            .build();
    client = GRPCInferenceServiceGrpc.newBlockingStub(channel);
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
  }

  private static ModelInferRequest.Builder request() {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    for (float value : OBSERVATION) {
      contents.addFp32Contents(value);
    }
    return ModelInferRequest.newBuilder()
        .setModelName("cartpole")
        .addInputs(
            ModelInferRequest.InferInputTensor.newBuilder()
                .setName("observation")
                .setDatatype("FP32")
                .addAllShape(List.of(1L, 4L))
                .setContents(contents));
  }

  private static InferParameter whole(long value) {
    return InferParameter.newBuilder().setInt64Param(value).build();
  }

  private static InferParameter flag(boolean value) {
    return InferParameter.newBuilder().setBoolParam(value).build();
  }

  private static void assertRefused(ThrowingCallable call, Status.Code code, String sentence) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getDescription()).isEqualTo(sentence);
              assertThat(e.getStatus().getCode()).isEqualTo(code);
            });
  }

  @Test
  void saysWhatThereIs() {
    assertThat(client.serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isTrue();
    var about = client.serverMetadata(ServerMetadataRequest.getDefaultInstance());
    assertThat(about.getName()).isEqualTo("mobula");
    assertThat(about.getExtensionsList()).contains("model_repository");
    ModelMetadataResponse model =
        client.modelMetadata(ModelMetadataRequest.newBuilder().setName("cartpole").build());
    assertThat(model.getVersionsList()).containsExactly("100");
    assertThat(model.getPlatform()).isEqualTo("mobula_policy");
    assertThat(model.getInputs(0).getName()).isEqualTo("observation");
    assertThat(model.getInputs(0).getDatatype()).isEqualTo("FP32");
    assertThat(model.getInputs(0).getShapeList()).containsExactly(-1L, 4L);
    assertThat(model.getOutputsList())
        .extracting(ModelMetadataResponse.TensorMetadata::getName)
        .containsExactly("action", "log_probability", "value");
    ModelReadyRequest ready =
        ModelReadyRequest.newBuilder().setName("cartpole").setVersion("100").build();
    assertThat(client.modelReady(ready).getReady()).isTrue();
    assertThat(client.modelReady(ready.toBuilder().setVersion("5").build()).getReady()).isFalse();
  }

  @Test
  void actsAsThePolicyThatWasTrained() throws Exception {
    ModelInferResponse answer = client.modelInfer(request().setId("7").build());
    assertThat(answer.getId()).isEqualTo("7");
    assertThat(answer.getModelVersion()).isEqualTo("100");
    try (Policy policy = Policy.load(run)) {
      assertThat(answer.getOutputs(0).getContents().getInt64Contents(0))
          .isEqualTo((long) policy.act(OBSERVATION)[0]);
    }
    ModelInferRequest pinned = request().setModelVersion("100").build();
    assertThat(client.modelInfer(pinned).getOutputsList()).isEqualTo(answer.getOutputsList());
  }

  @Test
  void heedsParametersAsRestDoes() {
    List<Long> actions = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      ModelInferRequest sampled =
          request()
              .putParameters("deterministic", flag(false))
              .putParameters("seed", whole(i / 2))
              .putParameters("sequence_id", InferParameter.newBuilder().setUint64Param(-1).build())
              .putParameters("sequence_start", flag(true))
              .putParameters("sequence_end", flag(false))
              .putParameters("priority", InferParameter.newBuilder().setUint64Param(1).build())
              .putParameters("timeout", whole(30_000_000))
              .build();
      actions.add(client.modelInfer(sampled).getOutputs(0).getContents().getInt64Contents(0));
    }
    assertThat(actions).contains(0L, 1L);
    for (int i = 0; i < 20; i += 2) {
      assertThat(actions.get(i)).isEqualTo(actions.get(i + 1));
    }
    assertRefused(
        () -> client.modelInfer(request().putParameters("sed", whole(1)).build()),
        Status.Code.INVALID_ARGUMENT,
        "there is no parameter 'sed'; did you mean 'seed'?");
    assertRefused(
        () -> client.modelInfer(request().putParameters("timeout", whole(0)).build()),
        Status.Code.INVALID_ARGUMENT,
        "parameter 'timeout' is 0 but must be a number of microseconds > 0");
  }

  @Test
  void saysWhatIsWrongAsRestDoes() {
    assertRefused(
        () -> client.modelInfer(request().setModelName("cartpol").build()),
        Status.Code.NOT_FOUND,
        "there is no model 'cartpol'; did you mean 'cartpole'?");
    assertRefused(
        () -> client.modelInfer(request().setModelVersion("5").build()),
        Status.Code.NOT_FOUND,
        "model 'cartpole' has no version of this name; it serves 100");
    assertRefused(
        () ->
            client.modelInfer(
                request()
                    .addOutputs(
                        ModelInferRequest.InferRequestedOutputTensor.newBuilder().setName("acton"))
                    .build()),
        Status.Code.INVALID_ARGUMENT,
        "there is no output 'acton'; did you mean 'action'?");
    assertRefused(
        () -> client.modelInfer(request().clearInputs().build()),
        Status.Code.INVALID_ARGUMENT,
        "input 'observation' is missing");
  }

  @Test
  void unloadsAndLoads() {
    var unload = RepositoryModelUnloadRequest.newBuilder().setModelName("cartpole").build();
    var load = RepositoryModelLoadRequest.newBuilder().setModelName("cartpole").build();
    assertThat(client.repositoryModelUnload(unload)).isNotNull();
    assertThat(client.serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isFalse();
    var all = client.repositoryIndex(RepositoryIndexRequest.getDefaultInstance());
    assertThat(all.getModels(0).getState()).isEqualTo("UNAVAILABLE");
    var ready = client.repositoryIndex(RepositoryIndexRequest.newBuilder().setReady(true).build());
    assertThat(ready.getModelsCount()).isZero();
    assertRefused(
        () -> client.modelInfer(request().build()),
        Status.Code.UNAVAILABLE,
        "model 'cartpole' is not loaded; load it, or try again later");
    assertRefused(
        () ->
            client.repositoryModelLoad(
                load.toBuilder()
                    .putParameters("config", ModelRepositoryParameter.getDefaultInstance())
                    .build()),
        Status.Code.INVALID_ARGUMENT,
        "a model is loaded as the server's configuration says; leave out 'config'");
    assertRefused(
        () -> client.repositoryModelLoad(load.toBuilder().setModelName("other").build()),
        Status.Code.NOT_FOUND,
        "there is no model 'other'; there are: cartpole");
    assertThat(client.repositoryModelLoad(load)).isNotNull();
    assertThat(client.modelInfer(request().build()).getModelVersion()).isEqualTo("100");
  }

  @Test
  void countsWithTheRest() throws Exception {
    for (int i = 0; i < 3; i++) {
      client.modelInfer(request().build());
    }
    HttpRequest metrics = HttpRequest.newBuilder(URI.create(server.url() + "/metrics")).build();
    assertThat(HttpClient.newHttpClient().send(metrics, BodyHandlers.ofString()).body())
        .contains(
            "mobula_serve_requests_total{end=\"succeeded\",model=\"cartpole\",version=\"100\"} 3.0\n")
        .contains("mobula_serve_request_seconds_count{model=\"cartpole\",version=\"100\"} 3\n");
  }

  @Test
  void isThereOnlyIfAskedFor() throws Exception {
    try (PolicyServer plain = PolicyServer.builder().port(0).model("cartpole", run).start()) {
      assertThat(plain.grpcAddress()).isEmpty();
    }
    int taken = server.grpcAddress().orElseThrow().getPort();
    assertThatThrownBy(() -> PolicyServer.builder().port(0).grpcPort(taken).start())
        .hasMessageContaining("cannot listen at 127.0.0.1:" + taken);
  }
}
