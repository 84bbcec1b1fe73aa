package org.mobula.cli.parameters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.MobulaProcesses;
import org.mobula.cli.TrainingFiles;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.composition.ConfiguredEnvironment;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.ParameterServer;
import org.mobula.parameterserver.Patience;
import org.mobula.parameterserver.ServerConfig;
import org.mobula.parameterserver.ServerParameterStore;
import org.mobula.parameterserver.ShardLostException;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.ShardStatus.Role;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.LinkConfig;
import org.mobula.parameterserver.wire.ReconnectingShardLink;
import org.mobula.parameterserver.wire.Transport;

/**
 * Shards as processes that are killed or stopped while two workers, in threads of the test, push
 * rounds to them. Whatever happens, the parameters must have the bits of one store in memory: no
 * push that was acknowledged is lost, and none is taken twice.
 */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows has no signals")
class ShardFaultIT {
  /** Gradients are clipped, so that a step is two messages. */
  private static final String TRAINING =
      """
      environment:
        name: CartPole-v1
      algorithm:
        ppo:
          steps: 64
          epochs: 1
      stop:
        environment-steps: 256
      evaluation:
        episodes: 0
      parameters:
        server:
          silence: 5s
          replica-timeout: 10s
      """;

  private static final int WORKERS = 2;
  private static final int STEPS_BEFORE = 300;
  private static final long STEPS_AFTER = 300;
  private static final double LEARNING_RATE = 1e-3;

  /** A busy machine alone must not make anybody promote the replica. */
  private static final Patience PATIENCE =
      new Patience(Duration.ofSeconds(1), Duration.ofSeconds(5), 100);

  @TempDir private Path folder;

  private final ExecutorService threads = Executors.newFixedThreadPool(WORKERS);

  private final Transport transport = Transport.open();

  @SuppressWarnings("NullAway.Init") // by start()
  private MobulaProcesses mobula;

  @SuppressWarnings("NullAway.Init") // by start()
  private ShardSetup setup;

  private String training = "";
  private float[] initial = {};

  @BeforeEach
  void start() throws IOException {
    mobula = MobulaProcesses.in(folder);
    training = TrainingFiles.file(folder, "training.yaml", TRAINING);
    Path file = Path.of(training);
    TrainingConfig config = ConfigFiles.read(file, List.of());
    PolicySpec policy =
        ConfiguredEnvironment.policy(
            config, ConfiguredEnvironment.of(config, file, List.of()), file, List.of());
    setup = ParameterServer.setup(config, policy, ServerConfig.defaults(), 0);
    // As the shard's process draws them.
    initial =
        policy
            .network()
            .initialParameters(new Pcg64(SeedSequence.of(config.seed()).stream("parameters")));
  }

  @AfterEach
  void endAll() throws InterruptedException {
    mobula.endAll();
    threads.shutdownNow();
    transport.close();
  }

  /** A shard's process and where it listens. */
  private record ShardProcess(Process process, Address address, Transport transport) {
    ShardStatus status() {
      try (ShardLink link = new ReconnectingShardLink(transport, address, 0, LinkConfig.health())) {
        return link.status().join();
      }
    }

