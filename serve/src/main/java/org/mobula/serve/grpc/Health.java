package org.mobula.serve.grpc;

import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.mobula.serve.grpc.proto.GRPCInferenceServiceGrpc;
import org.mobula.serve.protocol.InferenceService;

/**
 * {@code grpc.health.v1}, as load balancers ask it: serving while the server is ready, as a whole
 * ({@code ""}) and as the inference service.
 */
@SuppressWarnings("FutureReturnValueIgnored") // ends with the executor
final class Health extends HealthGrpc.HealthImplBase {
  private static final long LOOK_MILLIS = 200;

  private final InferenceService service;
  private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  /**
   * Looks at the service.
   *
   * @param clock on which it is looked whether those who watch have something to hear
   */
  Health(InferenceService service, ScheduledExecutorService clock) {
    this.service = service;
    clock.scheduleWithFixedDelay(
        () -> watchers.forEach(Watcher::look), LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Says to all from now on that the server does not serve; ends the calls of those who watch. */
  void drain() {
    draining = true;
    watchers.forEach(Watcher::end);
  }

  private ServingStatus status(String name) {
    if (!name.isEmpty() && !name.equals(GRPCInferenceServiceGrpc.SERVICE_NAME)) {
      return ServingStatus.SERVICE_UNKNOWN;
    }
    return !draining && service.isReady() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  private static HealthCheckResponse response(ServingStatus status) {
    return HealthCheckResponse.newBuilder().setStatus(status).build();
  }

  @Override
  public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
    ServingStatus status = status(request.getService());
    if (status == ServingStatus.SERVICE_UNKNOWN) {
      observer.onError(
          Status.NOT_FOUND
              .withDescription(
                  "there is no service '%s'; ask for '%s', or for '' as the server"
                      .formatted(request.getService(), GRPCInferenceServiceGrpc.SERVICE_NAME))
              .asRuntimeException());
      return;
    }
    observer.onNext(response(status));
    observer.onCompleted();
  }

  @Override
  public void watch(HealthCheckRequest request, StreamObserver<HealthCheckResponse> observer) {
    Watcher watcher =
        new Watcher(request.getService(), (ServerCallStreamObserver<HealthCheckResponse>) observer);
    watcher.call.setOnCancelHandler(() -> watchers.remove(watcher));
    watchers.add(watcher);
    watcher.look();
    if (draining) {
      watcher.end();
    }
  }

  /** Hears of each change. */
  private final class Watcher {
    private final String name;
    private final ServerCallStreamObserver<HealthCheckResponse> call;
    private ServingStatus said = ServingStatus.UNRECOGNIZED;
    private boolean ended;

    Watcher(String name, ServerCallStreamObserver<HealthCheckResponse> call) {
      this.name = name;
      this.call = call;
    }

    synchronized void look() {
      ServingStatus now = status(name);
      if (!ended && now != said && !call.isCancelled()) {
        said = now;
        call.onNext(response(now));
      }
    }

    synchronized void end() {
      look();
      watchers.remove(this);
      if (!ended && !call.isCancelled()) {
        ended = true;
        call.onCompleted();
      }
    }
  }
}
