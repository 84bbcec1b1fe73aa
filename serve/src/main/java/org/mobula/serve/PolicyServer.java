package org.mobula.serve;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.serve.batch.BatchingConfig;
import org.mobula.serve.http.Access;
import org.mobula.serve.http.AccessEntry;
import org.mobula.serve.http.HttpConfig;
import org.mobula.serve.http.HttpServer;
import org.mobula.serve.http.Tls;
import org.mobula.serve.http.Tokens;
import org.mobula.serve.model.Model;

/**
 * Serves policies over HTTP.
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
  private final TaskRuntime runtime;
  private final boolean ownsRuntime;
  private final ModelRepository repository;
  private final RestApi api;
  private final HttpServer http;
  private final Duration drainTimeout;
  private final String scheme;

  private PolicyServer(Builder builder) throws IOException {
    ServeConfig config = builder.config;
    TaskRuntime given = builder.runtime;
    ownsRuntime = given == null;
    runtime = given == null ? LocalTaskRuntime.builder().name("serve").build() : given;
    drainTimeout = config.drainTimeout();
    scheme = config.certificate() == null ? "http" : "https";
    repository = new ModelRepository(runtime, drainTimeout);
    String version = PolicyServer.class.getPackage().getImplementationVersion();
    api = new RestApi(repository, version == null ? "" : version);
    HttpServer started = null;
    try {
      for (Map.Entry<String, ModelConfig> model : config.models().entrySet()) {
        repository.load(model.getKey(), model.getValue());
      }
      builder.models.forEach(
          (name, served) -> repository.load(name, served.model(), served.batching()));
      started = HttpServer.start(http(config), api);
    } finally {
      if (started == null) {
        closeAllButHttp();
      }
    }
    http = started;
  }

  private static HttpConfig http(ServeConfig config) throws IOException {
    Path certificate = config.certificate();
    Path privateKey = config.privateKey();
    Tls tls = certificate == null || privateKey == null ? null : new Tls(certificate, privateKey);
    Tokens tokens = tokens(config);
    return HttpConfig.onLoopback(config.port())
        .with(
            http ->
                http.host(config.host())
                    .bodyLimit(config.bodyLimit())
                    .crossOrigins(config.crossOrigins())
                    .tokens(tokens)
                    .access(PolicyServer::access)
                    .tls(tls)
                    .accessLog(config.accessLog() ? AccessEntry.toSlf4j() : null));
  }

  private static @Nullable Tokens tokens(ServeConfig config) throws IOException {
    List<String> admin = token(config.adminTokenFile());
    return admin.isEmpty() ? null : new Tokens(token(config.readTokenFile()), admin);
  }

  private static List<String> token(@Nullable Path file) throws IOException {
    return file == null ? List.of() : List.of(Files.readString(file).strip());
  }

  private static Access access(String method, String path) {
    if (path.startsWith("/v2/health/")) {
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
    private final Map<String, Given> models = new LinkedHashMap<>();
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
      models.put(name, new Given(model, batching));
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
    InetSocketAddress address = http.address();
    String host = address.getAddress().getHostAddress();
    return "%s://%s:%d"
        .formatted(scheme, host.contains(":") ? "[" + host + "]" : host, address.getPort());
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
    api.drain();
    http.stop(drainTimeout);
    closeAllButHttp();
  }

  private void closeAllButHttp() {
    api.close();
    repository.close();
    if (ownsRuntime) {
      runtime.close();
    }
  }
}
