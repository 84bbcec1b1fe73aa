package consumer;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.serve.PolicyServer;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.grpc.proto.InferTensorContents;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;

/** Asks a server over HTTP, in each version that Java's client speaks, and over gRPC. */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    Path run = Files.createTempDirectory("consumer").resolve("run");
    Trainer.builder(
            TrainingConfig.defaults(
                    EnvironmentConfig.defaults("CartPole-v1"), PpoConfig.defaults().withSteps(64))
                .withStop(StopConfig.defaults().withEnvironmentSteps(64)))
        .directory(run)
        .build()
        .train()
        .policy()
        .close();
    try (PolicyServer server = PolicyServer.builder().model("m", run).port(0).grpcPort(0).start()) {
      String action = null;
      for (HttpClient.Version version : HttpClient.Version.values()) {
        HttpClient client = HttpClient.newBuilder().version(version).build();
        HttpResponse<String> answer =
            client.send(
                HttpRequest.newBuilder(URI.create(server.url() + "/v1/policies/m/act"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"observation\": [0, 0, 0.1, 0]}"))
                    .build(),
                BodyHandlers.ofString());
        expect(200, answer.statusCode());
        expect(true, answer.body().startsWith("{\"action\":"));
        action = answer.body().substring(10, 11);
      }
      ManagedChannel channel =
          Grpc.newChannelBuilderForAddress(
                  "127.0.0.1",
                  server.grpcAddress().orElseThrow().getPort(),
                  InsecureChannelCredentials.create())
              .build();
      try {
        ModelInferResponse answer =
            GRPCInferenceServiceGrpc.newBlockingStub(channel)
                .modelInfer(
                    ModelInferRequest.newBuilder()
                        .setModelName("m")
                        .addInputs(
                            ModelInferRequest.InferInputTensor.newBuilder()
                                .setName("observation")
                                .setDatatype("FP32")
                                .addAllShape(List.of(1L, 4L))
                                .setContents(
                                    InferTensorContents.newBuilder()
                                        .addAllFp32Contents(List.of(0f, 0f, 0.1f, 0f))))
                        .build());
        expect("m", answer.getModelName());
        expect("action", answer.getOutputs(0).getName());
        expect(true, List.of("0", "1").contains(action));
      } finally {
        channel.shutdownNow();
      }
    }
    System.out.println("serve: passed");
  }

  private static void expect(Object expected, Object found) {
    if (!expected.equals(found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }
}
