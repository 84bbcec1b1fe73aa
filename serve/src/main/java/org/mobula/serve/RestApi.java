package org.mobula.serve;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.serve.http.HttpCounters;
import org.mobula.serve.http.HttpHandler;
import org.mobula.serve.http.HttpRequest;
import org.mobula.serve.http.HttpResponder;
import org.mobula.serve.http.HttpServer;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.model.TensorSpec;
import org.mobula.serve.protocol.ActRequest;
import org.mobula.serve.protocol.ActResponse;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.FeedbackRequest;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.InferRequestReader;
import org.mobula.serve.protocol.InferResponseWriter;
import org.mobula.serve.protocol.InferenceService;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.protocol.RequestRefusedException;
import org.mobula.serve.record.Reward;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of the Open Inference Protocol v2 (REST) with its repository extension, {@code POST
 * /v1/policies/NAME/act} and {@code …/feedback}, {@code GET /metrics}, {@code GET /openapi.json}
 * and the page at {@code /}.
 */
final class RestApi implements HttpHandler {
  private static final Logger LOG = LoggerFactory.getLogger(RestApi.class);
  private static final String BINARY = "application/octet-stream";
  private static final String HEADER_LENGTH = "Inference-Header-Content-Length";

  private final Inference inference;
  private final Page page = Page.read();
  private volatile @Nullable HttpServer counted;

  RestApi(Inference inference) {
    this.inference = inference;
  }

  /** The server whose connections and bytes are told among the metrics. */
  void count(HttpServer server) {
    counted = server;
  }

