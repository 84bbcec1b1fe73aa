package org.mobula.serve.grpc;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.grpc.proto.ModelInferRequest;
import org.mobula.serve.grpc.proto.ModelInferResponse;
import org.mobula.serve.protocol.Answer;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.InferenceService;

/** A request to a model, until it is answered. */
final class InferCall implements InferenceService.Caller {
  private final String model;
  private final InferRequest request;
  private final long receivedNanos;
  private final @Nullable Duration patience;
  private final BooleanSupplier abandoned;
  private final End end;

  /** Takes the answer, or else what went wrong. */
  @FunctionalInterface
  interface End {
    void take(@Nullable ModelInferResponse answer, Status status);
  }

  private InferCall(
      String model,
      InferRequest request,
      long receivedNanos,
      @Nullable Duration patience,
      BooleanSupplier abandoned,
      End end) {
    this.model = model;
    this.request = request;
    this.receivedNanos = receivedNanos;
    this.patience = patience;
    this.abandoned = abandoned;
    this.end = end;
  }

  /**
   * Asks a model; the call's own deadline holds.
   *
   * @param abandoned whether the caller has gone
   * @param end called once, from any thread
   */
  static void start(
      InferenceService service,
      ModelInferRequest message,
      long receivedNanos,
      BooleanSupplier abandoned,
      End end) {
    try {
      String version = message.getModelVersion();
      InferCall call =
          new InferCall(
              message.getModelName(),
              Requests.read(message),
              receivedNanos,
              patience(receivedNanos),
              abandoned,
              end);
      service.infer(call.model, version.isEmpty() ? null : version, call.request, call);
    } catch (RuntimeException e) {
      end.take(null, Statuses.of(e));
    }
  }

  private static @Nullable Duration patience(long receivedNanos) {
    Deadline deadline = Context.current().getDeadline();
    if (deadline == null) {
      return null;
    }
    long passed = System.nanoTime() - receivedNanos;
    return Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)).plusNanos(passed);
  }

  @Override
  public long receivedNanos() {
    return receivedNanos;
  }

  @Override
  public @Nullable Duration patience() {
    return patience;
  }

  @Override
  public boolean isAbandoned() {
    return abandoned.getAsBoolean();
  }

  @Override
  public void succeed(Answer computed) {
    ModelInferResponse answer;
    try {
      answer = Answers.outputs(model, request, computed);
    } catch (RuntimeException e) {
      end.take(null, Statuses.of(e));
      return;
    }
    end.take(answer, Status.OK);
  }

  @Override
  public void fail(Failure failure) {
    end.take(null, Statuses.of(failure));
  }
}
