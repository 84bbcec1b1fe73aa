package org.mobula.serve.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.testing.NewThread;
import org.mobula.core.testing.SelfSigned;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import org.mobula.serve.grpc.proto.InferTensorContents;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferRequest.InferInputTensor;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.grpc.proto.ModelMetadataRequest;
import org.mobula.serve.grpc.proto.ModelReadyRequest;
import org.mobula.serve.grpc.proto.ModelStreamInferResponse;
import org.mobula.serve.grpc.proto.RepositoryModelLoadRequest;
import org.mobula.serve.grpc.proto.RepositoryModelUnloadRequest;
import org.mobula.serve.grpc.proto.ServerLiveRequest;
import org.mobula.serve.grpc.proto.ServerMetadataRequest;
import org.mobula.serve.grpc.proto.ServerReadyRequest;
import org.mobula.serve.http.AccessEntry;
import org.mobula.serve.http.ConnectionsConfig;
import org.mobula.serve.http.Tls;
import org.mobula.serve.http.Tokens;
import org.mobula.serve.protocol.InferenceService;

/** How calls end, and who may make them, through a real channel. */
@Timeout(300)
final class GrpcServerTest {
  private static final Duration LONG = Duration.ofSeconds(40);
  private static final String READER = "reader-0123456789";
  private static final String ADMIN = "admin-0123456789";

  private static final InferInputTensor NAMELESS = InferInputTensor.getDefaultInstance();

  private static ModelInferRequest request(String id) {
    return ModelInferRequest.newBuilder()
        .setModelName("m")
        .setId(id)
        .addInputs(
            InferInputTensor.newBuilder()
                .setName("x")
                .setDatatype("FP32")
                .addShape(1)
                .setContents(InferTensorContents.newBuilder().addFp32Contents(1)))
        .build();
  }

  private static Status status(ThrowingCallable call) {
    List<Status> found = new ArrayList<>();
    assertThatThrownBy(call)
        .satisfies(
            e -> {
              Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
              assertThat(cause).isInstanceOf(StatusRuntimeException.class);
              found.add(Status.fromThrowable(e));
            });
    return found.get(0);
  }

  private static void assertEnds(ThrowingCallable call, Status.Code code, String sentence) {
    Status status = status(call);
    assertThat(status.getDescription()).isEqualTo(sentence);
    assertThat(status.getCode()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({
    "OVERLOADED, UNAVAILABLE",
    "CLOSED, UNAVAILABLE",
    "REPLICA_DIED, UNAVAILABLE",
    "EXPIRED, DEADLINE_EXCEEDED",
    "MODEL_FAILED, INTERNAL",
  })
  void saysWhyThereIsNoAnswer(Failure failure, Status.Code code) throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      ListenableFuture<ModelInferResponse> answer = harness.future().modelInfer(request(""));
      harness.asked.take().caller().fail(failure);
      assertEnds(answer::get, code, failure.sentence());
    }
  }

