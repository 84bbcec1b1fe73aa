package org.mobula.serve.grpc;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.http.AccessEntry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs each call once it has ended, also one that was let in by nobody or never answered. */
final class AccessLog extends ServerStreamTracer.Factory {
  private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
  private static final Metadata.Key<String> TRACE_PARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  private final Consumer<AccessEntry> entries;

  AccessLog(Consumer<AccessEntry> entries) {
    this.entries = entries;
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
    String trace = headers.get(TRACE_PARENT);
    return new Call("/" + fullMethodName, trace == null ? "" : trace);
  }

  private final class Call extends ServerStreamTracer {
    private final String path;
    private final String traceParent;
    private final long startNanos = System.nanoTime();
    private final AtomicLong requestBytes = new AtomicLong();
    private final AtomicLong answerBytes = new AtomicLong();
    private volatile @Nullable SocketAddress client;

    Call(String path, String traceParent) {
      this.path = path;
      this.traceParent = traceParent;
    }

    @Override
    public void serverCallStarted(ServerCallInfo<?, ?> call) {
      client = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    }

    @Override
    public void inboundWireSize(long bytes) {
      requestBytes.addAndGet(bytes);
    }

    @Override
    public void outboundWireSize(long bytes) {
      answerBytes.addAndGet(bytes);
    }

    @Override
    public void streamClosed(Status status) {
      try {
        entries.accept(
            new AccessEntry(
                client,
                "gRPC",
                path,
                traceParent,
                status.getCode().name(),
                requestBytes.get(),
                answerBytes.get(),
                System.nanoTime() - startNanos));
      } catch (RuntimeException e) {
        LOG.error("The access log fails", e);
      }
    }
  }
}
