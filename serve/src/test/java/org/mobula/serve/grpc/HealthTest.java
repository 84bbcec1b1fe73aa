package org.mobula.serve.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.http.ConnectionsConfig;
import org.mobula.serve.http.Tokens;

/** What load balancers and tools ask, through a real channel. */
@Timeout(300)
final class HealthTest {
  private static HealthCheckRequest of(String service) {
    return HealthCheckRequest.newBuilder().setService(service).build();
  }

  private static ServingStatus check(GrpcHarness harness, String service) {
    return HealthGrpc.newBlockingStub(harness.channel).check(of(service)).getStatus();
  }

  @Test
  void saysWhetherTheServerServes() throws Exception {
    try (GrpcHarness harness = GrpcHarness.echo()) {
      for (String service : List.of("", GRPCInferenceServiceGrpc.SERVICE_NAME)) {
        harness.ready = true;
        assertThat(check(harness, service)).isEqualTo(ServingStatus.SERVING);
        harness.ready = false;
        assertThat(check(harness, service)).isEqualTo(ServingStatus.NOT_SERVING);
      }
      assertThatThrownBy(() -> check(harness, "other"))
          .isInstanceOf(StatusRuntimeException.class)
          .hasMessage(
              "NOT_FOUND: there is no service 'other'; ask for 'inference.GRPCInferenceService',"
                  + " or for '' as the server");
    }
  }

  @Test
  void whoWatchesHearsOfEachChangeAndOfTheEnd() throws Exception {
    try (GrpcHarness harness = GrpcHarness.echo()) {
      Iterator<HealthCheckResponse> heard =
          HealthGrpc.newBlockingStub(harness.channel).watch(of(""));
      assertThat(heard.next().getStatus()).isEqualTo(ServingStatus.SERVING);
      harness.ready = false;
      assertThat(heard.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
      harness.ready = true;
      assertThat(heard.next().getStatus()).isEqualTo(ServingStatus.SERVING);
      harness.server.drain();
      assertThat(heard.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(heard.hasNext()).isFalse();
    }
  }

  @Test
  void tellsItsServicesToThoseWhoMayAsk() throws Exception {
    try (GrpcHarness harness = GrpcHarness.echo()) {
      assertThat(services(harness).get())
          .contains("inference.GRPCInferenceService", "grpc.health.v1.Health");
    }
    Tokens tokens = new Tokens(List.of(), List.of("admin-0123456789"));
    GrpcConfig guarded =
        new GrpcConfig("127.0.0.1", 0, 1 << 20, ConnectionsConfig.defaults(), tokens, null, null);
    try (GrpcHarness harness = new GrpcHarness(guarded, true)) {
      assertThat(check(harness, "")).isEqualTo(ServingStatus.SERVING);
      assertThatThrownBy(() -> services(harness).get()).hasMessageContaining("UNAUTHENTICATED");
    }
  }

  private static CompletableFuture<List<String>> services(GrpcHarness harness) {
    CompletableFuture<List<String>> services = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> call =
        ServerReflectionGrpc.newStub(harness.channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse answer) {
                    services.complete(
                        answer.getListServicesResponse().getServiceList().stream()
                            .map(ServiceResponse::getName)
                            .toList());
                  }

                  @Override
                  public void onError(Throwable error) {
                    services.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    call.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    call.onCompleted();
    return services;
  }
}
