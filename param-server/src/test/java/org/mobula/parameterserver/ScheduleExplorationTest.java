package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Pulled;
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Ruling;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/**
 * Thousands of schedules: messages are lost, repeated and reordered, primaries are killed or sleep
 * and wake after their replica has taken over. After each, what was acknowledged must be there
 * once.
 */
@SuppressWarnings("FutureReturnValueIgnored") // What is pushed is not always waited for.
class ScheduleExplorationTest {
  /** Two shards, the second one small. */
  private static final ParameterLayout LAYOUT =
      new ParameterLayout.Builder().add("weight", 4096).add("bias", 40).build();

  private static final int PUSHES = 4;
  private static final int WORKERS = 3;

  /** After so many events all messages arrive, so that a run has to end. */
  private static final int STORMY_EVENTS = 1500;

  private static final int MOST_EVENTS = 60_000;

  /** What goes wrong besides lost and repeated messages. */
  private enum Trouble {
    NONE,
    KILL_PRIMARY,
    PRIMARY_SLEEPS,
    KILL_REPLICA,
    KILL_WORKER
  }

  /** One schedule. */
  private static final class Run {
    final long seed;
    final Simulation simulation;
    final Consistency consistency;
    final List<List<Simulation.Node>> nodes = new ArrayList<>();
    final List<SimulatedWorker> workers = new ArrayList<>();
    @Nullable AssertionError failure;
    private long splitAt = Long.MAX_VALUE;
    private long healAt = Long.MAX_VALUE;
    private @Nullable GradientOf gradientsOfLate;
    private boolean pushing;

    Run(long seed, Consistency consistency, OptimizerConfig optimizer, double maxNorm) {
      this.seed = seed;
      this.consistency = consistency;
      simulation = new Simulation(seed, 0.05, 0.08);
      for (Range range : ShardRanges.cut(LAYOUT, 2).ranges()) {
        ShardSetup setup =
            new ShardSetup(
                LAYOUT,
                range.from(),
                range.to(),
                optimizer,
                maxNorm,
                consistency,
                Duration.ofSeconds(20),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1));
        float[] zeros = new float[range.size()];
        Simulation.Node primary =
            simulation.host(Shard.primary(setup, FloatSlice.of(zeros), simulation::now));
        Simulation.Node replica = simulation.host(Shard.replica(setup, simulation::now));
        pair(primary, replica);
        pair(replica, primary);
        primary.shard.replicateTo(simulation.link(primary, replica));
        nodes.add(List.of(primary, replica));
      }
      for (int i = 0; i < WORKERS; i++) {
        workers.add(new SimulatedWorker(this, i));
      }
    }

    /** Each of a pair can be reached by the other, and says so. */
    private void pair(Simulation.Node node, Simulation.Node other) {
      node.shard.reachable("the other of the pair", address -> simulation.link(node, other));
    }

    List<List<ShardLink>> links(Object from) {
      return nodes.stream()
          .map(pair -> pair.stream().map(node -> simulation.link(from, node)).toList())
          .toList();
    }

    /** Lets everybody join, then push, and trouble come at a random time. */
    Run play(Trouble trouble, GradientOf gradients) {
      workers.forEach(worker -> worker.join(gradients));
      int events = 0;
      while (!workers.stream().allMatch(worker -> worker.joined)) {
        events = step(events);
      }
      pushing = true;
      workers.forEach(SimulatedWorker::next);
      int troubleAt = events + simulation.random().nextInt(400);
      List<Simulation.Node> pair = nodes.get(simulation.random().nextInt(nodes.size()));
      int wakesAfter = simulation.random().nextInt(1000);
      int wakeAt = Integer.MAX_VALUE;
      while (!workers.stream().allMatch(worker -> worker.finished || worker.dead)) {
        if (events >= troubleAt
            && wakeAt == Integer.MAX_VALUE
            && (trouble == Trouble.PRIMARY_SLEEPS || isReplicated(pair))) {
          wakeAt = events + wakesAfter;
          switch (trouble) {
            case NONE -> {}
            case KILL_PRIMARY -> pair.get(0).kill();
            case PRIMARY_SLEEPS -> pair.get(0).sleep();
            case KILL_REPLICA -> pair.get(1).kill();
            case KILL_WORKER -> workers.get(1).kill();
          }
        }
        if (events == wakeAt) {
          pair.get(0).wake();
          restartTheDead();
        }
        events = step(events);
      }
      pair.get(0).wake();
      restartTheDead();
      splitAt = Long.MAX_VALUE;
      simulation.heal();
      simulation.calm();
      for (int i = 0; i < 2000; i++) {
        simulation.step();
      }
      return this;
    }

