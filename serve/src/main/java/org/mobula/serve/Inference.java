package org.mobula.serve;

import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.NearestName;
import org.mobula.serve.batch.Completion;
import org.mobula.serve.batch.Failure;
import org.mobula.serve.model.InvalidInputException;
import org.mobula.serve.model.PolicyModel;
import org.mobula.serve.model.Sequence;
import org.mobula.serve.model.Tensor;
import org.mobula.serve.protocol.Answer;
import org.mobula.serve.protocol.Documents;
import org.mobula.serve.protocol.InferRequest;
import org.mobula.serve.protocol.InferenceService;
import org.mobula.serve.protocol.InvalidRequestException;
import org.mobula.serve.protocol.RequestRefusedException;
import org.mobula.serve.protocol.RequestRefusedException.Reason;
import org.mobula.serve.record.Recorder;
import org.mobula.serve.record.Reward;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What requests do, over HTTP or gRPC. */
final class Inference implements InferenceService, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Inference.class);
  private static final List<String> EXTENSIONS =
      List.of("binary_tensor_data", "model_repository", "sequence(string_id)");

  private final ModelRepository repository;
  private final String serverVersion;
  private final @Nullable Recorder recorder;
  private final ExecutorService loading =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "serve-loading");
            thread.setDaemon(true);
            return thread;
          });
  private volatile boolean draining;

  Inference(ModelRepository repository, String serverVersion, @Nullable Recorder recorder) {
    this.repository = repository;
    this.serverVersion = serverVersion;
    this.recorder = recorder;
  }

  /** From now on the server says that it is not ready; it still answers. */
  void drain() {
    draining = true;
  }

  @Override
  public void close() {
    loading.shutdownNow();
  }

  /** For metrics. */
  List<ServedModel> models() {
    return repository.models();
  }

  /** For metrics; null if nothing is recorded. */
  @Nullable Recorder recorder() {
    return recorder;
  }

  @Override
  public Documents.ServerMetadata server() {
    return new Documents.ServerMetadata("mobula", serverVersion, EXTENSIONS);
  }

  @Override
  public boolean isReady() {
    return !draining && repository.isReady();
  }

  @Override
  public boolean isReady(String name, @Nullable String version) {
    ServedModel model = model(name);
    // Without a version not a canary that this question may be led to.
    Deployment chosen = version == null ? model.main() : model.choose(version, null);
    return chosen != null && chosen.batcher().isReady() && !draining;
  }

  @Override
  public Documents.ModelMetadata metadata(String name, @Nullable String version) {
    ServedModel model = model(name);
    Deployment deployment = deployment(model, version, null);
    return new Documents.ModelMetadata(
        name,
        model.deployments().stream().map(Deployment::version).toList(),
        deployment.batcher().model().platform(),
        deployment.signature());
  }

  @Override
  public List<Documents.IndexEntry> index(boolean readyOnly) {
    List<Documents.IndexEntry> index = new ArrayList<>(repository.index());
    index.removeIf(entry -> readyOnly && !entry.state().equals("READY"));
    return index;
  }

  /**
   * A model by its name.
   *
   * @throws RequestRefusedException if there is none
   */
  ServedModel model(String name) {
    return repository
        .model(name)
        .orElseThrow(
            () -> {
              List<String> names = repository.names();
              String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
              Optional<String> near =
                  name.length() > 100 ? Optional.empty() : NearestName.of(name, names);
              return new RequestRefusedException(
                  Reason.NOT_FOUND,
                  "there is no model '%s'; %s"
                      .formatted(
                          shown,
                          near.map(n -> "did you mean '" + n + "'?")
                              .orElse("there are: " + String.join(", ", names))));
            });
  }

  /**
   * Who is to answer a request.
   *
   * @throws RequestRefusedException if there is no such version, or none at all now
   */
  Deployment deployment(ServedModel asked, @Nullable String version, @Nullable String session) {
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
      throw new RequestRefusedException(
          Reason.UNAVAILABLE,
          "model '" + model.name() + "' is not loaded; load it, or try again later");
    }
    throw new RequestRefusedException(
        Reason.NOT_FOUND,
        "model '%s' has no version of this name; it serves %s"
            .formatted(model.name(), String.join(", ", versions)));
  }

  // Computing.

  @Override
  public void infer(String name, @Nullable String version, InferRequest request, Caller caller) {
    ServedModel model = model(name);
    Map<String, Object> parameters = request.parameters();
    Sequence sequence = null;
    Duration timeout = caller.patience();
    if (!parameters.isEmpty()) {
      sequence = sequence(parameters);
      timeout = shorter(timeout, timeout(parameters.remove("timeout")));
      parameters.remove("priority");
    }
    String session = sequence == null ? null : sequence.id();
    while (true) {
      Deployment deployment = deployment(model, version, session);
      request.outputs().forEach(output -> deployment.signature().checkOutput(output.name()));
      List<Tensor> inputs = deployment.signature().check(request.inputs());
      Question question = new Question(inputs, parameters, sequence, request.id());
      if (compute(model, deployment, question, timeout, caller)) {
        return;
      } // else it has just been exchanged for another
    }
  }

  /** Where a request stands in a session, by Triton's parameters; 0 and "" are none. */
  private static @Nullable Sequence sequence(Map<String, Object> parameters) {
    Object id = parameters.remove("sequence_id");
    boolean start = flag("sequence_start", parameters.remove("sequence_start"));
    boolean end = flag("sequence_end", parameters.remove("sequence_end"));
    if (id == null || id.equals(0L) || id.equals("")) {
      return null;
    }
    return new Sequence(id.toString(), start, end);
  }

  private static boolean flag(String name, @Nullable Object value) {
    if (value == null || value instanceof Boolean) {
      return Boolean.TRUE.equals(value);
    }
    throw new InvalidRequestException(
        "parameter '" + name + "' is " + value + " but must be true or false");
  }

  private static @Nullable Duration shorter(@Nullable Duration one, @Nullable Duration other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.compareTo(other) < 0 ? one : other;
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

  /**
   * What is asked.
   *
   * @param inputs that fit the version's signature
   * @param sequence the session that it belongs to, if any
   * @param id that the request gave itself, if any
   */
  record Question(
      List<Tensor> inputs,
      Map<String, Object> parameters,
      @Nullable Sequence sequence,
      @Nullable String id) {
    @Nullable String session() {
      return sequence == null ? null : sequence.id();
    }
  }

  /**
   * Lets a version compute, and the model's shadow too.
   *
   * @param timeout from when the request came; null for the configured one
   * @return false if the version has just been exchanged for another: the caller was not told
   */
  boolean compute(
      ServedModel model,
      Deployment deployment,
      Question question,
      @Nullable Duration timeout,
      Caller caller) {
    Call call = new Call(model.name(), deployment, question, caller);
    long receivedNanos = caller.receivedNanos();
    boolean taken = submit(deployment, question, receivedNanos, timeout, call);
    if (taken) {
      shadow(model, question, receivedNanos);
    }
    return taken;
  }

  private static boolean submit(
      Deployment deployment,
      Question question,
      long receivedNanos,
      @Nullable Duration timeout,
      Completion completion) {
    List<Tensor> inputs = question.inputs();
    Map<String, Object> parameters = question.parameters();
    int rows = inputs.get(0).rows();
    int most = deployment.batcher().config().maxRequestRows();
    if (rows > most) {
      throw new InvalidRequestException(
          "the request has %s rows but must have %s at most; send several".formatted(rows, most));
    }
    deployment.batcher().model().check(inputs, parameters);
    return deployment
        .sessions()
        .submit(inputs, parameters, question.sequence(), receivedNanos, timeout, completion);
  }

  /** Lets the shadow compute too, unless it has enough to do. */
  private static void shadow(ServedModel model, Question question, long receivedNanos) {
    Deployment shadow = model.shadow();
    if (shadow == null
        || shadow.batcher().queued() > shadow.batcher().config().queueCapacity() / 2) {
      return;
    }
    try {
      List<Tensor> inputs = shadow.signature().check(question.inputs());
      Question same =
          new Question(inputs, question.parameters(), question.sequence(), question.id());
      submit(shadow, same, receivedNanos, null, Unheard.ANSWER);
    } catch (InvalidInputException | InvalidRequestException e) {
      LOG.debug("the shadow of {} does not take what the model takes", model.name(), e);
    }
  }

  /** A request that a version computes, until it is answered. */
  private final class Call implements Completion {
    private final String model;
    private final Deployment deployment;
    private final Question question;
    private final Caller caller;

    Call(String model, Deployment deployment, Question question, Caller caller) {
      this.model = model;
      this.deployment = deployment;
      this.question = question;
      this.caller = caller;
    }

    @Override
    public boolean isAbandoned() {
      return caller.isAbandoned();
    }

    @Override
    public String requestId() {
      String own = question.id();
      return own == null || own.isEmpty() ? caller.requestId() : own;
    }

    @Override
    public void succeed(List<Tensor> outputs) {
      deployment.answered(System.nanoTime() - caller.receivedNanos());
      String recordId =
          recorder == null
              ? null
              : recorder.step(
                  model,
                  deployment.version(),
                  question.session(),
                  question.id(),
                  !Boolean.FALSE.equals(question.parameters().get(PolicyModel.DETERMINISTIC)),
                  question.inputs(),
                  outputs,
                  deployment.recordingMetadata());
      caller.succeed(new Answer(deployment.version(), outputs, recordId));
    }

    @Override
    public void fail(Failure failure) {
      caller.fail(failure);
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
    public boolean isHeard() {
      return false;
    }

    @Override
    public void succeed(List<Tensor> outputs) {}

    @Override
    public void fail(Failure failure) {}
  }

  /**
   * Records rewards for answers.
   *
   * @return those that match no answer
   * @throws RequestRefusedException if nothing is recorded, or not now
   */
  List<Reward> reward(ServedModel model, List<Reward> rewards) {
    if (recorder == null) {
      throw new RequestRefusedException(
          Reason.NOT_FOUND, "this server does not record; start it with --record DIRECTORY");
    }
    return recorder
        .reward(model.name(), rewards)
        .orElseThrow(
            () ->
                new RequestRefusedException(
                    Reason.UNAVAILABLE,
                    "rewards come faster than they can be written; none of these is recorded"));
  }

  // Changing the repository.

  @Override
  public void load(String name, Change change) {
    change(name, () -> repository.load(name), change);
  }

  @Override
  public void unload(String name, Change change) {
    change(name, () -> repository.unload(name), change);
  }

  /** May take its time. */
  private interface Work {
    void run() throws IOException;
  }

  private void change(String name, Work work, Change change) {
    model(name);
    try {
      loading.execute(() -> change.end(refusal(name, work)));
    } catch (RejectedExecutionException e) {
      throw new RequestRefusedException(Reason.UNAVAILABLE, "the server is stopping");
    }
  }

  private static @Nullable RequestRefusedException refusal(String name, Work work) {
    try {
      work.run();
      return null;
    } catch (IOException | RuntimeException e) {
      LOG.error("{} cannot be loaded", name, e);
      return new RequestRefusedException(
          Reason.FAILED, "model '" + name + "' cannot be loaded; the log says why");
    }
  }
}
