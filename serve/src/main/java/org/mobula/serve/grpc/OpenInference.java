package org.mobula.serve.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.grpc.proto.ModelMetadataRequest;
import org.mobula.serve.grpc.proto.ModelMetadataResponse;
import org.mobula.serve.grpc.proto.ModelReadyRequest;
import org.mobula.serve.grpc.proto.ModelReadyResponse;
import org.mobula.serve.grpc.proto.ModelStreamInferResponse;
import org.mobula.serve.grpc.proto.RepositoryIndexRequest;
import org.mobula.serve.grpc.proto.RepositoryIndexResponse;
import org.mobula.serve.grpc.proto.RepositoryModelLoadRequest;
import org.mobula.serve.grpc.proto.RepositoryModelLoadResponse;
import org.mobula.serve.grpc.proto.RepositoryModelUnloadRequest;
import org.mobula.serve.grpc.proto.RepositoryModelUnloadResponse;
import org.mobula.serve.grpc.proto.ServerLiveRequest;
import org.mobula.serve.grpc.proto.ServerLiveResponse;
import org.mobula.serve.grpc.proto.ServerMetadataRequest;
import org.mobula.serve.grpc.proto.ServerMetadataResponse;
import org.mobula.serve.grpc.proto.ServerReadyRequest;
import org.mobula.serve.grpc.proto.ServerReadyResponse;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferenceService;
import org.mobula.serve.protocol.InferenceService.Change;

/** The protocol's calls, in messages. */
final class OpenInference extends GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase {
  private final InferenceService service;

  OpenInference(InferenceService service) {
    this.service = service;
  }

  private static <A> void answer(StreamObserver<A> observer, Supplier<A> answer) {
    A value;
    try {
      value = answer.get();
    } catch (RuntimeException e) {
      observer.onError(Statuses.of(e).asRuntimeException());
      return;
    }
    observer.onNext(value);
    observer.onCompleted();
  }

  /** An empty version is none. */
  private static @Nullable String version(String version) {
    return version.isEmpty() ? null : version;
  }

  @Override
  public void serverLive(ServerLiveRequest request, StreamObserver<ServerLiveResponse> observer) {
    answer(observer, () -> ServerLiveResponse.newBuilder().setLive(true).build());
  }

  @Override
  public void serverReady(
      ServerReadyRequest request, StreamObserver<ServerReadyResponse> observer) {
    answer(observer, () -> ServerReadyResponse.newBuilder().setReady(service.isReady()).build());
  }

  @Override
  public void modelReady(ModelReadyRequest request, StreamObserver<ModelReadyResponse> observer) {
    answer(
        observer,
        () ->
            ModelReadyResponse.newBuilder()
                .setReady(service.isReady(request.getName(), version(request.getVersion())))
                .build());
  }

  @Override
  public void serverMetadata(
      ServerMetadataRequest request, StreamObserver<ServerMetadataResponse> observer) {
    answer(
        observer,
        () -> {
          Documents.ServerMetadata server = service.server();
          return ServerMetadataResponse.newBuilder()
              .setName(server.name())
              .setVersion(server.version())
              .addAllExtensions(server.extensions())
              .build();
        });
  }

  @Override
  public void modelMetadata(
      ModelMetadataRequest request, StreamObserver<ModelMetadataResponse> observer) {
    answer(
        observer,
        () -> Answers.metadata(service.metadata(request.getName(), version(request.getVersion()))));
  }

  @Override
  public void repositoryIndex(
      RepositoryIndexRequest request, StreamObserver<RepositoryIndexResponse> observer) {
    answer(observer, () -> Answers.index(service.index(request.getReady())));
  }

  @Override
  public void repositoryModelLoad(
      RepositoryModelLoadRequest request, StreamObserver<RepositoryModelLoadResponse> observer) {
    Change change = change(observer, RepositoryModelLoadResponse.getDefaultInstance());
    try {
      if (request.getParametersCount() > 0) {
        throw Documents.settingAtLoad(request.getParametersMap().keySet().iterator().next());
      }
      service.load(request.getModelName(), change);
    } catch (RuntimeException e) {
      observer.onError(Statuses.of(e).asRuntimeException());
    }
  }

  @Override
  public void repositoryModelUnload(
      RepositoryModelUnloadRequest request,
      StreamObserver<RepositoryModelUnloadResponse> observer) {
    Change change = change(observer, RepositoryModelUnloadResponse.getDefaultInstance());
    try {
      service.unload(request.getModelName(), change);
    } catch (RuntimeException e) {
      observer.onError(Statuses.of(e).asRuntimeException());
    }
  }

  private static <A> Change change(StreamObserver<A> observer, A done) {
    heedNoCancelling(observer);
    return refused -> {
      if (refused == null) {
        observer.onNext(done);
        observer.onCompleted();
      } else {
        observer.onError(Statuses.of(refused).asRuntimeException());
      }
    };
  }

  /** Without this, answering a caller that has gone is an error. */
  private static <A> ServerCallStreamObserver<A> heedNoCancelling(StreamObserver<A> observer) {
    ServerCallStreamObserver<A> call = (ServerCallStreamObserver<A>) observer;
    call.setOnCancelHandler(() -> {});
    return call;
  }

  @Override
  public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> observer) {
    ServerCallStreamObserver<ModelInferResponse> call = heedNoCancelling(observer);
    InferCall.start(
        service,
        request,
        Doorkeeper.RECEIVED_NANOS.get(),
        call::isCancelled,
        (answer, status) -> {
          if (answer != null) {
            call.onNext(answer);
            call.onCompleted();
          } else {
            call.onError(status.asRuntimeException());
          }
        });
  }

  @Override
  public StreamObserver<ModelInferRequest> modelStreamInfer(
      StreamObserver<ModelStreamInferResponse> observer) {
    return new InferStream(service, heedNoCancelling(observer));
  }
}