    /** A learner that nobody knows joins when the islands part. */
    void joinLate(GradientOf gradients) {
      gradientsOfLate = gradients;
    }

    /** From some time on everybody is on one of two islands at random, for up to 90 seconds. */
    void split() {
      splitAt = simulation.now() + simulation.random().nextLong(3_000_000_000L);
      healAt = splitAt + simulation.random().nextLong(90_000_000_000L);
    }

    private void splitOrHeal() {
      if (simulation.now() >= splitAt) {
        splitAt = Long.MAX_VALUE;
        nodes.forEach(
            pair -> pair.forEach(node -> simulation.move(node, simulation.random().nextInt(2))));
        GradientOf late = gradientsOfLate;
        if (late != null) {
          SimulatedWorker fresh = new SimulatedWorker(this, WORKERS);
          workers.add(fresh);
          fresh.join(late);
        }
        workers.forEach(worker -> simulation.move(worker, simulation.random().nextInt(2)));
      }
      if (simulation.now() >= healAt) {
        healAt = Long.MAX_VALUE;
        simulation.heal();
      }
    }

    /** As whoever looks after the processes would, with the command lines of before. */
    private void restartTheDead() {
      for (List<Simulation.Node> pair : nodes) {
        for (Simulation.Node node : pair) {
          if (node.isDead()) {
            restart(node, pair.get(1 - pair.indexOf(node)), node == pair.get(0));
          }
        }
      }
    }

    /**
     * Whether both may be killed, one at a time: a failover that messages alone have brought about
     * leaves one without a replica for a while, and its death would be a second fault.
     */
    private static boolean isReplicated(List<Simulation.Node> pair) {
      List<Role> roles = pair.stream().map(node -> node.shard.status().join().role()).toList();
      return roles.contains(Role.REPLICATED_PRIMARY) && !roles.contains(Role.LONE_PRIMARY);
    }

    private void restart(Simulation.Node node, Simulation.Node other, boolean asPrimary) {
      ShardSetup setup = node.shard.setup();
      node.restart(
          asPrimary
              ? Shard.primary(setup, FloatSlice.of(new float[setup.size()]), simulation::now)
              : Shard.replica(setup, simulation::now));
      pair(node, other);
      if (asPrimary) {
        node.shard.replicateTo(simulation.link(node, other));
      }
    }

    private int step(int events) {
      if (events == STORMY_EVENTS) {
        simulation.calm();
      }
      assertThat(events).as("stuck, seed %d: %s", seed, this).isLessThan(MOST_EVENTS);
      splitOrHeal();
      simulation.step();
      if (failure != null) {
        throw failure;
      }
      return events + 1;
    }

    /** The one that answers for a range: the primary of the highest epoch. */
    Shard primary(int shard) {
      Shard found = null;
      long epoch = -1;
      for (Simulation.Node node : nodes.get(shard)) {
        ShardStatus status = node.shard.status().join();
        boolean primary =
            status.role() == Role.LONE_PRIMARY || status.role() == Role.REPLICATED_PRIMARY;
        if (!node.isDead() && primary && status.epoch() > epoch) {
          found = node.shard;
          epoch = status.epoch();
        }
      }
      if (found == null) {
        // Killed when nobody needed it any more: what it has acknowledged is on its replica.
        found = nodes.get(shard).get(1).shard;
        assertThat(found.status().join().role())
            .as("seed %d, %s", seed, this)
            .isEqualTo(Role.REPLICA);
        found.promote(new Promote(new Ruling(7, epochOf(found), 13, true), 0)).join();
      }
      return found;
    }

    private static long epochOf(Shard shard) {
      return shard.status().join().epoch();
    }

    float[] values() {
      float[] values = new float[LAYOUT.size()];
      List<Range> ranges = ShardRanges.cut(LAYOUT, nodes.size()).ranges();
      for (int i = 0; i < nodes.size(); i++) {
        int from = ranges.get(i).from();
        Shard shard = primary(i);
        // A trainer that resumes the run vouches for a primary that has no replica.
        shard.release(new Release(new Ruling(1, Ruling.ANY, 1, true)));
        CompletableFuture<Pulled> pulled =
            shard.pull(
                new Pull(Caller.reader(shard.status().join().epoch()), -1),
                (slice, offset, length, version) ->
                    System.arraycopy(slice, offset, values, from, length));
        for (int event = 0; event < MOST_EVENTS && !pulled.isDone(); event++) {
          simulation.step();
        }
        assertThat(pulled).as("seed %d: %s", seed, this).isCompleted();
      }
      return values;
    }

