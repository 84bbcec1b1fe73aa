package org.mobula.serve.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import java.util.Map;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.http.Access;
import org.mobula.serve.http.Guard;

/** Looks at a call's token, and notes when the call came. */
final class Doorkeeper implements ServerInterceptor {
  /** When a call's head came, as {@link System#nanoTime}. */
  static final Context.Key<Long> RECEIVED_NANOS = Context.key("received-nanos");

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** Of the calls that need something else than {@link Access#READ}, by their full names. */
  private static final Map<String, Access> REQUIRED =
      Map.of(
          GRPCInferenceServiceGrpc.getServerLiveMethod().getFullMethodName(), Access.OPEN,
          GRPCInferenceServiceGrpc.getServerReadyMethod().getFullMethodName(), Access.OPEN,
          HealthGrpc.getCheckMethod().getFullMethodName(), Access.OPEN,
          HealthGrpc.getWatchMethod().getFullMethodName(), Access.OPEN,
          GRPCInferenceServiceGrpc.getRepositoryModelLoadMethod().getFullMethodName(), Access.ADMIN,
          GRPCInferenceServiceGrpc.getRepositoryModelUnloadMethod().getFullMethodName(),
              Access.ADMIN);

  private final Guard guard;

  Doorkeeper(Guard guard) {
    this.guard = guard;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Status status = status(guard.admit(headers.get(AUTHORIZATION), required(call)));
    if (!status.isOk()) {
      call.close(status, new Metadata());
      return new ServerCall.Listener<Q>() {};
    }
    Context context = Context.current().withValue(RECEIVED_NANOS, System.nanoTime());
    return Contexts.interceptCall(context, call, headers, next);
  }

  private static Access required(ServerCall<?, ?> call) {
    return REQUIRED.getOrDefault(call.getMethodDescriptor().getFullMethodName(), Access.READ);
  }

  private static Status status(Guard.Verdict verdict) {
    return switch (verdict) {
      case ADMITTED -> Status.OK;
      case NO_TOKEN ->
          Status.UNAUTHENTICATED.withDescription(
              "this call needs a token: send the metadata authorization: Bearer, and the token");
      case UNKNOWN_TOKEN ->
          Status.UNAUTHENTICATED.withDescription("the token is not one of the server's");
      case NOT_ADMIN ->
          Status.PERMISSION_DENIED.withDescription("this call needs a token of the admin scope");
    };
  }
}
