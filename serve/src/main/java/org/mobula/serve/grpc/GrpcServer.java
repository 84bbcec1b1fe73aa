package org.mobula.serve.grpc;

import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.mobula.serve.http.Guard;
import org.mobula.serve.http.HttpTransport;
import org.mobula.serve.http.Tls;
import org.mobula.serve.http.Tokens;
import org.mobula.serve.protocol.InferenceService;

/** Listens for calls of the Open Inference Protocol v2. */
public final class GrpcServer implements AutoCloseable {
  private static final int MAX_CALLS_PER_CONNECTION = 1024;
  private static final int EVENT_LOOPS = 4;
  private static final long CANCEL_SECONDS = 5;

  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "serve-grpc-clock");
            thread.setDaemon(true);
            return thread;
          });
  private final HttpTransport transport =
      HttpTransport.start(
          "mobula-grpc", Math.min(EVENT_LOOPS, Runtime.getRuntime().availableProcessors()));
  private final Guard guard;
  private final Health health;
  private final Server server;
  private final InetSocketAddress address;

  private GrpcServer(GrpcConfig config, InferenceService service) throws IOException {
    InetAddress host = Guard.listeningAddress(config.host(), config.tokens());
    guard = new Guard(config.tokens());
    health = new Health(service, clock);
    boolean started = false;
    try {
      ServerCredentials credentials = credentials(config);
      // Nothing that the service does blocks, so it runs where the messages arrive.
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(new InetSocketAddress(host, config.port()), credentials)
              .channelFactory(transport.sockets(config.connections().limit()))
              .bossEventLoopGroup(transport.loops())
              .workerEventLoopGroup(transport.loops())
              .directExecutor()
              .maxInboundMessageSize(config.messageLimit())
              .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
              .handshakeTimeout(
                  config.connections().headerTimeout().toNanos(), TimeUnit.NANOSECONDS)
              .maxConnectionIdle(config.connections().idleTimeout().toNanos(), TimeUnit.NANOSECONDS)
              .intercept(new Doorkeeper(guard))
              .addService(WellFormed.only(new OpenInference(service).bindService()))
              .addService(WellFormed.only(health.bindService()))
              .addService(ProtoReflectionServiceV1.newInstance())
              .addService(olderReflection());
      if (config.accessLog() != null) {
        builder.addStreamTracerFactory(new AccessLog(config.accessLog()));
      }
      server = builder.build();
      start(config);
      started = true;
    } finally {
      if (!started) {
        clock.shutdownNow();
        transport.close();
      }
    }
    address = (InetSocketAddress) server.getListenSockets().get(0);
  }

  /** The version that clients such as grpcio's ask first. */
  @SuppressWarnings("deprecation")
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
  }

  /**
   * Listens from now on.
   *
   * @throws IOException if the address is taken, or the TLS files cannot be read
   */
  public static GrpcServer start(GrpcConfig config, InferenceService service) throws IOException {
    return new GrpcServer(config, service);
  }

  private void start(GrpcConfig config) throws IOException {
    try {
      server.start();
    } catch (IOException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(
          "cannot listen at %s:%s: %s; choose another port, or stop who has it"
              .formatted(config.host(), config.port(), cause.getMessage()),
          e);
    }
  }

  private ServerCredentials credentials(GrpcConfig config) throws IOException {
    Tls tls = config.tls();
    if (tls == null) {
      return InsecureServerCredentials.create();
    }
    CertificateFiles files = new CertificateFiles(tls);
    var unused = clock.scheduleWithFixedDelay(files::look, 1, 1, TimeUnit.SECONDS);
    return TlsServerCredentials.newBuilder().keyManager(files.keys()).build();
  }

  /** Where it listens, with the port that it got. */
  public InetSocketAddress address() {
    return address;
  }

  /** From now on lets those with these tokens through, and no others. */
  public void replaceTokens(Tokens tokens) {
    guard.replace(tokens);
  }

  /** Takes no new calls from now on; those there are go on. */
  public void drain() {
    health.drain();
    server.shutdown();
  }

  /**
   * Takes no new calls, and ends with the last of those there are.
   *
   * @param patience after which they are cancelled
   * @return whether all were answered in time
   */
  public boolean stop(Duration patience) {
    boolean all = false;
    health.drain();
    try {
      all = server.shutdown().awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS);
      if (!all) {
        server.shutdownNow().awaitTermination(CANCEL_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    } finally {
      clock.shutdownNow();
      transport.close();
    }
    return all;
  }

  /** Stops without waiting for anybody. */
  @Override
  public void close() {
    stop(Duration.ZERO);
  }
}