    long version(int shard) {
      return primary(shard).status().join().version();
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      nodes.forEach(
          pair -> pair.forEach(node -> text.append(node.shard.status().join()).append('\n')));
      workers.forEach(
          worker ->
              text.append("worker ")
                  .append(worker.number)
                  .append(": ")
                  .append(worker.acknowledged)
                  .append('\n'));
      return text.toString();
    }
  }

  private interface GradientOf {
    float[] gradient(int worker, int push);
  }

  /** Pushes one gradient after the other, and looks at what it is told. */
  private static final class SimulatedWorker {
    final Run run;
    final int number;
    final WorkerSession session;
    final List<Double> norms = new ArrayList<>();
    final List<Long> late = new ArrayList<>();
    private @Nullable GradientOf gradients;
    int sent;
    int acknowledged;
    boolean joined;
    boolean finished;
    boolean dead;
    private long seenVersion;

    SimulatedWorker(Run run, int number) {
      this.run = run;
      this.number = number;
      session =
          new WorkerSession(
              LAYOUT,
              run.links(this),
              100 + number,
              new Patience(Duration.ofMillis(200), Duration.ofMillis(600), 100_000),
              run.simulation::now,
              event -> {});
      run.simulation.tickWith(session);
    }

    void join(GradientOf given) {
      gradients = given;
      session
          .join(number)
          .thenAccept(
              worker -> {
                joined = true;
                if (run.pushing) {
                  next();
                }
              });
    }

    void kill() {
      dead = true;
      run.simulation.forget(session);
    }

    void next() {
      if (dead || gradients == null) {
        return;
      }
      if (acknowledged == PUSHES) {
        finished = true;
        // Who has nothing to push any more must not be waited for.
        session.leave();
        return;
      }
      sent++;
      long before = session.lateGradients();
      session
          .push(0, gradients.gradient(number, sent), 1, session.values())
          .whenComplete(
              (norm, error) -> {
                try {
                  answered(norm, error, before);
                } catch (AssertionError e) {
                  run.failure = e;
                }
              });
    }

    private void answered(Double norm, @Nullable Throwable error, long before) {
      assertThat(error).as("seed %d", run.seed).isNull();
      norms.add(norm);
      late.add(session.lateGradients() - before);
      acknowledged++;
      assertThat(session.version()).as("seed %d", run.seed).isGreaterThanOrEqualTo(seenVersion);
      seenVersion = session.version();
      if (run.consistency instanceof BoundedStaleness bound) {
        for (SimulatedWorker other : run.workers) {
          assertThat(other.sent)
              .as("seed %d: worker %d is too far ahead", run.seed, number)
              .isGreaterThanOrEqualTo(acknowledged - bound.staleness());
        }
      }
      next();
    }
  }

  private static Trouble trouble(long seed) {
    Trouble[] all = {
      Trouble.NONE, Trouble.KILL_PRIMARY, Trouble.PRIMARY_SLEEPS, Trouble.KILL_PRIMARY
    };
    return all[(int) (seed % all.length)];
  }

  /** Rounds of all workers: whatever happens, the bits are those of one store in the process. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5})
  void roundsHaveTheBitsOfOneStoreUnderAnySchedule(double maxNorm) {
    List<Double> norms = new ArrayList<>();
    LocalParameterStore local =
        new LocalParameterStore(LAYOUT, new float[LAYOUT.size()], Adam.defaults(), maxNorm);
    for (int push = 1; push <= PUSHES; push++) {
      norms.add(local.push(mean(push), 1));
    }
    float[] expected = local.snapshot().values();
    for (long seed = 0; seed < 500; seed++) {
      Run run =
          new Run(seed, Synchronous.defaults(), Adam.defaults(), maxNorm)
              .play(trouble(seed), (worker, push) -> Gradients.of(LAYOUT, worker, push));
      assertThat(Arrays.equals(run.values(), expected)).as("seed %d, %s", seed, run).isTrue();
      for (SimulatedWorker worker : run.workers) {
        assertThat(worker.norms).as("seed %d", seed).isEqualTo(norms);
        assertThat(worker.session.values()).as("seed %d", seed).isEqualTo(expected);
      }
      assertThat(List.of(run.version(0), run.version(1)))
          .as("seed %d", seed)
          .containsOnly((long) PUSHES);
    }
  }

  /**
   * Islands that last longer than every timeout: whoever can reach whom meanwhile, no epoch has two
   * primaries, and in the end each push was taken once, also those of a learner that joins
   * meanwhile, on whichever island. (No rounds: they go on without a learner whose lease has
   * ended.)
   */
  @Test
  void partitionsOfAnyLengthMakeNoSecondPrimary() {
    int late = 0;
    for (long seed = 0; seed < 150; seed++) {
      Run run = new Run(seed, new Asynchronous(), Sgd.defaults(), 0);
      run.split();
      if (seed % 2 == 0) {
        run.joinLate(ScheduleExplorationTest::mark);
      }
      run.play(Trouble.NONE, ScheduleExplorationTest::mark);
      assertThat(run.simulation.splits()).as("seed %d", seed).isEmpty();
      assertEachAppliedOnce(run);
      late += run.workers.size() - WORKERS;
    }
    assertThat(late).as("learners that joined while the islands were apart").isGreaterThan(20);
  }

  private static float[] mean(int push) {
    float[] mean = Gradients.of(LAYOUT, 0, push);
    for (int worker = 1; worker < WORKERS; worker++) {
      float[] gradient = Gradients.of(LAYOUT, worker, push);
      for (int i = 0; i < mean.length; i++) {
        mean[i] += gradient[i];
      }
    }
    for (int i = 0; i < mean.length; i++) {
      mean[i] *= (float) (1.0 / WORKERS);
    }
    return mean;
  }

  /** A one at a place of its own in each shard: the parameters show which pushes were applied. */
  private static float[] mark(int worker, int push) {
    float[] gradient = new float[LAYOUT.size()];
    for (int shard = 0; shard < 2; shard++) {
      gradient[place(shard, worker, push)] = 1;
    }
    return gradient;
  }

  private static int place(int shard, int worker, int push) {
    return shard * 4096 + worker * PUSHES + push - 1;
  }

  @Test
  void asynchronousPushesAreAppliedOnceUnderAnySchedule() {
    for (long seed = 0; seed < 500; seed++) {
      checkEachAppliedOnce(new Asynchronous(), seed, 0);
    }
  }

  @Test
  void clippedAsynchronousPushesAreAppliedOnceUnderAnySchedule() {
    for (long seed = 0; seed < 330; seed++) {
      checkEachAppliedOnce(new Asynchronous(), seed, 100);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void boundedStalenessHoldsItsBoundUnderAnySchedule(int staleness) {
    for (long seed = 0; seed < 500; seed++) {
      checkEachAppliedOnce(new BoundedStaleness(staleness), seed, 0);
    }
  }

  private static void checkEachAppliedOnce(Consistency consistency, long seed, double maxNorm) {
    Run run =
        new Run(seed, consistency, Sgd.defaults(), maxNorm)
            .play(trouble(seed), ScheduleExplorationTest::mark);
    assertEachAppliedOnce(run);
  }

  private static void assertEachAppliedOnce(Run run) {
    long seed = run.seed;
    float[] expected = new float[LAYOUT.size()];
    int pushes = run.workers.size() * PUSHES;
    for (int shard = 0; shard < 2; shard++) {
      assertThat(run.version(shard)).as("seed %d", seed).isEqualTo(pushes);
      Arrays.fill(expected, shard * 4096, shard * 4096 + pushes, -1);
    }
    assertThat(run.values()).as("seed %d, %s", seed, run).isEqualTo(expected);
  }

  /** The first two of three: what is not late is in exactly one round, and nothing else is. */
  @Test
  void firstOfManyDropsOnlyWhatItCallsLate() {
    for (long seed = 0; seed < 500; seed++) {
      Run run =
          new Run(seed, new Synchronous(2), Sgd.defaults(), seed % 2 == 0 ? 0 : 100)
              .play(trouble(seed), ScheduleExplorationTest::mark);
      checkRounds(run);
    }
  }

  /** A worker dies; the others' rounds end without it, and no push is applied twice. */
  @Test
  void aDeadWorkerHoldsNobodyUp() {
    for (long seed = 0; seed < 500; seed++) {
      Run run =
          new Run(seed, Synchronous.defaults(), Sgd.defaults(), 0)
              .play(Trouble.KILL_WORKER, ScheduleExplorationTest::mark);
      checkRounds(run);
    }
  }

  private static void checkRounds(Run run) {
    float[] values = run.values();
    for (int shard = 0; shard < 2; shard++) {
      double sum = 0;
      for (SimulatedWorker worker : run.workers) {
        for (int push = 1; push <= worker.acknowledged; push++) {
          float value = values[place(shard, worker.number, push)];
          if (worker.late.get(push - 1) == 0) {
            assertThat(value).as("seed %d, %s", run.seed, run).isIn(-1f, -1f / 2, -1f / 3);
          } else {
            assertThat(value).as("seed %d, %s", run.seed, run).isIn(0f, -1f, -1f / 2, -1f / 3);
          }
        }
      }
      for (int i = 0; i < WORKERS * PUSHES; i++) {
        sum += values[shard * 4096 + i];
      }
      // Each round adds up to one.
      assertThat(-sum)
          .as("seed %d, %s", run.seed, run)
          .isCloseTo((double) run.version(shard), within(1e-5));
    }
  }
}
