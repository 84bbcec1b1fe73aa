package org.mobula.serve.grpc;

import io.grpc.Status;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.protocol.RequestRefusedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What became of a call, in gRPC's codes. */
final class Statuses {
  private static final Logger LOG = LoggerFactory.getLogger(Statuses.class);

  private Statuses() {}

  static Status of(Failure failure) {
    Status status =
        switch (failure) {
          case OVERLOADED, CLOSED, REPLICA_DIED -> Status.UNAVAILABLE;
          case EXPIRED -> Status.DEADLINE_EXCEEDED;
          case MODEL_FAILED -> Status.INTERNAL;
        };
    return status.withDescription(failure.sentence());
  }

  /** Sentences for clients are passed on; other errors are the server's own matter. */
  static Status of(RuntimeException error) {
    if (error instanceof InvalidRequestException || error instanceof InvalidInputException) {
      return Status.INVALID_ARGUMENT.withDescription(error.getMessage());
    }
    if (error instanceof RequestRefusedException refused) {
      Status status =
          switch (refused.reason()) {
            case NOT_FOUND -> Status.NOT_FOUND;
            case UNAVAILABLE -> Status.UNAVAILABLE;
            case FAILED -> Status.INTERNAL;
          };
      return status.withDescription(refused.getMessage());
    }
    LOG.error("a call failed", error);
    return Status.INTERNAL.withDescription("the server failed; its log says why");
  }
}
