package org.mobula.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.serve.batch.BatchingConfig;
import org.mobula.serve.batch.GatedModel;
import org.mobula.serve.http.RawClient;
import org.mobula.serve.model.Policies;

/** Faults and changes while many connections ask without a pause. */
@Timeout(300)
final class LoadTest {
  private static final int CONNECTIONS = 24;
  private static final int SOME = 500;
  private static final String ACT = "/v1/policies/cartpole/act";
  private static final String OBSERVATION = "{\"observation\":[0.1,0.2,-0.3,0.4]}";
  private static final String GATED = "/v2/models/gated/infer";
  private static final BatchingConfig BATCHING = BatchingConfig.defaults();
  private static final String DIED = "the replica that computed the request died; try again";

  @TempDir private Path directory;
  private Path run = Path.of("");
  private final TaskRuntime runtime = LocalTaskRuntime.builder().cpus(4).build();
  private final GatedModel gated = new GatedModel(false);

  @SuppressWarnings("NullAway.Init") // by each test
  private PolicyServer server;

  @BeforeEach
  void train() throws IOException {
    run = directory.resolve("cartpole");
    Runs.best(Runs.checkpoint(run, 100, Policies.cartPole(1)));
  }

  @AfterEach
  void stop() {
    gated.gate().open.release(1_000_000); // what was killed ends in the model's own time
    if (server != null) {
      server.close();
    }
    runtime.close();
  }

  private void start() throws IOException {
    server = PolicyServer.builder().port(0).model("cartpole", run).start();
  }

