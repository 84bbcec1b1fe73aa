package org.mobula.serve.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * Ends calls whose messages cannot be read with a code that blames the caller: by itself the
 * library says that the server failed.
 */
final class WellFormed implements ServerInterceptor {
  /** The same service, reading its messages where their errors can be caught. */
  static ServerServiceDefinition only(ServerServiceDefinition service) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useInputStreamMessages(service), new WellFormed());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean ended;

      @Override
      public void onMessage(Q message) {
        if (ended) {
          return;
        }
        try {
          super.onMessage(message);
        } catch (StatusRuntimeException e) {
          ended = true;
          Status status =
              e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED
                  ? e.getStatus() // too large once it is unpacked
                  : Status.INVALID_ARGUMENT.withDescription(
                      "the message is no well-formed protobuf of a request to "
                          + call.getMethodDescriptor().getBareMethodName());
          call.close(status, new Metadata());
        }
      }

      @Override
      public void onHalfClose() {
        if (!ended) {
          super.onHalfClose();
        }
      }
    };
  }
}
