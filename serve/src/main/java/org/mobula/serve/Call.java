package org.mobula.serve;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.mobula.serve.batch.Completion;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InvalidRequestException;

/** A request that a version computes, until it is answered. */
final class Call implements Completion {
  static final String JSON = "application/json";
  private static final Map<String, String> LATER = Map.of("Retry-After", "1");

  private final HttpRequest request;
  private final HttpResponder responder;
  private final Deployment deployment;
  private final Form form;

  /** How outputs are answered. */
  @FunctionalInterface
  interface Form {
    void send(HttpResponder responder, Deployment deployment, List<Tensor> outputs);
  }

  Call(HttpRequest request, HttpResponder responder, Deployment deployment, Form form) {
    this.request = request;
    this.responder = responder;
    this.deployment = deployment;
    this.form = form;
  }

  @Override
  public boolean isAbandoned() {
    return request.isAbandoned();
  }

  @Override
  public void succeed(List<Tensor> outputs) {
    deployment.answered(System.nanoTime() - request.receivedNanos());
    try {
      form.send(responder, deployment, outputs);
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
