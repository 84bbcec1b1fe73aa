package org.mobula.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.NearestName;
import org.mobula.serve.batch.Completion;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.http.HttpHandler;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;
import org.mobula.serve.protocol.ActRequest;
import org.mobula.serve.protocol.ActResponse;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.InferRequestReader;
import org.mobula.serve.protocol.InferResponseWriter;
import org.mobula.serve.protocol.InvalidRequestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of the Open Inference Protocol v2 (REST) with its repository extension, {@code POST
 * /v1/policies/NAME/act} and {@code GET /metrics}.
 */
final class RestApi implements HttpHandler, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RestApi.class);
  private static final String BINARY = "application/octet-stream";
  private static final String HEADER_LENGTH = "Inference-Header-Content-Length";
  private static final List<String> EXTENSIONS =
      List.of("binary_tensor_data", "model_repository", "sequence(string_id)");

  private final ModelRepository repository;
  private final String serverVersion;
  private final ExecutorService loading =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "serve-loading");
            thread.setDaemon(true);
            return thread;
          });
  private volatile boolean draining;

  RestApi(ModelRepository repository, String serverVersion) {
    this.repository = repository;
    this.serverVersion = serverVersion;
  }

  /** From now on the server says that it is not ready; it still answers. */
  void drain() {
    draining = true;
  }

  @Override
  public void close() {
    loading.shutdownNow();
  }

  /** No such thing, or not in this way. */
  private static final class RouteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    final int status;
    final transient Map<String, String> headers;

    RouteException(int status, String message, Map<String, String> headers) {
      super(message, null, false, false);
      this.status = status;
      this.headers = headers;
    }
  }

  @Override
  public void handle(HttpRequest request, HttpResponder responder) {
    try {
      route(request, responder);
    } catch (InvalidRequestException | InvalidInputException e) {
      Call.error(responder, 400, String.valueOf(e.getMessage()), Map.of());
    } catch (RouteException e) {
      Call.error(responder, e.status, String.valueOf(e.getMessage()), e.headers);
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.method(), request.path(), e);
      Call.error(responder, 500, "the server failed; its log says why", Map.of());
    }
  }

  private void route(HttpRequest request, HttpResponder responder) {
    String path = request.path();
    List<String> parts = List.of(path.substring(Math.min(1, path.length())).split("/", -1));
    int size = parts.size();
    if (size > 2 && path.startsWith("/v2/models/")) {
      models(request, responder, parts.get(2), parts.subList(3, size));
    } else if (size == 4 && path.startsWith("/v1/policies/") && parts.get(3).equals("act")) {
      require(request, "POST");
      act(request, responder, model(parts.get(2)));
    } else if (size == 5 && path.startsWith("/v2/repository/models/")) {
      changeRepository(request, responder, parts.get(3), parts.get(4));
    } else {
      fixed(request, responder, path);
    }
  }

  private void fixed(HttpRequest request, HttpResponder responder, String path) {
    switch (path) {
      case "/v2" -> {
        require(request, "GET");
        ok(responder, Documents.server("mobula", serverVersion, EXTENSIONS));
      }
      case "/v2/health/live" -> {
        require(request, "GET");
        ok(responder, Documents.flag("live", true));
      }
      case "/v2/health/ready" -> {
        require(request, "GET");
        boolean ready = !draining && repository.isReady();
        json(responder, ready ? 200 : 503, Documents.flag("ready", ready));
      }
      case "/v2/repository/index" -> {
        require(request, "POST");
        boolean readyOnly = Documents.readIndexRequest(request.body());
        List<Documents.IndexEntry> index = new ArrayList<>(repository.index());
        index.removeIf(entry -> readyOnly && !entry.state().equals("READY"));
        ok(responder, Documents.index(index));
      }
      case "/metrics" -> {
        require(request, "GET");
        String text = Exposition.of(repository.models());
        responder.send(
            200,
            Exposition.CONTENT_TYPE,
            Map.of(),
            ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
      }
      default -> throw nothingThere();
    }
  }

  private static RouteException nothingThere() {
    return new RouteException(
        404,
        "there is nothing at this path; try GET /v2, POST /v2/models/NAME/infer or POST"
            + " /v1/policies/NAME/act",
        Map.of());
  }

  private static void require(HttpRequest request, String method) {
    if (!request.method().equals(method)) {
      throw new RouteException(
          405, "this path takes " + method + " requests only", Map.of("Allow", method));
    }
  }

  private static void ok(HttpResponder responder, ByteBuffer body) {
    json(responder, 200, body);
  }

  private static void json(HttpResponder responder, int status, ByteBuffer body) {
    responder.send(status, Call.JSON, Map.of(), body);
  }

  // Models.

  private ServedModel model(String name) {
    return repository
        .model(name)
        .orElseThrow(
            () -> {
              List<String> names = repository.names();
              String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
              Optional<String> near =
                  name.length() > 100 ? Optional.empty() : NearestName.of(name, names);
              return new RouteException(
                  404,
                  "there is no model '%s'; %s"
                      .formatted(
                          shown,
                          near.map(n -> "did you mean '" + n + "'?")
                              .orElse("there are: " + String.join(", ", names))),
                  Map.of());
            });
  }

  private void models(
      HttpRequest request, HttpResponder responder, String name, List<String> rest) {
    ServedModel model = model(name);
    String version = null;
    List<String> verb = rest;
    if (rest.size() > 1 && rest.get(0).equals("versions")) {
      version = rest.get(1);
      verb = rest.subList(2, rest.size());
    }
    if (verb.isEmpty()) {
      require(request, "GET");
      Deployment deployment = deployment(model, version, null);
      ok(
          responder,
          Documents.model(
              name,
              model.deployments().stream().map(Deployment::version).toList(),
              deployment.batcher().model().platform(),
              deployment.signature()));
    } else if (verb.equals(List.of("ready"))) {
      require(request, "GET");
      Deployment chosen = version == null ? model.main() : model.choose(version, null);
      boolean ready = chosen != null && chosen.batcher().isReady() && !draining;
      json(responder, ready ? 200 : 503, Documents.modelReady(name, ready));
    } else if (verb.equals(List.of("infer"))) {
      require(request, "POST");
      infer(request, responder, model, version);
    } else {
      throw nothingThere();
    }
  }

  private Deployment deployment(
      ServedModel asked, @Nullable String version, @Nullable String session) {
    ServedModel model = asked;
    Deployment chosen = model.choose(version, session);
    while (chosen == null && repository.model(model.name()).orElse(model) != model) {
      model = model(model.name()); // loaded anew since it was looked up
      chosen = model.choose(version, session);
    }
    if (chosen != null) {
      return chosen;
    }
    List<String> versions = model.deployments().stream().map(Deployment::version).toList();
    if (versions.isEmpty()) {
      throw new RouteException(
          503,
          "model '" + model.name() + "' is not loaded; load it, or try again later",
          Map.of("Retry-After", "1"));
    }
    throw new RouteException(
        404,
        "model '%s' has no version of this name; it serves %s"
            .formatted(model.name(), String.join(", ", versions)),
        Map.of());
  }

  // Computing.

  private static void requireType(HttpRequest request, String... types) {
    Optional<String> header = request.header("Content-Type");
    if (header.isEmpty()) {
      return;
    }
    String given = header.get().split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    for (String type : types) {
      if (type.equals(given)) {
        return;
      }
    }
    throw new RouteException(
        415, "the Content-Type must be " + String.join(" or ", types), Map.of());
  }

  private void infer(
      HttpRequest request, HttpResponder responder, ServedModel model, @Nullable String version) {
    requireType(request, Call.JSON, BINARY);
    InferRequest infer = InferRequestReader.read(request.body(), request.header(HEADER_LENGTH));
    Map<String, Object> parameters = infer.parameters();
    String session = null;
    Duration timeout = null;
    if (!parameters.isEmpty()) {
      Object sequence = parameters.remove("sequence_id");
      session = sequence == null ? null : sequence.toString();
      timeout = timeout(parameters.remove("timeout"));
      parameters.remove("sequence_start");
      parameters.remove("sequence_end");
      parameters.remove("priority");
    }
    Call.Form form =
        (to, by, outputs) -> {
          InferResponseWriter.Encoded encoded =
              InferResponseWriter.write(model.name(), by.version(), infer, outputs);
          ByteBuffer[] body = encoded.parts().toArray(new ByteBuffer[0]);
          if (encoded.jsonLength() < 0) {
            to.send(200, Call.JSON, Map.of(), body);
          } else {
            String length = Integer.toString(encoded.jsonLength());
            to.send(200, BINARY, Map.of(HEADER_LENGTH, length), body);
          }
        };
    while (true) {
      Deployment deployment = deployment(model, version, session);
      for (InferRequest.Output output : infer.outputs()) {
        deployment.signature().checkOutputs(List.of(output.name()));
      }
      List<Tensor> inputs = deployment.signature().check(infer.inputs());
      Call call = new Call(request, responder, deployment, form);
      if (submit(request, deployment, inputs, parameters, timeout, call)) {
        shadow(request, model, inputs, parameters);
        return;
      } // else it has just been exchanged for another
    }
  }

  private static @Nullable Duration timeout(@Nullable Object microseconds) {
    if (microseconds == null) {
      return null;
    }
    if (microseconds instanceof Long value && value > 0) {
      return Duration.of(value, ChronoUnit.MICROS);
    }
    throw new InvalidRequestException(
        "parameter 'timeout' is " + microseconds + " but must be a number of microseconds > 0");
  }

  private void act(HttpRequest request, HttpResponder responder, ServedModel model) {
    requireType(request, Call.JSON);
    while (true) {
      Deployment any = deployment(model, null, null);
      if (!(any.batcher().model() instanceof PolicyModel)) {
        throw new InvalidRequestException(
            "model '%s' is no policy; ask POST /v2/models/%s/infer"
                .formatted(model.name(), model.name()));
      }
      TensorSpec spec = any.signature().inputs().get(0);
      ActRequest act = ActRequest.read(request.body(), rowSize(spec));
      int[] shape = spec.shape().stream().mapToInt(Integer::intValue).toArray();
      shape[0] = act.rows();
      Deployment deployment = act.session() == null ? any : deployment(model, null, act.session());
      List<Tensor> inputs =
          deployment
              .signature()
              .check(List.of(Tensor.of(PolicyModel.OBSERVATION, act.observations(), shape)));
      Call.Form form =
          (to, by, outputs) -> ok(to, ActResponse.write(outputs, act.single(), by.version()));
      Call call = new Call(request, responder, deployment, form);
      if (submit(request, deployment, inputs, act.parameters(), null, call)) {
        shadow(request, model, inputs, act.parameters());
        return;
      }
    }
  }

  private static int rowSize(TensorSpec spec) {
    return spec.shape().stream().skip(1).reduce(1, (a, b) -> a * b);
  }

  private static boolean submit(
      HttpRequest request,
      Deployment deployment,
      List<Tensor> inputs,
      Map<String, Object> parameters,
      @Nullable Duration timeout,
      Completion completion) {
    int rows = inputs.get(0).rows();
    int most = deployment.batcher().config().maxRequestRows();
    if (rows > most) {
      throw new InvalidRequestException(
          "the request has %d rows but must have %d at most; send several".formatted(rows, most));
    }
    deployment.batcher().model().check(inputs, parameters);
    return deployment
        .batcher()
        .submit(inputs, parameters, request.receivedNanos(), timeout, completion);
  }

  /** Lets the shadow compute too, unless it has enough to do. */
  private static void shadow(
      HttpRequest request, ServedModel model, List<Tensor> inputs, Map<String, Object> parameters) {
    Deployment shadow = model.shadow();
    if (shadow == null
        || shadow.batcher().queued() > shadow.batcher().config().queueCapacity() / 2) {
      return;
    }
    try {
      submit(request, shadow, shadow.signature().check(inputs), parameters, null, Unheard.ANSWER);
    } catch (InvalidInputException | InvalidRequestException e) {
      LOG.debug("the shadow of {} does not take what the model takes", model.name(), e);
    }
  }

  /** Nobody listens. */
  private enum Unheard implements Completion {
    ANSWER;

    @Override
    public boolean isAbandoned() {
      return false;
    }

    @Override
    public void succeed(List<Tensor> outputs) {}

    @Override
    public void fail(Failure failure) {}
  }

  // Changing the repository.

  private void changeRepository(
      HttpRequest request, HttpResponder responder, String name, String verb) {
    if (!verb.equals("load") && !verb.equals("unload")) {
      throw nothingThere();
    }
    require(request, "POST");
    model(name);
    if (verb.equals("load")) {
      Documents.checkLoadRequest(request.body());
    }
    try {
      loading.execute(() -> change(responder, name, verb.equals("load")));
    } catch (RejectedExecutionException e) {
      throw new RouteException(503, "the server is stopping", Map.of());
    }
  }

  private void change(HttpResponder responder, String name, boolean load) {
    try {
      if (load) {
        repository.load(name);
      } else {
        repository.unload(name);
      }
      ok(responder, ByteBuffer.wrap("{}".getBytes(StandardCharsets.UTF_8)));
    } catch (IOException | RuntimeException e) {
      LOG.error("{} cannot be loaded", name, e);
      Call.error(
          responder, 500, "model '" + name + "' cannot be loaded; the log says why", Map.of());
    }
  }
}