  /** No such thing, or not in this way. */
  static final class RouteException extends RuntimeException {
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
      RestCaller.error(responder, 400, String.valueOf(e.getMessage()), Map.of());
    } catch (RequestRefusedException e) {
      refuse(responder, e);
    } catch (RouteException e) {
      RestCaller.error(responder, e.status, String.valueOf(e.getMessage()), e.headers);
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", request.method(), request.path(), e);
      RestCaller.error(responder, 500, "the server failed; its log says why", Map.of());
    }
  }

  private static void refuse(HttpResponder responder, RequestRefusedException e) {
    int status =
        switch (e.reason()) {
          case NOT_FOUND -> 404;
          case UNAVAILABLE -> 503;
          case FAILED -> 500;
        };
    Map<String, String> headers = status == 503 ? RestCaller.LATER : Map.of();
    RestCaller.error(responder, status, String.valueOf(e.getMessage()), headers);
  }

  private void route(HttpRequest request, HttpResponder responder) {
    String path = request.path();
    String name;
    if ((name = between("/v1/policies/", path, "/act")) != null) {
      require(request, "POST");
      act(request, responder, inference.model(name));
    } else if ((name = between("/v2/models/", path, "/infer")) != null) {
      require(request, "POST");
      infer(request, responder, name, null);
    } else if ((name = between("/v1/policies/", path, "/feedback")) != null) {
      require(request, "POST");
      feedback(request, responder, inference.model(name));
    } else if (path.startsWith("/v2/models/")) {
      List<String> parts = List.of(path.split("/", -1));
      models(request, responder, parts.get(3), parts.subList(4, parts.size()));
    } else if ((name = between("/v2/repository/models/", path, "/load")) != null) {
      require(request, "POST");
      Documents.checkLoadRequest(request.body());
      inference.load(name, change(responder));
    } else if ((name = between("/v2/repository/models/", path, "/unload")) != null) {
      require(request, "POST");
      inference.unload(name, change(responder));
    } else {
      fixed(request, responder, path);
    }
  }

  /** The one part of a path between others; null if it is not of this form. */
  static @Nullable String between(String before, String path, String after) {
    int from = before.length();
    int to = path.length() - after.length();
    boolean isOne =
        from <= to
            && path.startsWith(before)
            && path.endsWith(after)
            && path.indexOf('/', from) == to;
    return isOne ? path.substring(from, to) : null;
  }

  private void fixed(HttpRequest request, HttpResponder responder, String path) {
    switch (path) {
      case "/" -> {
        require(request, "GET");
        page.send(responder);
      }
      case "/openapi.json", "/v2/docs/dataplane.json" -> {
        require(request, "GET");
        ok(responder, OpenApi.of(inference.models(), inference.server().version()));
      }
      case "/v2" -> {
        require(request, "GET");
        ok(responder, Documents.server(inference.server()));
      }
      case "/v2/health/live" -> {
        require(request, "GET");
        ok(responder, Documents.flag("live", true));
      }
      case "/v2/health/ready" -> {
        require(request, "GET");
        boolean ready = inference.isReady();
        json(responder, ready ? 200 : 503, Documents.flag("ready", ready));
      }
      case "/v2/repository/index" -> {
        require(request, "POST");
        boolean readyOnly = Documents.readIndexRequest(request.body());
        ok(responder, Documents.index(inference.index(readyOnly)));
      }
      case "/metrics" -> {
        require(request, "GET");
        HttpServer server = counted;
        byte[] text =
            Exposition.of(
                inference.models(),
                server == null ? HttpCounters.NONE : server.counters(),
                inference.recorder());
        responder.send(200, Exposition.CONTENT_TYPE, Map.of(), ByteBuffer.wrap(text));
      }
      default -> throw nothingThere();
    }
  }

  private static RouteException nothingThere() {
    return new RouteException(
        404,
        "there is nothing at this path; see GET /openapi.json, or try GET /v2, POST /v2/models/NAME/infer or POST"
            + " /v1/policies/NAME/act",
        Map.of());
  }

  static void require(HttpRequest request, String method) {
    if (!request.method().equals(method)) {
      throw new RouteException(
          405, "this path takes " + method + " requests only", Map.of("Allow", method));
    }
  }

  private static void ok(HttpResponder responder, ByteBuffer body) {
    json(responder, 200, body);
  }

  private static void json(HttpResponder responder, int status, ByteBuffer body) {
    responder.send(status, RestCaller.JSON, Map.of(), body);
  }

  // Models.

  private void models(
      HttpRequest request, HttpResponder responder, String name, List<String> rest) {
    ServedModel model = inference.model(name);
    String version = null;
    List<String> verb = rest;
    if (rest.size() > 1 && rest.get(0).equals("versions")) {
      version = rest.get(1);
      verb = rest.subList(2, rest.size());
    }
    if (verb.isEmpty()) {
      require(request, "GET");
      ok(responder, Documents.model(inference.metadata(name, version)));
    } else if (verb.equals(List.of("ready"))) {
      require(request, "GET");
      if (version != null && !model.deployments().isEmpty()) {
        inference.deployment(model, version, null); // 404 rather than "not ready"
      }
      boolean ready = inference.isReady(name, version);
      json(responder, ready ? 200 : 503, Documents.modelReady(name, ready));
    } else if (verb.equals(List.of("infer"))) {
      require(request, "POST");
      infer(request, responder, name, version);
    } else {
      throw nothingThere();
    }
  }

  // Computing.

  static void requireType(HttpRequest request, String... types) {
    Optional<String> header = request.header("Content-Type");
    if (header.isEmpty()) {
      return;
    }
    String given = header.get();
    int end = given.indexOf(';');
    String bare = (end < 0 ? given : given.substring(0, end)).strip();
    for (String type : types) {
      if (type.equalsIgnoreCase(bare)) {
        return;
      }
    }
    throw new RouteException(
        415, "the Content-Type must be " + String.join(" or ", types), Map.of());
  }

  private void infer(
      HttpRequest request, HttpResponder responder, String name, @Nullable String version) {
    requireType(request, RestCaller.JSON, BINARY);
    InferRequest infer = InferRequestReader.read(request.body(), request.header(HEADER_LENGTH));
    RestCaller.Form form =
        (to, answer) -> {
          InferResponseWriter.Encoded encoded =
              InferResponseWriter.write(
                  name, answer.version(), infer, answer.outputs(), answer.recordId());
          ByteBuffer[] body = encoded.parts().toArray(new ByteBuffer[0]);
          if (encoded.jsonLength() < 0) {
            to.send(200, RestCaller.JSON, Map.of(), body);
          } else {
            String length = Integer.toString(encoded.jsonLength());
            to.send(200, BINARY, Map.of(HEADER_LENGTH, length), body);
          }
        };
    inference.infer(name, version, infer, new RestCaller(request, responder, form));
  }

  private void act(HttpRequest request, HttpResponder responder, ServedModel model) {
    requireType(request, RestCaller.JSON);
    if (request.header("Accept").orElse("").toLowerCase(Locale.ROOT).contains(ActStream.TYPE)) {
      ActRequest act = read(request, policy(model));
      ActStream.start(inference, request, responder, model, act);
      return;
    }
    while (true) {
      Deployment any = policy(model);
      ActRequest act = read(request, any);
      Deployment deployment =
          act.session() == null ? any : inference.deployment(model, null, act.session());
      List<Tensor> inputs =
          deployment.signature().check(act.inputs(any.signature(), 0, act.rows()));
      RestCaller.Form form =
          (to, answer) ->
              ok(
                  to,
                  ActResponse.write(
                      answer.outputs(), act.single(), answer.version(), answer.recordId()));
      RestCaller caller = new RestCaller(request, responder, form);
      Inference.Question question =
          new Inference.Question(inputs, act.parameters(), act.sequence(), null);
      if (inference.compute(model, deployment, question, null, caller)) {
        return;
      } // else it has just been exchanged for another
    }
  }

  private static ActRequest read(HttpRequest request, Deployment policy) {
    List<TensorSpec> inputs = policy.signature().inputs();
    int choices = inputs.size() > 1 ? inputs.get(1).rowSize() : 0;
    return ActRequest.read(request.body(), inputs.get(0).rowSize(), choices);
  }

  private Deployment policy(ServedModel model) {
    Deployment any = inference.deployment(model, null, null);
    if (any.batcher().model() instanceof PolicyModel) {
      return any;
    }
    throw new InvalidRequestException(
        "model '%s' is no policy; ask POST /v2/models/%s/infer"
            .formatted(model.name(), model.name()));
  }

  private void feedback(HttpRequest request, HttpResponder responder, ServedModel model) {
    requireType(request, RestCaller.JSON);
    List<Reward> rewards = FeedbackRequest.read(request.body());
    List<Reward> unmatched = inference.reward(model, rewards);
    json(responder, 202, Documents.feedback(rewards.size() - unmatched.size(), unmatched));
  }

  // Changing the repository.

  private static InferenceService.Change change(HttpResponder responder) {
    return refused -> {
      if (refused == null) {
        ok(responder, ByteBuffer.wrap("{}".getBytes(StandardCharsets.UTF_8)));
      } else {
        refuse(responder, refused);
      }
    };
  }
}