    void kill() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }
  }

  /** The same again, at the same address, as whoever looks after processes would start it. */
  private ShardProcess restarted(ShardProcess dead, String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("--listen", dead.address().toString()));
    arguments.addAll(List.of(more));
    return shard(arguments.toArray(String[]::new));
  }

  private static void await(ShardProcess shard, Role role) {
    while (shard.status().role() != role) {
      Thread.onSpinWait();
    }
  }

  private ShardProcess shard(String... more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("parameter-server", training, "--json"));
    arguments.addAll(List.of(more));
    Process process = mobula.start(arguments.toArray(String[]::new));
    String address = MobulaProcesses.nextLine(process).get("address").asText();
    return new ShardProcess(process, Address.parse(address), transport);
  }

  private ShardProcess primary(ShardProcess replica, String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(List.of("--replicate-to", replica.address().toString()));
    arguments.addAll(List.of(more));
    return shard(arguments.toArray(String[]::new));
  }

  private ShardLink link(ShardProcess shard) {
    return new ReconnectingShardLink(transport, shard.address(), 0, LinkConfig.of(setup.layout()));
  }

  private ServerParameterStore worker(int number, Patience patience, ShardProcess... shards) {
    List<ShardLink> links = new ArrayList<>();
    for (ShardProcess shard : shards) {
      links.add(link(shard));
    }
    return ServerParameterStore.join(setup.layout(), List.of(links), number, number + 1, patience);
  }

  private float[] gradient(int worker, int step) {
    float[] gradient = new float[setup.size()];
    for (int i = 0; i < gradient.length; i++) {
      gradient[i] = (float) Math.sin(0.7 * i + 1.3 * worker + 0.11 * step);
    }
    return gradient;
  }

  /** Rounds of two workers. */
  private final class Rounds {
    final List<Future<float[]>> ends = new ArrayList<>();
    final CountDownLatch underWay = new CountDownLatch(WORKERS);
    private final Semaphore pushed = new Semaphore(0);
    private volatile boolean faultIsOver;
    private volatile long last = Long.MAX_VALUE;
    private volatile long longestGapNanos;

    Rounds(ShardProcess... shards) {
      List<ServerParameterStore> stores = new ArrayList<>();
      for (int worker = 0; worker < WORKERS; worker++) {
        stores.add(worker(worker, PATIENCE, shards));
      }
      // A worker that has joined is known to the replica, unless that was given up.
      assertThat(shards[0].status().role()).isEqualTo(Role.REPLICATED_PRIMARY);
      for (int worker = 0; worker < WORKERS; worker++) {
        int number = worker;
        ends.add(threads.submit(() -> push(number, stores.get(number))));
      }
    }

    private float[] push(int worker, ServerParameterStore store) {
      float[] values = new float[setup.size()];
      try (store) {
        long before = System.nanoTime();
        for (int step = 1; step <= last; step++) {
          if (worker == 0 && faultIsOver && last == Long.MAX_VALUE) {
            // The other one cannot end this step, and so must see the number, before this push.
            last = step + STEPS_AFTER;
          }
          store.pushPull(gradient(worker, step), LEARNING_RATE, values);
          long now = System.nanoTime();
          if (worker == 0 && step > STEPS_BEFORE) {
            longestGapNanos = Math.max(longestGapNanos, now - before);
            pushed.release();
          }
          before = now;
          if (step == STEPS_BEFORE) {
            underWay.countDown();
          }
          // One step for each push that is acknowledged, no more and no less.
          assertThat(store.pull(values)).isEqualTo(step);
        }
        return values;
      } finally {
        underWay.countDown(); // whoever fails must not be waited for
      }
    }

    /** The longest time without a push since this was asked last, once another push has come. */
    long milliseconds() throws InterruptedException {
      pushed.acquire(pushed.drainPermits() + 2);
      long longest = longestGapNanos / 1_000_000;
      longestGapNanos = 0;
      return longest;
    }

    /**
     * Lets some more rounds pass; prints for how long no push was acknowledged.
     *
     * @return how many rounds there were
     */
    long assertNothingLost(String fault) throws Exception {
      faultIsOver = true;
      List<float[]> values = new ArrayList<>();
      for (Future<float[]> end : ends) {
        values.add(end.get());
      }
      LocalParameterStore local =
          new LocalParameterStore(
              setup.layout(), initial, setup.optimizer(), setup.maxGradientNorm());
      for (int step = 1; step <= last; step++) {
        float[] mean = gradient(0, step);
        float[] other = gradient(1, step);
        for (int i = 0; i < mean.length; i++) {
          mean[i] = (mean[i] + other[i]) * (float) (1.0 / WORKERS);
        }
        local.push(mean, LEARNING_RATE);
      }
      assertThat(values).containsOnly(local.snapshot().values());
      System.out.printf(
          "{\"fault\": \"%s\", \"milliseconds_without_a_push\": %d}%n",
          fault, longestGapNanos / 1_000_000);
      return last;
    }
  }

  @Test
  void aPrimaryThatIsKilledInTheMiddleOfPushesLosesNone() throws Exception {
    ShardProcess replica = shard("--replica");
    ShardProcess primary = primary(replica);
    Rounds rounds = new Rounds(primary, replica);
    rounds.underWay.await();
    primary.kill();
    long taken = rounds.assertNothingLost("primary killed");
    ShardStatus status = replica.status();
    assertThat(status.role()).isEqualTo(Role.LONE_PRIMARY);
    assertThat(status.version()).isEqualTo(taken);
    assertThat(status.epoch()).isPositive();
  }

  @Test
  void aReplicaThatIsKilledIsDoneWithout() throws Exception {
    ShardProcess replica = shard("--replica");
    ShardProcess primary =
        primary(
            replica,
            "--set",
            "parameters.server.silence=1s",
            "--set",
            "parameters.server.replica-timeout=2s");
    Rounds rounds = new Rounds(primary, replica);
    rounds.underWay.await();
    replica.kill();
    long taken = rounds.assertNothingLost("replica killed");
    ShardStatus status = primary.status();
    assertThat(status.role()).isEqualTo(Role.LONE_PRIMARY);
    assertThat(status.replicaMissing()).isTrue();
    assertThat(status.version()).isEqualTo(taken);
    assertThat(status.epoch()).as("the first learner has decided").isEqualTo(1);
  }

  /**
   * Kill, heal, kill again. The processes are always started with the command lines of the first
   * time: which one is the primary they find out themselves.
   */
  @Test
  @Timeout(600) // processes that start on a busy machine
  void nothingIsLostHoweverOftenOneOfTheTwoIsKilledAndHealed() throws Exception {
    ShardProcess second = shard("--replica");
    ShardProcess first = primary(second);
    String[] asPrimary = {"--replicate-to", second.address().toString()};
    Rounds rounds = new Rounds(first, second);
    rounds.underWay.await();
    int faults = Integer.getInteger("mobula.faults", 4);
    List<Long> primaryKilled = new ArrayList<>();
    List<Long> replicaKilled = new ArrayList<>();
    boolean firstIsPrimary = true;
    for (int fault = 0; fault < faults; fault++) {
      ShardProcess primary = firstIsPrimary ? first : second;
      ShardProcess replica = firstIsPrimary ? second : first;
      boolean killsPrimary = fault % 3 != 2;
      ShardProcess killed = killsPrimary ? primary : replica;
      rounds.milliseconds();
      killed.kill();
      (killsPrimary ? primaryKilled : replicaKilled).add(rounds.milliseconds());
      firstIsPrimary ^= killsPrimary;
      if (killed.equals(first)) {
        first = restarted(first, asPrimary);
      } else {
        second = restarted(second, "--replica");
      }
      await(firstIsPrimary ? first : second, Role.REPLICATED_PRIMARY);
    }
    long taken = rounds.assertNothingLost("killed and healed");
    for (ShardProcess shard : List.of(first, second)) {
      assertThat(shard.status().version()).isEqualTo(taken);
    }
    System.out.printf(
        "{\"primary_killed\": %s, \"replica_killed\": %s}%n", primaryKilled, replicaKilled);
  }

  /** The replica comes after the primary, when training is under way. */
  @Test
  void aReplicaThatIsStartedLateIsBroughtUpWhileLearnersGoOn() throws Exception {
    ShardProcess replica = shard("--replica");
    ShardProcess primary = primary(replica);
    Rounds rounds = new Rounds(primary, replica);
    replica.kill();
    rounds.underWay.await();
    assertThat(primary.status().role()).isEqualTo(Role.LONE_PRIMARY);
    replica = restarted(replica, "--replica");
    await(primary, Role.REPLICATED_PRIMARY);
    primary.kill();
    long taken = rounds.assertNothingLost("primary killed, the replica was late");
    assertThat(replica.status().version()).isEqualTo(taken);
  }

  /** As a long pause for garbage: it wakes when another has taken over. */
  @Test
  void aPrimaryThatStopsForAWhileFindsItselfFenced() throws Exception {
    ShardProcess replica = shard("--replica");
    ShardProcess primary = primary(replica);
    Rounds rounds = new Rounds(primary, replica);
    rounds.underWay.await();
    MobulaProcesses.send("STOP", primary.process());
    while (replica.status().role() == Role.REPLICA) {
      Thread.onSpinWait();
    }
    MobulaProcesses.send("CONT", primary.process());
    // It finds itself fenced, and follows its successor.
    while (primary.status().role() != Role.REPLICA) {
      assertThat(primary.status().role()).isNotEqualTo(Role.LONE_PRIMARY);
    }
    try (ShardLink link = link(primary)) {
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(
              () ->
                  link.pull(
                          new Pull(Caller.reader(0), Pull.NOTHING),
                          FloatSlice.of(new float[setup.size()]))
                      .get())
          .havingCause()
          .isInstanceOfSatisfying(
              RefusedException.class,
              refused -> assertThat(refused.refusal()).isEqualTo(Refusal.NOT_PRIMARY));
    }
    long taken = rounds.assertNothingLost("primary stopped");
    ShardStatus status = replica.status();
    assertThat(status.role()).isEqualTo(Role.REPLICATED_PRIMARY);
    assertThat(status.version()).isEqualTo(taken);
    assertThat(primary.status().version()).isEqualTo(taken);
  }

  @Test
  void whenBothAreDeadACheckpointIsRestoredAndTheLossIsStated() throws Exception {
    ShardProcess replica = shard("--replica");
    ShardProcess primary = primary(replica);
    String run =
        TrainingFiles.file(
            folder,
            "run.yaml",
            TRAINING
                + "    addresses: ['%s,%s']\n".formatted(primary.address(), replica.address()));
    Process trainer = mobula.start("train", run, "--json");
    MobulaProcesses.awaitEvent(trainer, "end");
    assertThat(trainer.waitFor()).isZero();
    Path newest = new RunDirectory(folder.resolve("runs/run-1")).latest().orElseThrow();
    long saved = Checkpoint.read(newest).store().parameters().version();
    assertThat(saved).isPositive();

    // The trainer leaves at its end; if that was not heard, its place is free a moment later.
    while (!primary.status().workers().isEmpty()) {
      assertThat(primary.status().role()).isEqualTo(Role.REPLICATED_PRIMARY);
    }

    Patience quick = new Patience(Duration.ofMillis(10), Duration.ofMinutes(1), 20);
    int later = 7;
    try (ServerParameterStore store = worker(0, quick, primary, replica)) {
      for (int step = 1; step <= later; step++) {
        if (step == later) {
          primary.kill(); // The last one is the replica's alone.
        }
        store.push(gradient(0, step), LEARNING_RATE);
      }
      replica.kill();
      assertThatExceptionOfType(ShardLostException.class)
          .isThrownBy(() -> store.push(gradient(0, later + 1), LEARNING_RATE))
          .withMessageContaining("Version %d was the last one known", saved + later)
          .withMessageContaining("start the shard anew and restore the last checkpoint");

      ShardProcess fresh =
          shard("--restore", "runs/run-1", "--listen", primary.address().toString());
      assertThat(fresh.status().version()).isEqualTo(saved);
      store.push(gradient(0, later + 1), LEARNING_RATE);
      assertThat(store.lostVersions()).isEqualTo(later);
      assertThat(fresh.status().version()).isEqualTo(saved + 1);
    }
  }
}
