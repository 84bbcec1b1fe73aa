package org.mobula.serve;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.protocol.Answer;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferenceService;
import org.mobula.serve.protocol.InvalidRequestException;

/** Who asks a model over HTTP. */
record RestCaller(HttpRequest request, HttpResponder responder, Form form)
    implements InferenceService.Caller {
  static final String JSON = "application/json";

  /** For answers that may be others later. */
  static final Map<String, String> LATER = Map.of("Retry-After", "1");

  /** How outputs are answered. */
  @FunctionalInterface
  interface Form {
    void send(HttpResponder responder, Answer answer);
  }

  @Override
  public long receivedNanos() {
    return request.receivedNanos();
  }

  @Override
  public @Nullable Duration patience() {
    return null;
  }

  @Override
  public boolean isAbandoned() {
    return request.isAbandoned();
  }

  @Override
  public String requestId() {
    return request.header("x-request-id").or(() -> request.header("traceparent")).orElse("");
  }

  @Override
  public void succeed(Answer answer) {
    try {
      form.send(responder, answer);
    } catch (InvalidRequestException e) { // an output that cannot be said
      error(responder, 400, String.valueOf(e.getMessage()), Map.of());
    }
  }

  @Override
  public void fail(Failure failure) {
    fail(responder, failure);
  }

  static void fail(HttpResponder responder, Failure failure) {
    int status =
        switch (failure) {
          case OVERLOADED, CLOSED, REPLICA_DIED -> 503;
          case EXPIRED -> 504;
          case MODEL_FAILED -> 500;
        };
    error(responder, status, failure.sentence(), status == 503 ? LATER : Map.of());
  }

  static void error(
      HttpResponder responder, int status, String sentence, Map<String, String> headers) {
    ByteBuffer body = Documents.error(sentence);
    responder.send(status, JSON, headers, body);
  }
}