  /** A request for the gated model, which passes zeros and holds all else. */
  private static String x(int value) {
    return "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":[%s]}]}"
        .formatted(value);
  }

  private RawClient connect() throws IOException {
    return new RawClient(server.address());
  }

  private RawClient.Answer ask(String path, String body) throws IOException {
    try (RawClient client = connect()) {
      return client.send(RawClient.post(path, body)).read();
    }
  }

  /** Connections that ask the same again and again until they are told to stop. */
  private static final class Load implements AutoCloseable {
    private static final Pattern VERSION = Pattern.compile("version\":\"(\\d+)\"");

    final Queue<String> failures = new ConcurrentLinkedQueue<>();
    final Set<String> versions = ConcurrentHashMap.newKeySet();
    final AtomicInteger succeeded = new AtomicInteger();
    private final Semaphore answers = new Semaphore(0);
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stop;

    Load(InetSocketAddress server, String path, String body) {
      String request = RawClient.post(path, body);
      for (int i = 0; i < CONNECTIONS; i++) {
        Thread thread = new Thread(() -> ask(server, request), "load-" + i);
        threads.add(thread);
        thread.start();
      }
    }

    private void ask(InetSocketAddress server, String request) {
      try (RawClient client = new RawClient(server)) {
        while (!stop) {
          RawClient.Answer answer = client.send(request).read();
          count(answer);
          if ("close".equals(answer.header("connection"))) {
            return;
          }
        }
      } catch (EOFException | SocketException e) {
        // The server drains, and did not take what was asked last. Else it is missed as an answer.
        if (!stop) {
          failures.add(e.toString());
        }
      } catch (IOException e) {
        failures.add(e.toString());
      } finally {
        answers.release(SOME); // whoever waits for answers sees the failure instead
      }
    }

    private void count(RawClient.Answer answer) {
      if (answer.status() == 200) {
        succeeded.incrementAndGet();
        Matcher version = VERSION.matcher(answer.body());
        if (version.find()) {
          versions.add(version.group(1));
        }
      } else {
        failures.add(answer.status() + " " + answer.body());
      }
      answers.release();
    }

    /** Waits for answers to come. */
    void awaitSome() throws InterruptedException {
      answers.drainPermits();
      answers.acquire(SOME);
    }

    /** Waits for an answer of a version. */
    void awaitVersion(String version) throws InterruptedException {
      while (!versions.contains(version) && failures.isEmpty()) {
        answers.acquire();
      }
    }

    /** Lets all connections end. */
    Load end() throws InterruptedException {
      stop = true;
      for (Thread thread : threads) {
        thread.join();
      }
      return this;
    }

    @Override
    public void close() {
      stop = true;
    }
  }

  @Test
  void aNewerCheckpointTakesOverWithoutAFailure() throws Exception {
    start();
    try (Load load = new Load(server.address(), ACT, OBSERVATION)) {
      load.awaitSome();
      for (int step = 200; step <= 400; step += 100) {
        Runs.checkpoint(run, step, Policies.cartPole(step));
        assertThat(ask("/v2/repository/models/cartpole/load", "").status()).isEqualTo(200);
        load.awaitVersion(Integer.toString(step));
        load.awaitSome();
      }
      assertThat(load.end().failures).isEmpty();
      assertThat(load.versions).containsExactlyInAnyOrder("100", "200", "300", "400");
    }
  }

  @Test
  void aCanarysWeightChangesWithoutAFailure() throws Exception {
    Runs.checkpoint(run, 200, Policies.cartPole(2));
    ModelConfig config = ModelConfig.defaults(run).withVersion("best");
    server = PolicyServer.builder().port(0).model("cartpole", config).start();
    try (Load load = new Load(server.address(), ACT, OBSERVATION)) {
      load.awaitSome();
      assertThat(load.versions).containsExactly("100");
      for (double weight : new double[] {0.1, 0.5, 1, 0, 0.3}) {
        server.repository().load("cartpole", config.withCanary(new CanaryConfig("newest", weight)));
        load.awaitSome();
      }
      assertThat(load.end().failures).isEmpty();
      assertThat(load.versions).containsExactlyInAnyOrder("100", "200");
    }
  }

  @Test
  void anotherModelComesAndGoesWithoutAFailure() throws Exception {
    server = PolicyServer.builder().port(0).model("cartpole", run).model("other", run).start();
    try (Load load = new Load(server.address(), ACT, OBSERVATION)) {
      for (int i = 0; i < 5; i++) {
        for (String verb : List.of("unload", "load")) {
          assertThat(ask("/v2/repository/models/other/" + verb, "").status()).isEqualTo(200);
          load.awaitSome();
        }
      }
      assertThat(load.end().failures).isEmpty();
    }
  }

  @Test
  void drainingAnswersAllThatWasTakenAndTakesNoMore() throws Exception {
    start();
    InetSocketAddress address = server.address();
    Deployment deployment =
        Objects.requireNonNull(server.repository().model("cartpole").orElseThrow().main());
    try (Load load = new Load(address, ACT, OBSERVATION)) {
      load.awaitSome();
      load.stop = true; // from here on an end between two requests is none of a failure
      server.close();
      assertThat(load.end().failures).isEmpty();
      assertThat(load.succeeded.longValue())
          .isEqualTo(deployment.batcher().statistics().succeeded());
    }
    assertThatThrownBy(() -> new RawClient(address)).isInstanceOf(ConnectException.class);
  }

  /** A runtime that tells the actors which are made on it. */
  private static TaskRuntime telling(TaskRuntime runtime, Collection<ActorRef<?>> actors) {
    return (TaskRuntime)
        Proxy.newProxyInstance(
            TaskRuntime.class.getClassLoader(),
            new Class<?>[] {TaskRuntime.class},
            (proxy, method, arguments) -> {
              try {
                Object result = method.invoke(runtime, arguments);
                if (result instanceof ActorRef<?> actor) {
                  actors.add(actor);
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** Serves the gated model, and tells the actor that is its replica. */
  private ActorRef<?> startGated(BatchingConfig batching) throws IOException {
    Queue<ActorRef<?>> actors = new ConcurrentLinkedQueue<>();
    server =
        PolicyServer.builder()
            .port(0)
            .runtime(telling(runtime, actors))
            .model("gated", gated, batching)
            .start();
    return actors.element();
  }

  @Test
  void aReplicaThatIsKilledFailsOnlyWhatItComputes() throws Exception {
    ActorRef<?> replica = startGated(BATCHING);
    try (Load load = new Load(server.address(), GATED, x(0));
        RawClient client = connect()) {
      load.awaitSome();
      client.send(RawClient.post(GATED, x(5)));
      gated.gate().entered.acquire(); // computed, perhaps together with others
      runtime.kill(replica);
      RawClient.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.body()).contains(DIED);
      assertThat(answer.header("retry-after")).isEqualTo("1");
      load.awaitSome(); // it is back, though the call that it died in has not returned
      load.end();
      assertThat(load.failures).hasSizeLessThanOrEqualTo(CONNECTIONS);
      assertThat(load.failures).allMatch(failure -> failure.contains(DIED));
    }
    assertThat(ask(GATED, x(0)).status()).isEqualTo(200);
  }

  @Test
  void whatWaitsForAReplicaThatIsKilledIsComputed() throws Exception {
    ActorRef<?> replica = startGated(BATCHING.withMaxBatchRows(1));
    try (Load load = new Load(server.address(), GATED, x(0));
        RawClient client = connect()) {
      load.awaitSome();
      client.send(RawClient.post(GATED, x(5)));
      gated.gate().entered.acquire(); // alone; the others wait
      runtime.kill(replica);
      assertThat(client.read().status()).isEqualTo(503);
      load.awaitSome();
      assertThat(load.end().failures).isEmpty();
    }
  }

  @Test
  void aModelThatBlocksHarmsNoOther() throws Exception {
    server =
        PolicyServer.builder()
            .port(0)
            .model("cartpole", run)
            .model("gated", gated, BATCHING.withRequestTimeout(Duration.ofMillis(200)))
            .start();
    try (Load load = new Load(server.address(), ACT, OBSERVATION)) {
      load.awaitSome();
      for (int i = 0; i < 3; i++) { // the first is computed, the others wait
        RawClient.Answer answer = ask(GATED, x(7));
        assertThat(answer.status()).isEqualTo(504);
        assertThat(answer.body()).contains("the request was not answered in time");
        load.awaitSome();
      }
      assertThat(load.end().failures).isEmpty();
    }
  }

  @Test
  void whatNobodyWaitsForIsNotComputed() throws Exception {
    server =
        PolicyServer.builder().port(0).model("gated", gated, BATCHING.withMaxBatchRows(1)).start();
    try (RawClient first = connect()) {
      first.send(RawClient.post(GATED, x(1)));
      gated.gate().entered.acquire();
      try (RawClient gone = connect()) {
        gone.send(RawClient.post(GATED, x(2)));
        while (!metrics()
            .contains("mobula_serve_queued_requests{model=\"gated\",version=\"1\"} 1.0\n")) {
          Thread.onSpinWait();
        }
      }
      while (!metrics().contains("end=\"abandoned\",model=\"gated\",version=\"1\"} 1.0\n")) {
        Thread.onSpinWait();
      }
      gated.gate().open.release(2);
      assertThat(first.read().status()).isEqualTo(200);
    }
    assertThat(ask(GATED, x(3)).status()).isEqualTo(200);
    assertThat(gated.gate().batchRows).hasSize(2);
  }

  private String metrics() throws IOException {
    try (RawClient client = connect()) {
      return client.send(RawClient.get("/metrics")).read().body();
    }
  }
}
