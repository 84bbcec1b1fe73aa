package org.mobula.serve;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.serve.batch.BatchingConfig;
import org.mobula.serve.grpc.GrpcConfig;
import org.mobula.serve.grpc.GrpcServer;
import org.mobula.serve.http.Access;
import org.mobula.serve.http.AccessEntry;
import org.mobula.serve.http.HttpConfig;
import org.mobula.serve.http.HttpServer;
import org.mobula.serve.http.Tls;
import org.mobula.serve.http.Tokens;
import org.mobula.serve.model.Model;
import org.mobula.serve.record.RecordConfig;
import org.mobula.serve.record.Recorder;

/**
 * Serves policies over HTTP, and over gRPC where a port is given for it.
 *
 * <pre>{@code
 * try (PolicyServer server =
 *     PolicyServer.builder().model("cartpole", Path.of("runs/cartpole")).port(8080).start()) {
 *   System.out.println(server.url());
 *   ...
 * }
 * }</pre>
 */
public final class PolicyServer implements AutoCloseable {
  /** What the last steps of the end may take, whatever is left of the drain timeout. */
  private static final Duration LAST = Duration.ofSeconds(1);

  private final TaskRuntime runtime;
  private final boolean ownsRuntime;
  private final ModelRepository repository;
  private final @Nullable Recorder recorder;
  private final Inference inference;
  private final HttpServer http;
  private final @Nullable GrpcServer grpc;
  private final @Nullable TokenFiles tokenFiles;
  private final Duration drainTimeout;
  private final String scheme;

  private PolicyServer(Builder builder) throws IOException {
    ServeConfig config = builder.config;
    TaskRuntime given = builder.runtime;
    Tls tls = tls(config);
    tokenFiles = TokenFiles.of(config); // before anything is begun that had to be closed
    Tokens tokens = tokenFiles == null ? null : tokenFiles.known();
    RecordConfig record = config.record();
    recorder = record == null ? null : Recorder.open(record);
    ownsRuntime = given == null;
    runtime = given == null ? LocalTaskRuntime.builder().name("serve").build() : given;
    drainTimeout = config.drainTimeout();
    Consumer<AccessEntry> accessLog = config.accessLog() ? AccessEntry.toSlf4j() : null;
    scheme = config.certificate() == null ? "http" : "https";
    repository = new ModelRepository(runtime, drainTimeout);
    String version = PolicyServer.class.getPackage().getImplementationVersion();
    inference = new Inference(repository, version == null ? "" : version, recorder);
    HttpServer startedHttp = null;
    GrpcServer startedGrpc = null;
    boolean started = false;
    try {
      for (Map.Entry<String, ModelConfig> model : config.models().entrySet()) {
        repository.load(model.getKey(), model.getValue());
      }
      builder.given.forEach(
          (name, served) -> repository.load(name, served.model(), served.batching()));
      RestApi api = new RestApi(inference);
      startedHttp = HttpServer.start(http(config, tokens, tls, accessLog), api);
      api.count(startedHttp);
      Integer port = config.grpcPort();
      if (port != null) {
        startedGrpc =
            GrpcServer.start(
                new GrpcConfig(
                    config.host(),
                    port,
                    config.bodyLimit(),
                    config.connections(),
                    tokens,
                    tls,
                    accessLog),
                inference);
      }
      started = true;
    } finally {
      if (!started) {
        if (startedHttp != null) {
          startedHttp.close();
        }
        closeAllButFronts(System.nanoTime() + drainTimeout.toNanos());
      }
    }
    http = startedHttp;
    grpc = startedGrpc;
    if (tokenFiles != null) {
      tokenFiles.watch(this::replaceTokens);
    }
  }

  private void replaceTokens(Tokens tokens) {
    http.replaceTokens(tokens);
    if (grpc != null) {
      grpc.replaceTokens(tokens);
    }
  }

  static @Nullable Tls tls(ServeConfig config) {
    Path certificate = config.certificate();
    Path privateKey = config.privateKey();
    return certificate == null || privateKey == null ? null : new Tls(certificate, privateKey);
  }

  static HttpConfig http(
      ServeConfig config,
      @Nullable Tokens tokens,
      @Nullable Tls tls,
      @Nullable Consumer<AccessEntry> accessLog) {
    return HttpConfig.onLoopback(config.port())
        .with(
            http ->
                http.host(config.host())
                    .bodyLimit(config.bodyLimit())
                    .connections(config.connections())
                    .crossOrigins(config.crossOrigins())
                    .tokens(tokens)
                    .access(PolicyServer::access)
                    .tls(tls)
                    .accessLog(accessLog));
  }

