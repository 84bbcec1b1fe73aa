package org.mobula.serve.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.grpc.proto.ModelStreamInferResponse;
import org.mobula.serve.protocol.InferenceService;

/** Requests that come one after the other over one call, and their answers in the same order. */
final class InferStream implements StreamObserver<ModelInferRequest> {
  /** Unanswered requests from which on no more are read. */
  private static final int LIMIT = 64;

  private final InferenceService service;
  private final ServerCallStreamObserver<ModelStreamInferResponse> call;

  // Guarded by this: answers are given from the replicas' threads.
  private final ArrayDeque<Slot> slots = new ArrayDeque<>();
  private boolean ended;

  /** The place of an answer. */
  private static final class Slot {
    @Nullable ModelStreamInferResponse answer;
  }

  InferStream(InferenceService service, ServerCallStreamObserver<ModelStreamInferResponse> call) {
    this.service = service;
    this.call = call;
    call.disableAutoRequest();
    call.request(LIMIT);
  }

  @Override
  public void onNext(ModelInferRequest request) {
    Slot slot = new Slot();
    synchronized (this) {
      slots.add(slot);
    }
    InferCall.start(
        service,
        request,
        System.nanoTime(),
        call::isCancelled,
        (answer, status) -> answer(slot, message(request, answer, status)));
  }

  private static ModelStreamInferResponse message(
      ModelInferRequest request, @Nullable ModelInferResponse answer, Status status) {
    if (answer != null) {
      return ModelStreamInferResponse.newBuilder().setInferResponse(answer).build();
    }
    return ModelStreamInferResponse.newBuilder()
        .setErrorMessage(String.valueOf(status.getDescription()))
        .setInferResponse(ModelInferResponse.newBuilder().setId(request.getId()))
        .build();
  }

  private synchronized void answer(Slot slot, ModelStreamInferResponse answer) {
    slot.answer = answer;
    while (!slots.isEmpty() && slots.element().answer != null) {
      call.onNext(slots.remove().answer);
      call.request(1);
    }
    endIfDone();
  }

  @Override
  public synchronized void onCompleted() {
    ended = true;
    endIfDone();
  }

  private void endIfDone() {
    if (ended && slots.isEmpty()) {
      call.onCompleted();
    }
  }

  @Override
  public void onError(Throwable error) {} // the caller has gone: its requests are dropped
}