  @Test
  void keepsItsOwnFaultsToItself() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      ModelReadyRequest ready = ModelReadyRequest.newBuilder().setName("m").build();
      assertEnds(
          () -> harness.blocking().modelReady(ready),
          Status.Code.INTERNAL,
          "the server failed; its log says why");
      // Bytes that are no message.
      assertThat(
              status(
                      () ->
                          ClientCalls.blockingUnaryCall(
                              harness.channel,
                              Bytes.METHOD,
                              CallOptions.DEFAULT,
                              new byte[] {-1, -1, -1}))
                  .getDescription())
          .doesNotContain("Exception", "org.mobula");
    }
  }

  /** Messages that are not what they should be. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    static final MethodDescriptor<byte[], byte[]> METHOD =
        MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("inference.GRPCInferenceService/ModelInfer")
            .build();

    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      return new byte[0];
    }
  }

  @Test
  void aCallsOwnDeadlineHolds() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      ListenableFuture<ModelInferResponse> answer =
          harness.future().withDeadlineAfter(3, TimeUnit.SECONDS).modelInfer(request(""));
      InferenceService.Caller caller = harness.asked.take().caller();
      assertThat(caller.patience()).isBetween(Duration.ZERO, Duration.ofMillis(3001));
      assertThat(status(answer::get).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      while (!caller.isAbandoned()) {
        Thread.onSpinWait();
      }
      ListenableFuture<ModelInferResponse> patient = harness.future().modelInfer(request(""));
      caller = harness.asked.take().caller();
      assertThat(caller.patience()).isNull();
      caller.fail(Failure.EXPIRED);
      assertThat(status(patient::get).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }
  }

  @Test
  void aCancelledCallIsAbandoned() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      ListenableFuture<ModelInferResponse> answer = harness.future().modelInfer(request("1"));
      GrpcHarness.Asked question = harness.asked.take();
      assertThat(question.caller().isAbandoned()).isFalse();
      answer.cancel(true);
      while (!question.caller().isAbandoned()) {
        Thread.onSpinWait();
      }
      question.echo(); // which is no error
      assertThat(harness.blocking().serverLive(ServerLiveRequest.getDefaultInstance()).getLive())
          .isTrue();
    }
  }

  @Test
  void messagesHaveALimit() throws Exception {
    GrpcConfig small =
        new GrpcConfig("127.0.0.1", 0, 1000, ConnectionsConfig.defaults(), null, null, null);
    try (GrpcHarness harness = new GrpcHarness(small, true)) {
      ModelInferRequest large =
          request("").toBuilder().addRawInputContents(ByteString.copyFrom(new byte[1000])).build();
      assertThat(status(() -> harness.blocking().modelInfer(large)).getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      // It is the unpacked message that counts.
      assertThat(
              status(() -> harness.blocking().withCompression("gzip").modelInfer(large)).getCode())
          .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(harness.blocking().modelInfer(request("1")).getId()).isEqualTo("1");
    }
  }

  @Test
  void aMessageThatCannotBeReadIsTheCallersFault() throws Exception {
    MethodDescriptor<byte[], byte[]> infer =
        MethodDescriptor.newBuilder(new Bytes(), new Bytes())
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("inference.GRPCInferenceService/ModelInfer")
            .build();
    byte[] wrong = {0x0a, 0x7f, 1, 2, 3}; // a name of 127 bytes, of which three are there
    try (GrpcHarness harness = GrpcHarness.echo()) {
      assertEnds(
          () -> ClientCalls.blockingUnaryCall(harness.channel, infer, CallOptions.DEFAULT, wrong),
          Status.Code.INVALID_ARGUMENT,
          "the message is no well-formed protobuf of a request to ModelInfer");
      MethodDescriptor<byte[], byte[]> stream =
          infer.toBuilder()
              .setType(MethodDescriptor.MethodType.SERVER_STREAMING) // one request suffices
              .setFullMethodName("inference.GRPCInferenceService/ModelStreamInfer")
              .build();
      assertEnds(
          () ->
              ClientCalls.blockingServerStreamingCall(
                      harness.channel, stream, CallOptions.DEFAULT, wrong)
                  .hasNext(),
          Status.Code.INVALID_ARGUMENT,
          "the message is no well-formed protobuf of a request to ModelStreamInfer");
      assertThat(harness.blocking().modelInfer(request("1")).getId()).isEqualTo("1");
    }
  }

  @Test
  void connectionsHaveALimit() throws Exception {
    GrpcConfig one =
        new GrpcConfig(
            "127.0.0.1", 0, 1000, ConnectionsConfig.defaults().withLimit(1), null, null, null);
    try (GrpcHarness harness = new GrpcHarness(one, true)) {
      assertThat(harness.blocking().modelInfer(request("1")).getId()).isEqualTo("1");
      ManagedChannel second =
          Grpc.newChannelBuilderForAddress(
                  "127.0.0.1",
                  harness.server.address().getPort(),
                  InsecureChannelCredentials.create())
              .build();
      try {
        assertThat(
                status(
                        () ->
                            GRPCInferenceServiceGrpc.newBlockingStub(second)
                                .modelInfer(request("2")))
                    .getCode())
            .isEqualTo(Status.Code.UNAVAILABLE);
      } finally {
        second.shutdownNow();
      }
      assertThat(harness.blocking().modelInfer(request("3")).getId()).isEqualTo("3");
    }
  }

  @Test
  void logsEachCall() throws Exception {
    BlockingQueue<AccessEntry> entries = new LinkedBlockingQueue<>();
    Tokens tokens = new Tokens(List.of(READER), List.of(ADMIN));
    GrpcConfig logged =
        new GrpcConfig(
            "127.0.0.1", 0, 1 << 20, ConnectionsConfig.defaults(), tokens, null, entries::add);
    try (GrpcHarness harness = new GrpcHarness(logged, true)) {
      with(harness, "Bearer " + READER).modelInfer(request("1"));
      AccessEntry entry = entries.take();
      assertThat(entry.client())
          .isInstanceOfSatisfying(
              InetSocketAddress.class,
              client -> assertThat(client.getAddress().isLoopbackAddress()).isTrue());
      assertThat(entry.method()).isEqualTo("gRPC");
      assertThat(entry.path()).isEqualTo("/inference.GRPCInferenceService/ModelInfer");
      assertThat(entry.status()).isEqualTo("OK");
      assertThat(entry.requestBytes()).isGreaterThanOrEqualTo(request("1").getSerializedSize());
      assertThat(entry.answerBytes()).isPositive();
      status(() -> harness.blocking().modelInfer(request("1")));
      assertThat(entries.take().status()).isEqualTo("UNAUTHENTICATED");
    }
  }

  private static GRPCInferenceServiceBlockingStub with(GrpcHarness harness, String authorization) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), authorization);
    return harness.blocking().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  @Test
  void tokensTellWhoMayDoWhat() throws Exception {
    Tokens tokens = new Tokens(List.of(READER), List.of(ADMIN));
    try (GrpcHarness harness =
        new GrpcHarness(
            new GrpcConfig("127.0.0.1", 0, 1000, ConnectionsConfig.defaults(), tokens, null, null),
            true)) {
      GRPCInferenceServiceBlockingStub nobody = harness.blocking();
      assertThat(nobody.serverLive(ServerLiveRequest.getDefaultInstance()).getLive()).isTrue();
      assertThat(nobody.serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isTrue();
      RepositoryModelLoadRequest load = RepositoryModelLoadRequest.getDefaultInstance();
      RepositoryModelUnloadRequest unload = RepositoryModelUnloadRequest.getDefaultInstance();
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> nobody.modelInfer(request("")),
              () -> nobody.serverMetadata(ServerMetadataRequest.getDefaultInstance()),
              () -> nobody.modelMetadata(ModelMetadataRequest.getDefaultInstance()),
              () -> nobody.repositoryModelLoad(load))) {
        assertEnds(
            call,
            Status.Code.UNAUTHENTICATED,
            "this call needs a token: send the metadata authorization: Bearer, and the token");
      }
      assertEnds(
          () -> with(harness, "Bearer reader-0123456780").modelInfer(request("")),
          Status.Code.UNAUTHENTICATED,
          "the token is not one of the server's");
      GRPCInferenceServiceBlockingStub reader = with(harness, "bearer " + READER);
      assertThat(reader.modelInfer(request("1")).getId()).isEqualTo("1");
      assertEnds(
          () -> reader.repositoryModelLoad(load),
          Status.Code.PERMISSION_DENIED,
          "this call needs a token of the admin scope");
      assertThat(status(() -> reader.repositoryModelUnload(unload)).getCode())
          .isEqualTo(Status.Code.PERMISSION_DENIED);
      GRPCInferenceServiceBlockingStub admin = with(harness, "Bearer " + ADMIN);
      assertThat(admin.repositoryModelLoad(load)).isNotNull();
      assertThat(admin.repositoryModelUnload(unload)).isNotNull();
      assertThat(admin.modelInfer(request("2")).getId()).isEqualTo("2");
    }
  }

  @Test
  void speaksTls(@TempDir Path folder) throws Exception {
    SelfSigned self = SelfSigned.in(folder);
    GrpcConfig config =
        new GrpcConfig(
            "127.0.0.1",
            0,
            1000,
            ConnectionsConfig.defaults(),
            null,
            new Tls(self.certificate(), self.privateKey()),
            null);
    try (GrpcHarness harness =
        new GrpcHarness(
            config,
            true,
            TlsChannelCredentials.newBuilder().trustManager(self.certificate().toFile()).build())) {
      assertThat(harness.blocking().modelInfer(request("1")).getId()).isEqualTo("1");
    }
    Path empty = Files.writeString(folder.resolve("empty.pem"), "");
    assertThatThrownBy(
            () ->
                new GrpcHarness(
                    new GrpcConfig(
                        "127.0.0.1",
                        0,
                        1000,
                        ConnectionsConfig.defaults(),
                        null,
                        new Tls(empty, empty),
                        null),
                    true))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty.pem");
  }

  @Test
  void saysWhyItCannotStart() throws Exception {
    assertThatThrownBy(
            () ->
                new GrpcHarness(
                    new GrpcConfig(
                        "0.0.0.0", 0, 1000, ConnectionsConfig.defaults(), null, null, null),
                    true))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("must be a loopback address where there are no tokens");
    try (GrpcHarness harness = GrpcHarness.echo()) {
      int port = harness.server.address().getPort();
      assertThatThrownBy(
              () ->
                  new GrpcHarness(
                      new GrpcConfig(
                          "127.0.0.1", port, 1000, ConnectionsConfig.defaults(), null, null, null),
                      true))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot listen at 127.0.0.1:" + port)
          .hasMessageEndingWith("choose another port, or stop who has it");
    }
  }

  @Test
  void answersWhatIsUnderWayAndThenEnds() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      ListenableFuture<ModelInferResponse> answer = harness.future().modelInfer(request("1"));
      GrpcHarness.Asked question = harness.asked.take();
      harness.server.drain();
      CompletableFuture<Boolean> stopped =
          CompletableFuture.supplyAsync(() -> harness.server.stop(LONG), NewThread.EACH);
      assertThat(status(() -> askUntilRefused(harness)).getCode())
          .isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(stopped).isNotDone();
      question.echo();
      assertThat(answer.get().getId()).isEqualTo("1");
      assertThat(stopped.get()).isTrue();
    }
  }

  /** The news that a server ends may overtake calls or be overtaken. */
  private static void askUntilRefused(GrpcHarness harness) {
    while (harness.blocking().serverLive(ServerLiveRequest.getDefaultInstance()).getLive()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void cancelsWhatIsNotAnsweredInTime() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      ListenableFuture<ModelInferResponse> answer = harness.future().modelInfer(request("1"));
      GrpcHarness.Asked question = harness.asked.take();
      assertThat(harness.server.stop(Duration.ZERO)).isFalse();
      assertThat(status(answer::get).getCode())
          .isIn(Status.Code.CANCELLED, Status.Code.UNAVAILABLE); // whichever news comes first
      assertThat(question.caller().isAbandoned()).isTrue();
    }
  }

  /** Takes what a stream answers. */
  private static final class Heard implements StreamObserver<ModelStreamInferResponse> {
    final BlockingQueue<ModelStreamInferResponse> answers = new LinkedBlockingQueue<>();
    final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    @Override
    public void onNext(ModelStreamInferResponse answer) {
      answers.add(answer);
    }

    @Override
    public void onError(Throwable error) {
      ended.completeExceptionally(error);
    }

    @Override
    public void onCompleted() {
      ended.complete(true);
    }
  }

  @Test
  void aStreamAnswersInOrder() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      Heard heard = new Heard();
      StreamObserver<ModelInferRequest> stream =
          GRPCInferenceServiceGrpc.newStub(harness.channel).modelStreamInfer(heard);
      stream.onNext(request("1"));
      stream.onNext(request("2"));
      stream.onNext(ModelInferRequest.newBuilder().setId("3").addInputs(NAMELESS).build());
      GrpcHarness.Asked first = harness.asked.take();
      GrpcHarness.Asked second = harness.asked.take();
      second.caller().fail(Failure.OVERLOADED);
      first.echo();
      assertThat(heard.answers.take().getInferResponse().getId()).isEqualTo("1");
      ModelStreamInferResponse refused = heard.answers.take();
      assertThat(refused.getErrorMessage()).isEqualTo(Failure.OVERLOADED.sentence());
      assertThat(refused.getInferResponse().getId()).isEqualTo("2");
      ModelStreamInferResponse wrong = heard.answers.take();
      assertThat(wrong.getErrorMessage()).isEqualTo("input '#0' has no name");
      assertThat(wrong.getInferResponse().getId()).isEqualTo("3");
      for (int i = 0; i < 200; i++) { // more than it takes at once
        stream.onNext(request("n" + i));
      }
      stream.onCompleted();
      for (int i = 0; i < 200; i++) {
        harness.asked.take().echo();
        assertThat(heard.answers.take().getInferResponse().getId()).isEqualTo("n" + i);
      }
      assertThat(heard.ended.get()).isTrue();
    }
  }

  @Test
  void aStreamThatIsCancelledIsAbandoned() throws Exception {
    try (GrpcHarness harness = GrpcHarness.asked()) {
      StreamObserver<ModelInferRequest> stream =
          GRPCInferenceServiceGrpc.newStub(harness.channel).modelStreamInfer(new Heard());
      stream.onNext(request("1"));
      GrpcHarness.Asked question = harness.asked.take();
      stream.onError(Status.CANCELLED.asRuntimeException());
      while (!question.caller().isAbandoned()) {
        Thread.onSpinWait();
      }
      question.echo();
    }
  }
}
