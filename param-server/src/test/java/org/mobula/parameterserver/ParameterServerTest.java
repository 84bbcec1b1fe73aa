package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.runtime.ActorRef;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingControl;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.ShardStatus.Role;
import org.mobula.parameterserver.wire.Address;

/** Whole runs whose parameters lie in shards. */
@Timeout(300)
class ParameterServerTest {
  private static final int ITERATIONS = 50;
  private static final EnvironmentFactory CART_POLE = () -> new TimeLimit(new CartPole(false), 500);

  @TempDir private Path directory;

  private static TrainingConfig config(int learners) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withMinibatchSize(32).withEpochs(2);
    return TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1").withCount(4), ppo)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(64L * ITERATIONS * learners))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
  }

  private static EnvironmentFactory environment(TrainingConfig config) {
    return config.algorithm() instanceof PpoConfig
        ? CART_POLE
        : EnvironmentCatalogue.standard().factory("Pendulum-v1", Map.of());
  }

  private static ServerConfig server(int learners) {
    return ServerConfig.defaults().withShards(2).withLearners(learners);
  }

  private static LocalTaskRuntime runtime(boolean strict) {
    return LocalTaskRuntime.builder().cpus(8).strict(strict).build();
  }

  private static float[] train(TrainingConfig config, ServerConfig server, boolean strict) {
    try (TaskRuntime runtime = runtime(strict);
        ParameterServer parameters = ParameterServer.on(runtime, server, environment(config))) {
      return parameters(trainer(config, server, parameters).build().train());
    }
  }

  private static Trainer.Builder trainer(
      TrainingConfig config, ServerConfig server, ParameterServer parameters) {
    return Trainer.builder(config)
        .environment(environment(config))
        .learners(server.learners())
        .store(parameters);
  }

  private static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  private static float[] inProcess(TrainingConfig config, int learners) throws Exception {
    return inProcessSnapshot(config, learners).parameters().values();
  }

  /** Trainers in threads around one {@link org.mobula.core.parameters.LocalParameterStore}. */
  private static PolicySnapshot inProcessSnapshot(TrainingConfig config, int learners)
      throws Exception {
    SharedLocalStore shared = new SharedLocalStore(learners);
    List<Thread> threads = new ArrayList<>();
    PolicySnapshot[] results = new PolicySnapshot[learners];
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    for (int i = 0; i < learners; i++) {
      int number = i;
      TrainingConfig own =
          i == 0 ? config : config.withSeed(LearnerActor.seed(config.seed(), i, 0));
      Trainer trainer =
          Trainer.builder(own)
              .environment(environment(config))
              .learners(learners)
              .store((c, policy, initial) -> shared.open(number, c, policy, initial))
              .build();
      Thread thread =
          new Thread(
              () -> {
                try (Policy policy = trainer.train().policy()) {
                  results[number] = policy.snapshot();
                }
              });
      thread.setUncaughtExceptionHandler((t, e) -> failures.add(e));
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
    return results[0];
  }

  @ParameterizedTest
  @CsvSource({"1, false", "1, true", "2, false", "2, true", "3, false"})
  void synchronousTrainingHasTheBitsOfTheStoreInProcess(int learners, boolean strict)
      throws Exception {
    TrainingConfig config = config(learners);
    float[] expected = inProcess(config, learners);
    assertThat(train(config, server(learners), strict)).isEqualTo(expected);
  }

  /** Critics, policy and temperature, each by its own pushes: 300 of them. */
  @ParameterizedTest
  @CsvSource({"1, true", "2, false"})
  void eachNetworkHasTheBitsOfTheStoreInProcess(int learners, boolean strict) throws Exception {
    TrainingConfig config = critics(900L * learners);
    float[] expected = inProcess(config, learners);
    assertThat(train(config, server(learners), strict)).isEqualTo(expected);
  }

  private static TrainingConfig critics(long steps) {
    SacConfig sac =
        SacConfig.defaults()
            .withTrainFrequency(8)
            .withGradientSteps(4)
            .withMinibatchSize(16)
            .withMaxGradientNorm(1)
            .withReplay(ReplayConfig.defaults().withCapacity(1000));
    return TrainingConfig.defaults(EnvironmentConfig.defaults("Pendulum-v1").withCount(4), sac)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
  }

  /** With what the codec has left out of each network's gradients, and each learner's memory. */
  @Test
  void networksAreResumedWithTheBitsOfARunThatNeverStopped() throws IOException {
    TrainingConfig config = critics(4096);
    ServerConfig server = server(2).withCodec("top-k:0.05");
    float[] whole = train(config, server, false);
    TrainingConfig half = config.withStop(config.stop().withEnvironmentSteps(2048));
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters =
            ParameterServer.on(runtime, server, environment(config), failure -> {})) {
      trainer(half, server, parameters).directory(directory).build().train();
    }
    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    List<String> notices = new ArrayList<>();
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters =
            ParameterServer.on(runtime, server, environment(config), notices::add)) {
      Trainer resumed =
          trainer(config, server, parameters).directory(directory).resume(checkpoint).build();
      assertThat(parameters(resumed.train())).isEqualTo(whole);
    }
    assertThat(notices).isEmpty();
  }

  /** Only the trainer evaluates; the others must not be asked to stop by what they never see. */
  @Test
  void evaluationsMayEndTheRunOfSeveralLearners() {
    TrainingConfig config =
        config(2)
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(1).withEvery(256))
            .withStop(config(2).stop().withEvaluationsWithoutImprovement(1_000));
    assertThat(train(config, server(2), false)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void replicasChangeNoBit(boolean strict) {
    TrainingConfig config = config(2);
    assertThat(train(config, server(2).withReplicas(1), strict))
        .isEqualTo(train(config, server(2), false));
  }

  /** Now one, now the other, each time when the one before is back: the actors of a shard. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shardsThatDieComeBackAndNoBitIsLost(boolean strict) throws Exception {
    TrainingConfig config = config(2);
    Map<ShardEvent.Kind, Integer> events = new EnumMap<>(ShardEvent.Kind.class);
    TrainingResult result;
    try (TaskRuntime runtime = runtime(strict);
        ParameterServer parameters =
            ParameterServer.on(
                runtime,
                server(2).withReplicas(1),
                CART_POLE,
                failure -> {},
                event -> {
                  synchronized (events) {
                    events.merge(event.kind(), 1, Integer::sum);
                  }
                })) {
      PairKiller killer = new PairKiller(runtime, 3);
      result =
          trainer(config.withStop(StopConfig.defaults()), server(2), parameters)
              .listener(killer)
              .build()
              .train();
    }
    long steps = result.progress().environmentSteps();
    TrainingConfig same = config.withStop(config.stop().withEnvironmentSteps(steps));
    assertThat(parameters(result)).isEqualTo(inProcess(same, 2));
    assertThat(events).containsKeys(ShardEvent.Kind.FAILOVER, ShardEvent.Kind.TOOK_OVER);
  }

  /** Kills one of the two actors of the first shard whenever both are in step. */
  private static final class PairKiller implements TrainingListener {
    private final TaskRuntime runtime;
    private final int kills;
    private @Nullable TrainingControl control;
    private int killed;
    private boolean inStepBefore;

    PairKiller(TaskRuntime runtime, int kills) {
      this.runtime = runtime;
      this.kills = kills;
    }

    @Override
    public void onStart(TrainingControl run) {
      control = run;
    }

    @Override
    public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
      TrainingControl run = control;
      if (runtime.metrics().actorRestarts() < killed || run == null) {
        return; // to ask it would start it
      }
      List<ActorRef<ShardActor>> pair =
          Stream.of("parameter-shard-0", "parameter-shard-0-replica")
              .map(name -> runtime.<ShardActor>actorNamed(name).orElseThrow())
              .toList();
      List<Role> roles =
          pair.stream()
              .map(actor -> runtime.get(actor.call(shard -> shard.status().role())))
              .toList();
      int primary = roles.indexOf(Role.REPLICATED_PRIMARY);
      // A whole iteration later whoever was brought up has acknowledged it.
      boolean inStep = primary >= 0 && inStepBefore;
      inStepBefore = primary >= 0;
      if (inStep && killed == kills) {
        run.stop("enough was killed");
      } else if (inStep) {
        runtime.kill(pair.get(killed % 2 == 0 ? primary : 1 - primary));
        killed++;
        inStepBefore = false;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bf16", "fp16", "int8", "top-k:0.1"})
  void trainsWithEachCodecOverSockets(String codec) {
    float[] trained = train(config(2), server(2).withCodec(codec), true);
    for (float value : trained) {
      assertThat(value).isFinite();
    }
  }

  /** In one JVM nothing is encoded, but what a codec leaves out is left out there, too. */
  @ParameterizedTest
  @ValueSource(strings = {"int8", "top-k:0.05"})
  void gradientsLoseTheSameWithAndWithoutSockets(String codec) {
    ServerConfig server = server(2).withCodec(codec);
    float[] trained = train(config(2), server, false);
    assertThat(trained).isEqualTo(train(config(2), server, true));
    assertThat(trained).isNotEqualTo(train(config(2), server(2), false));
  }

  @Test
  void trainsAsynchronouslyAndWithBoundedStaleness() {
    for (Consistency consistency :
        List.of(new Consistency.Asynchronous(), new Consistency.BoundedStaleness(2))) {
      Map<String, Double> last = new HashMap<>();
      ServerConfig server = server(2).withConsistency(consistency);
      try (TaskRuntime runtime = runtime(false);
          ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE)) {
        TrainingResult result =
            trainer(config(2), server, parameters)
                .listener(
                    new TrainingListener() {
                      @Override
                      public void onIteration(
                          TrainingProgress progress, Map<String, Double> measurements) {
                        last.putAll(measurements);
                      }
                    })
                .build()
                .train();
        // The other learner may have handed a rollout in meanwhile.
        assertThat(result.progress().environmentSteps())
            .isBetween(64L * ITERATIONS * 2, 64L * (ITERATIONS * 2 + 1));
      }
      assertThat(last).containsKeys(MetricNames.PARAMETERS_LATE_GRADIENTS);
      assertThat(last.get(MetricNames.PARAMETERS_LATE_GRADIENTS)).isZero();
    }
  }

  @Test
  void aLearnerThatFailsIsToldAndTheOthersGoOn() {
    Thread own = Thread.currentThread();
    EnvironmentFactory fragile = () -> new FailsInOtherThreads(CART_POLE.create(), own);
    List<String> failures = new ArrayList<>();
    ServerConfig server = server(2);
    try (TaskRuntime runtime = runtime(false)) {
      TrainingResult result;
      try (ParameterServer parameters =
          ParameterServer.on(runtime, server, fragile, failures::add)) {
        result = trainer(config(2), server, parameters).build().train();
      }
      assertThat(result.progress().environmentSteps()).isEqualTo(64L * ITERATIONS * 2);
    }
    assertThat(failures).hasSize(1);
    assertThat(failures.get(0)).startsWith("learner 1 failed: ").contains("out of order");
  }

  /** Works in one thread, and fails in any other's hands after some steps. */
  private static final class FailsInOtherThreads extends EnvironmentWrapper {
    private final Thread own;
    private int steps;

    FailsInOtherThreads(Environment inner, Thread own) {
      super(inner);
      this.own = own;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      inner().reset(reset, observation);
    }

    @Override
    public void step(float[] action, Step step) {
      if (++steps > 100 && !own.equals(Thread.currentThread())) {
        throw new IllegalStateException("out of order");
      }
      inner().step(action, step);
    }
  }

  @Test
  void aLearnerThatCannotBeginIsToldAndTheOthersGoOn() {
    Thread own = Thread.currentThread();
    EnvironmentFactory missing =
        () -> {
          if (!own.equals(Thread.currentThread())) {
            throw new NoClassDefFoundError("it is on the trainer's class path alone");
          }
          return CART_POLE.create();
        };
    List<String> failures = new ArrayList<>();
    ServerConfig server = server(2);
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server, missing, failures::add)) {
      TrainingResult result = trainer(config(2), server, parameters).build().train();
      assertThat(result.progress().environmentSteps()).isEqualTo(64L * ITERATIONS * 2);
    }
    assertThat(failures).hasSize(1);
    assertThat(failures.get(0)).startsWith("learner 1 failed: ").contains("class path alone");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLearnerThatHangsIsNamedAndTheOthersGoOn(boolean forEver) throws Exception {
    Thread own = Thread.currentThread();
    Gate gate = new Gate();
    EnvironmentFactory hanging = () -> new HangsInOtherThreads(CART_POLE.create(), own, gate);
    List<String> failures = new ArrayList<>();
    ConcurrentLinkedQueue<String> taken = new ConcurrentLinkedQueue<>();
    ServerConfig server = server(2).withProgressTimeout(Duration.ofMillis(200));
    try (TaskRuntime runtime = runtime(false)) {
      try (ParameterServer parameters =
          ParameterServer.on(
              runtime,
              server,
              hanging,
              failures::add,
              event -> {
                // On a busy machine the trainer may be late, too.
                if (event.kind() == ShardEvent.Kind.LEARNER_TAKEN_OFF
                    && event.toString().contains("learner 1")) {
                  taken.add(event.toString());
                }
              })) {
        Trainer trainer =
            trainer(config(2).withStop(StopConfig.defaults()), server, parameters)
                .listener(
                    new TrainingListener() {
                      private @Nullable TrainingControl control;

                      @Override
                      public void onStart(TrainingControl run) {
                        control = run;
                      }

                      @Override
                      public void onIteration(
                          TrainingProgress progress, Map<String, Double> measurements) {
                        boolean back =
                            !forEver && failures.stream().anyMatch(each -> each.contains("back"));
                        if (!failures.isEmpty() && !forEver) {
                          gate.open();
                        }
                        boolean hangs =
                            forEver && gate.isReached() && !failures.isEmpty() && !taken.isEmpty();
                        if (control != null && (back || hangs)) {
                          control.stop("enough was seen");
                        }
                      }
                    })
                .build();
        trainer.train();
      }
      gate.open();
    }
    assertThat(failures.get(0))
        .matches(
            "learner 1 takes no part any more: it has finished no step of its environments and no"
                + " gradient for \\d+ s and gives its place up, so that the others go on; it joins"
                + " again when it does");
    if (forEver) {
      // What any other process hears from the shard.
      assertThat(taken.element())
          .startsWith("shard 0: learner 1 takes no part any more: it has finished no step of its")
          .endsWith("so that the others go on; it joins again when it does");
      assertThat(failures.get(failures.size() - 1))
          .startsWith("learner 1 failed: it has finished no step of its environments");
    } else {
      assertThat(failures).contains("learner 1 is back and takes part again");
    }
  }

  /** Opened once. */
  private static final class Gate {
    private final CountDownLatch latch = new CountDownLatch(1);
    private volatile boolean reached;

    void open() {
      latch.countDown();
    }

    boolean isReached() {
      return reached;
    }

    void pass() {
      reached = true;
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException("interrupted in a step", e);
      }
    }
  }

  /** Works in one thread, and stops in any other's hands after some steps. */
  private static final class HangsInOtherThreads extends EnvironmentWrapper {
    private final Thread own;
    private final Gate gate;
    private int steps;

    HangsInOtherThreads(Environment inner, Thread own, Gate gate) {
      super(inner);
      this.own = own;
      this.gate = gate;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      inner().reset(reset, observation);
    }

    @Override
    public void step(float[] action, Step step) {
      if (++steps > 100 && !own.equals(Thread.currentThread())) {
        gate.pass();
      }
      inner().step(action, step);
    }
  }

  @Test
  void aLearnerThatDiesKeepsNothingFromClosing() {
    List<String> failures = new ArrayList<>();
    List<String> addresses;
    ServerConfig server = server(2);
    try (TaskRuntime runtime = runtime(false)) {
      try (ParameterServer parameters =
          ParameterServer.on(runtime, server, CART_POLE, failures::add)) {
        trainer(config(2), server, parameters)
            .listener(
                new TrainingListener() {
                  @Override
                  public void onIteration(
                      TrainingProgress progress, Map<String, Double> measurements) {
                    runtime.actorNamed("learner-1").ifPresent(each -> runtime.kill(each, false));
                  }
                })
            .build()
            .train();
        addresses = parameters.listen(directory.resolve("token"));
      }
      assertThat(failures)
          .hasSize(2)
          .anyMatch(each -> each.contains("if learners join from other processes"))
          .anyMatch(each -> each.startsWith("learner 1 failed: "));
      assertThat(addresses).hasSize(2);
      for (String address : addresses) {
        assertThatThrownBy(() -> ShardProbe.ask(Address.parse(address), null, null))
            .isInstanceOf(LinkLostException.class);
      }
    }
  }

  /** Ports that this process listens on; a local one has the state 0A. */
  private static Set<String> listening() throws IOException {
    Set<String> own = new HashSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path each : descriptors.toList()) {
        if (Files.isSymbolicLink(each)) { // that of the listing itself is gone
          own.add(Files.readSymbolicLink(each).toString());
        }
      }
    }
    Set<String> ports = new HashSet<>();
    for (String table : List.of("/proc/self/net/tcp", "/proc/self/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] cells = line.strip().split("\\s+", -1);
        if (cells.length > 9
            && cells[3].equals("0A")
            && own.contains("socket:[" + cells[9] + "]")) {
          ports.add(cells[1]);
        }
      }
    }
    return ports;
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "Only Linux has /proc/self/net/tcp")
  void aRunInOneProcessListensOnlyWhenItIsAskedTo() throws Exception {
    Set<String> before = listening();
    List<Set<String>> during = new ArrayList<>();
    Path token = directory.resolve("token");
    ServerConfig server = server(2).withReplicas(1);
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE)) {
      assertThatThrownBy(() -> parameters.listen(token))
          .hasMessage("no trainer has begun, so there are no shards yet: listen once it has");
      trainer(config(2), server, parameters)
          .listener(
              new TrainingListener() {
                @Override
                public void onIteration(
                    TrainingProgress progress, Map<String, Double> measurements) {
                  try {
                    during.add(listening());
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                }
              })
          .build()
          .train()
          .policy()
          .close();
      assertThat(during).isNotEmpty().containsOnly(before);

      List<String> addresses = parameters.listen(token);
      assertThat(parameters.listen(token)).isEqualTo(addresses);
      assertThat(listening()).hasSize(before.size() + 4);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(token)))
          .isEqualTo("rw-------");
      assertThat(addresses).hasSize(2);
      Address primary = Address.parse(addresses.get(1).split(",", -1)[0]);
      Address replica = Address.parse(addresses.get(1).split(",", -1)[1]);
      assertThatThrownBy(() -> ShardProbe.ask(primary, null, null))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("token");
      ShardStatus found = ShardProbe.ask(primary, token, null);
      assertThat(found.version()).isPositive();
      assertThat(ShardProbe.ask(replica, token, null).to()).isEqualTo(found.to());
    }
    assertThat(listening()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({
    "1, false, int8, false",
    "2, false, fp32, true",
    "2, true, top-k:0.05, false",
    "3, false, fp32, false"
  })
  void aRunIsResumedWithTheBitsOfOneThatNeverStopped(
      int learners, boolean strict, String codec, boolean scalesRewards) throws IOException {
    TrainingConfig config = config(learners);
    config = config.withNormalization(config.normalization().withRewards(scalesRewards));
    ServerConfig server = server(learners).withCodec(codec);
    float[] whole = train(config, server, strict);
    List<String> notices = new ArrayList<>();
    TrainingConfig half = config.withStop(config.stop().withEnvironmentSteps(64L * 20 * learners));
    TrainingConfig more = config.withStop(config.stop().withEnvironmentSteps(64L * 35 * learners));
    try (TaskRuntime runtime = runtime(strict);
        ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE, notices::add)) {
      trainer(half, server, parameters).directory(directory).build().train();
    }
    for (TrainingConfig next : List.of(more, config)) {
      Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
      try (TaskRuntime runtime = runtime(strict);
          ParameterServer parameters =
              ParameterServer.on(runtime, server, CART_POLE, notices::add)) {
        Trainer resumed =
            trainer(next, server, parameters).directory(directory).resume(checkpoint).build();
        float[] last = parameters(resumed.train());
        if (next.equals(config)) {
          assertThat(last).isEqualTo(whole);
        }
      }
    }
    assertThat(notices).isEmpty();
  }

  /**
   * Asked to stop in the middle of anything, by somebody who does not wait for the right moment.
   */
  @Test
  void aRunThatIsStoppedAnywhereIsResumedWithItsBits() throws IOException {
    TrainingConfig config = config(2);
    ServerConfig server = server(2);
    float[] whole = train(config, server, false);
    List<String> notices = new ArrayList<>();
    Checkpoint checkpoint = null;
    float[] last = {};
    for (int part = 0; part < 6; part++) {
      AtomicInteger steps = new AtomicInteger();
      AtomicReference<@Nullable Trainer> built = new AtomicReference<>();
      Thread own = Thread.currentThread();
      int until = part == 5 ? Integer.MAX_VALUE : 77 + 131 * part;
      EnvironmentFactory counting =
          () ->
              new Stops(
                  new CartPole(false),
                  () -> {
                    Trainer trainer = built.get();
                    if (own.equals(Thread.currentThread())
                        && steps.incrementAndGet() >= until
                        && trainer != null) {
                      trainer.stop("it was asked to");
                    }
                  });
      EnvironmentFactory limited = () -> new TimeLimit(counting.create(), 500);
      try (TaskRuntime runtime = runtime(false);
          ParameterServer parameters = ParameterServer.on(runtime, server, limited, notices::add)) {
        Trainer.Builder builder =
            Trainer.builder(config)
                .environment(limited)
                .learners(2)
                .store(parameters)
                .directory(directory);
        if (checkpoint != null) {
          builder.resume(checkpoint);
        }
        Trainer trainer = builder.build();
        built.set(trainer);
        last = parameters(trainer.train());
      }
      checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    }
    assertThat(last).isEqualTo(whole);
    assertThat(notices).isEmpty();
  }

  /** Does something at each step. */
  private static final class Stops extends EnvironmentWrapper {
    private final Runnable atStep;

    Stops(Environment inner, Runnable atStep) {
      super(inner);
      this.atStep = atStep;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      inner().reset(reset, observation);
    }

    @Override
    public void step(float[] action, Step step) {
      atStep.run();
      inner().step(action, step);
    }
  }

  @Test
  void saysAtTheStartAndAtTheResumeWhereBitsCannotBeTheSame() throws IOException {
    List<String> notices = new ArrayList<>();
    ServerConfig server = server(2).withConsistency(new Consistency.Asynchronous());
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE, notices::add)) {
      trainer(config(2), server, parameters).directory(directory).build().train();
    }
    assertThat(notices)
        .containsExactly(
            "if this run is resumed, it has other bits than one that never stopped: the order of"
                + " steps depends on time where learning is not synchronous");
    notices.clear();
    TrainingConfig more =
        config(2).withStop(config(2).stop().withEnvironmentSteps(64L * 2 * (ITERATIONS + 2)));
    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters =
            ParameterServer.on(runtime, server(2), CART_POLE, notices::add)) {
      trainer(more, server(2), parameters).resume(checkpoint).build().train();
    }
    assertThat(notices)
        .containsExactly(
            "the checkpoint does not hold the state of learner 1, which begins new episodes: this"
                + " run has other bits than one that never stopped");
  }

  @Test
  void servesOneTrainer() {
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server(1), CART_POLE)) {
      trainer(config(1), server(1), parameters).build().train().policy().close();
      Trainer second = trainer(config(1), server(1), parameters).build();
      assertThatThrownBy(second::train)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has its trainer already");
    }
  }

  /** The wire, several learners, and what travels with the policy. */
  @ParameterizedTest
  @CsvSource({"1, false, 0", "2, false, 1", "2, true, 0", "3, true, 1"})
  void observationsAreScaledByWhatAllLearnersHaveSeen(int learners, boolean strict, int replicas)
      throws Exception {
    TrainingConfig config =
        config(learners).withNormalization(new NormalizationConfig(true, false, true, 10));
    PolicySnapshot expected = inProcessSnapshot(config, learners);
    ServerConfig server = server(learners).withReplicas(replicas);
    PolicySnapshot trained;
    try (TaskRuntime runtime = runtime(strict);
        ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE);
        Policy policy = trainer(config, server, parameters).build().train().policy()) {
      trained = policy.snapshot();
    }
    assertThat(trained.parameters().values()).isEqualTo(expected.parameters().values());
    assertThat(trained.normalizer()).isEqualTo(expected.normalizer());
    ObservationNormalizer normalizer = Objects.requireNonNull(trained.normalizer());
    assertThat(normalizer.count()).isEqualTo(64.0 * ITERATIONS * learners);
  }

  @Test
  void statisticsOfAllLearnersAreResumedBitForBit() throws IOException {
    TrainingConfig config =
        config(2).withNormalization(new NormalizationConfig(true, true, true, 10));
    float[] whole = train(config, server(2), false);
    TrainingConfig half = config.withStop(config.stop().withEnvironmentSteps(64 * 20 * 2));
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server(2), CART_POLE)) {
      trainer(half, server(2), parameters).directory(directory).build().train();
    }
    Checkpoint checkpoint = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    assertThat(Objects.requireNonNull(checkpoint.store().gathered().observations()).count())
        .isEqualTo(64.0 * 20 * 2);
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server(2), CART_POLE)) {
      Trainer resumed = trainer(config, server(2), parameters).resume(checkpoint).build();
      assertThat(parameters(resumed.train())).isEqualTo(whole);
    }
  }

  /** Its schedules, its end and its scaling are the run's, not its own. */
  @Test
  void aLearnerThatJoinsIsAsFarAsTheRun() throws Exception {
    TrainingConfig config =
        config(2).withNormalization(new NormalizationConfig(true, false, true, 10));
    ServerConfig server = server(2).withConsistency(new Consistency.Asynchronous());
    List<Long> runIsAt = new ArrayList<>();
    List<Long> joinedAt = new ArrayList<>();
    List<Double> seen = new ArrayList<>();
    try (TaskRuntime runtime = runtime(false);
        ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE)) {
      TrainingListener joins =
          new TrainingListener() {
            @Override
            public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
              if (progress.iterations() == 10) {
                runIsAt.add(progress.environmentSteps());
                Path token = directory.resolve("token");
                ServerConfig running =
                    server.withAddresses(parameters.listen(token)).withTokenFile(token.toString());
                try (JoinedStore store = new JoinedStore(running)) {
                  Trainer joined =
                      Trainer.builder(config.withSeed(99))
                          .environment(CART_POLE)
                          .store(store)
                          .listener(
                              new TrainingListener() {
                                @Override
                                public void onStart(TrainingControl control) {
                                  control.stop("it has seen enough");
                                }

                                @Override
                                public void onEnd(TrainingResult result) {
                                  joinedAt.add(result.progress().environmentSteps());
                                  try (Policy policy = result.policy()) {
                                    seen.add(
                                        Objects.requireNonNull(policy.snapshot().normalizer())
                                            .count());
                                  }
                                }
                              })
                          .build();
                  joined.train();
                }
              }
            }
          };
      trainer(config, server, parameters).listener(joins).build().train();
    }
    assertThat(joinedAt).hasSize(1);
    // The other learner may be ahead or behind: nothing makes asynchronous ones wait.
    assertThat(runIsAt.get(0)).isGreaterThanOrEqualTo(64L * 10);
    assertThat(joinedAt.get(0)).isGreaterThanOrEqualTo(runIsAt.get(0));
    assertThat(seen.get(0)).isGreaterThanOrEqualTo(64.0 * 10);
  }
}
