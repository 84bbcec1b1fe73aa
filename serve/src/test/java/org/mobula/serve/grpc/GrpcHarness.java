package org.mobula.serve.grpc;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc.GRPCInferenceServiceFutureStub;
import org.mobula.serve.http.ConnectionsConfig;
import org.mobula.serve.model.Datatype;
import org.mobula.serve.model.Signature;
import org.mobula.serve.model.TensorSpec;
import org.mobula.serve.protocol.Answer;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.InferenceService;

/** A server on loopback whose one service hands what comes to the test, and a channel to it. */
final class GrpcHarness implements AutoCloseable {
  /** What came. */
  record Asked(
      String model,
      @Nullable String version,
      InferRequest request,
      InferenceService.Caller caller) {
    /** Answers with the inputs. */
    void echo() {
      caller.succeed(new Answer("3", request.inputs(), null));
    }
  }

  static final GrpcConfig CONFIG =
      new GrpcConfig("127.0.0.1", 0, 4 << 20, ConnectionsConfig.defaults(), null, null, null);

  final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  final GrpcServer server;
  final ManagedChannel channel;
  volatile boolean ready = true;
  private final boolean echoes;

  GrpcHarness(GrpcConfig config, boolean echoes) throws IOException {
    this(config, echoes, InsecureChannelCredentials.create());
  }

  GrpcHarness(GrpcConfig config, boolean echoes, ChannelCredentials credentials)
      throws IOException {
    this.echoes = echoes;
    server = GrpcServer.start(config, new Service());
    channel =
        Grpc.newChannelBuilderForAddress("127.0.0.1", server.address().getPort(), credentials)
            .build();
  }

  /** One that answers with what came. */
  static GrpcHarness echo() throws IOException {
    return new GrpcHarness(CONFIG, true);
  }

  /** One whose answers the test gives. */
  static GrpcHarness asked() throws IOException {
    return new GrpcHarness(CONFIG, false);
  }

  GRPCInferenceServiceBlockingStub blocking() {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel);
  }

  GRPCInferenceServiceFutureStub future() {
    return GRPCInferenceServiceGrpc.newFutureStub(channel);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.close();
  }

  private final class Service implements InferenceService {
    @Override
    public Documents.ServerMetadata server() {
      return new Documents.ServerMetadata("mobula", "1", List.of("a", "b"));
    }

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public boolean isReady(String model, @Nullable String version) {
      throw new IllegalStateException("the secret of " + model);
    }

    @Override
    public Documents.ModelMetadata metadata(String model, @Nullable String version) {
      return new Documents.ModelMetadata(
          model,
          List.of("3"),
          "test",
          new Signature(
              List.of(new TensorSpec("x", Datatype.FP32, List.of(-1, 2))),
              List.of(new TensorSpec("y", Datatype.INT64, List.of(-1)))));
    }

    @Override
    public List<Documents.IndexEntry> index(boolean readyOnly) {
      return List.of(new Documents.IndexEntry("m", "3", "READY", ""));
    }

    @Override
    public void infer(String model, @Nullable String version, InferRequest request, Caller caller) {
      Asked question = new Asked(model, version, request, caller);
      if (echoes) {
        question.echo();
      } else {
        asked.add(question);
      }
    }

    @Override
    public void load(String model, Change change) {
      change.end(null);
    }

    @Override
    public void unload(String model, Change change) {
      change.end(null);
    }
  }
}