  private static Access access(String method, String path) {
    if (path.startsWith("/v2/health/") || path.equals("/")) { // the page itself holds nothing
      return Access.OPEN;
    }
    return path.startsWith("/v2/repository/models/") ? Access.ADMIN : Access.READ;
  }

  /** A server to be described. */
  public static Builder builder() {
    return new Builder();
  }

  /** Describes a server. */
  public static final class Builder {
    private ServeConfig config = ServeConfig.defaults();
    private final Map<String, Given> given = new LinkedHashMap<>();
    private @Nullable TaskRuntime runtime;

    private Builder() {}

    private record Given(Model model, BatchingConfig batching) {}

    /** All settings at once; later calls change single ones. */
    public Builder config(ServeConfig newConfig) {
      config = newConfig;
      return this;
    }

    /** The port to listen at, 0 for a free one; by default 8080. */
    public Builder port(int port) {
      config = config.withPort(port);
      return this;
    }

    /** The port to listen at for gRPC, 0 for a free one; by default there is none. */
    public Builder grpcPort(int port) {
      config = config.withGrpcPort(port);
      return this;
    }

    /** Serves the newest checkpoint of a run, a checkpoint, a policy's file, or TorchScript. */
    public Builder model(String name, Path path) {
      return model(name, ModelConfig.defaults(path));
    }

    /** Serves a model. */
    public Builder model(String name, ModelConfig model) {
      Map<String, ModelConfig> models = new LinkedHashMap<>(config.models());
      models.put(name, model);
      config = config.withModels(models);
      return this;
    }

    /** Serves a model that is there already, such as one of your own. */
    public Builder model(String name, Model model, BatchingConfig batching) {
      given.put(name, new Given(model, batching));
      return this;
    }

    /** Records answers and rewards for offline learning in this directory. */
    public Builder record(Path directory) {
      config = config.withRecord(RecordConfig.defaults(directory));
      return this;
    }

    /** Where replicas run; without it, in this JVM. It is not closed with the server. */
    public Builder runtime(TaskRuntime newRuntime) {
      runtime = newRuntime;
      return this;
    }

    /**
     * Loads the models and listens.
     *
     * @throws IOException if a model cannot be read, or the address is taken
     */
    public PolicyServer start() throws IOException {
      return new PolicyServer(this);
    }
  }

  /** Where it listens, with the port that it got. */
  public InetSocketAddress address() {
    return http.address();
  }

  /** The same as a URL. */
  public String url() {
    return url(scheme, http.address());
  }

  static String url(String scheme, InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return "%s://%s:%s"
        .formatted(scheme, host.contains(":") ? "[" + host + "]" : host, address.getPort());
  }

  /** Where it listens for gRPC, with the port that it got; empty if it does not. */
  public Optional<InetSocketAddress> grpcAddress() {
    return Optional.ofNullable(grpc).map(GrpcServer::address);
  }

  /** Its models. */
  public ModelRepository repository() {
    return repository;
  }

  /**
   * Ends in order: says that it is not ready, takes no new connections, answers what is under way,
   * for the drain timeout at most.
   */
  @Override
  public void close() {
    stop();
  }

  /**
   * As {@link #close}.
   *
   * @return whether all that was under way ended in time, such as no call of a model that does not
   *     return
   */
  @SuppressWarnings("CanIgnoreReturnValueSuggester") // close() ignores it
  public boolean stop() {
    inference.drain();
    long end = System.nanoTime() + drainTimeout.toNanos();
    if (grpc != null) {
      grpc.drain();
    }
    boolean all = http.stop(drainTimeout);
    if (grpc != null) {
      all &= grpc.stop(left(end));
    }
    all &= closeAllButFronts(end);
    return all;
  }

  private static Duration left(long end) {
    return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
  }

  /**
   * Closes what is behind the fronts.
   *
   * @param end as {@link System#nanoTime}
   */
  private boolean closeAllButFronts(long end) {
    if (tokenFiles != null) {
      tokenFiles.close();
    }
    inference.close();
    boolean all = repository.stop(left(end));
    if (recorder != null) {
      Duration rest = left(end);
      recorder.close(rest.compareTo(LAST) < 0 ? LAST : rest);
    }
    if (ownsRuntime) {
      all &= closeRuntime(left(end));
    }
    return all;
  }

  /**
   * It waits for its threads, also for one in a call that never returns; so it is not waited for.
   */
  private boolean closeRuntime(Duration patience) {
    Thread closing = new Thread(runtime::close, "serve-close");
    closing.setDaemon(true);
    closing.start();
    try {
      closing.join(Math.max(LAST.toMillis(), patience.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return !closing.isAlive();
  }
}
