package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.Patience;
import org.mobula.parameterserver.ServerParameterStore;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.wire.FaultProxy.Direction;
import org.mobula.parameterserver.wire.FaultProxy.Fault;

/**
 * Workers, a shard and its replica with bad networks between them: what the workers see must be
 * what one store in memory shows.
 */
@Timeout(300)
class StoreFaultTest {
  private static final int SIZE = 70_000; // two segments
  private static final double MAX_GRADIENT_NORM = 50;
  private static final ParameterLayout LAYOUT = Wires.layout(SIZE);

  /** Asks again soon, and takes nobody for dead who is only slow. */
  private static final Patience PATIENCE =
      new Patience(Duration.ofMillis(30), Duration.ofMinutes(1), 10_000);

  /** Turns to the replica when nothing is heard. */
  private static final Patience SHORT_PATIENCE =
      new Patience(Duration.ofMillis(30), Duration.ofMillis(300), 10_000);

  private final Transport transport = Transport.open();
  private final List<AutoCloseable> open = new ArrayList<>();
  private final ShardSetup setup =
      Wires.setup(SIZE, MAX_GRADIENT_NORM, Consistency.Synchronous.defaults());
  private final Shard primary = Wires.primary(setup);
  private final Shard replica = Shard.replica(setup, System::nanoTime);

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
    transport.close();
    assertThat(transport.unreleasedBuffers()).isZero();
  }

  private <T extends AutoCloseable> T opened(T part) {
    open.add(part);
    return part;
  }

  private FaultProxy proxy(ShardServer server, FaultProxy.Plan plan) throws Exception {
    return opened(new FaultProxy(server.address(), plan));
  }

  private ShardLink link(Address address) {
    return opened(new ReconnectingShardLink(transport, address, 0, Wires.config(SIZE)));
  }

  /** The primary, and its replica behind a network of its own. */
  private final class Pair {
    final ShardServer primaryServer = opened(Wires.serve(transport, Wires.ANY_PORT, primary));
    final ShardServer replicaServer = opened(Wires.serve(transport, Wires.ANY_PORT, replica));
    final FaultProxy toPrimary;
    final FaultProxy toReplica;
    final FaultProxy between;

    Pair(FaultProxy.Plan plan) throws Exception {
      toPrimary = proxy(primaryServer, plan);
      toReplica = proxy(replicaServer, plan);
      between = proxy(replicaServer, plan);
      primary.replicateTo(link(between.address()));
    }

    ServerParameterStore worker(int number, Patience patience) {
      return ServerParameterStore.join(
          LAYOUT,
          List.of(List.of(link(toPrimary.address()), link(toReplica.address()))),
          number,
          number + 1,
          patience);
    }
  }

  private static float[] gradient(int worker, int step) {
    float[] gradient = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      gradient[i] = (float) Math.sin(0.7 * i + 1.3 * worker + 0.11 * step);
    }
    return gradient;
  }

  private LocalParameterStore local() {
    return new LocalParameterStore(
        LAYOUT, new float[SIZE], setup.optimizer(), setup.maxGradientNorm());
  }

  private static float[] mean(int step) {
    float[] mean = gradient(0, step);
    float[] other = gradient(1, step);
    for (int i = 0; i < SIZE; i++) {
      mean[i] = (mean[i] + other[i]) * 0.5f;
    }
    return mean;
  }

  /** Pushes of a worker while the other one pushes too. */
  private void pushRounds(
      List<ServerParameterStore> workers, int from, int to, LocalParameterStore local) {
    ExecutorService threads = Executors.newFixedThreadPool(workers.size());
    try {
      List<CompletableFuture<float[]>> ends = new ArrayList<>();
      for (int worker = 0; worker < workers.size(); worker++) {
        ServerParameterStore store = workers.get(worker);
        int number = worker;
        ends.add(
            CompletableFuture.supplyAsync(
                () -> {
                  float[] values = new float[SIZE];
                  for (int step = from; step <= to; step++) {
                    store.pushPull(gradient(number, step), 0.1, values);
                    assertThat(store.pull(values)).isEqualTo(step);
                  }
                  return values;
                },
                threads));
      }
      for (int step = from; step <= to; step++) {
        local.push(mean(step), 0.1);
      }
      for (CompletableFuture<float[]> end : ends) {
        assertThat(Wires.get(end)).isEqualTo(local.snapshot().values());
      }
    } finally {
      threads.shutdownNow();
    }
  }

  /** Each fault by itself, on every way, often. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void noFaultChangesABit(Fault fault) throws Exception {
    AtomicInteger met = new AtomicInteger();
    FaultProxy.Plan random = FaultProxy.random(7, Map.of(fault, 0.02));
    Pair pair =
        new Pair(
            (direction, kind, frame) -> {
              Fault decided = random.decide(direction, kind, frame);
              met.addAndGet(decided == Fault.NONE ? 0 : 1);
              return decided;
            });
    List<ServerParameterStore> workers =
        List.of(opened(pair.worker(0, PATIENCE)), opened(pair.worker(1, PATIENCE)));
    pushRounds(workers, 1, 30, local());
    assertThat(met.get()).isPositive();
  }

  /** Nothing comes through any more, this way or that, and no connection ends. */
  @ParameterizedTest
  @EnumSource
  void aPrimaryThatIsCutOffIsReplaced(Direction direction) throws Exception {
    Pair pair = new Pair((way, kind, frame) -> Fault.NONE);
    List<ServerParameterStore> workers =
        List.of(opened(pair.worker(0, SHORT_PATIENCE)), opened(pair.worker(1, SHORT_PATIENCE)));
    LocalParameterStore local = local();
    pushRounds(workers, 1, 10, local);
    pair.toPrimary.blackhole(direction, true);
    pushRounds(workers, 11, 20, local);
    assertThat(replica.status().join().epoch()).isPositive();
    assertThat(replica.status().join().version()).isEqualTo(20);
    assertThat(primary.status().join().version()).isLessThanOrEqualTo(11);
  }

  private enum Loss {
    REQUEST_LOST(Direction.TO_SERVER, Fault.DROP),
    REQUEST_CUT_OFF(Direction.TO_SERVER, Fault.TRUNCATE),
    ANSWER_LOST(Direction.TO_CLIENT, Fault.DROP),
    ANSWER_CUT_OFF(Direction.TO_CLIENT, Fault.TRUNCATE),
    REQUEST_GONE_IN_FLIGHT(Direction.TO_SERVER, Fault.DISCONNECT),
    ANSWER_GONE_IN_FLIGHT(Direction.TO_CLIENT, Fault.DISCONNECT);

    final Direction direction;
    final Fault fault;

    Loss(Direction direction, Fault fault) {
      this.direction = direction;
      this.fault = fault;
    }
  }

  static Stream<Arguments> requestsAndLosses() {
    return Stream.of(
            Kind.JOIN,
            Kind.PUSH_PULL,
            Kind.COMMIT,
            Kind.PULL,
            Kind.SNAPSHOT,
            Kind.RESTORE,
            Kind.CONSISTENCY,
            Kind.REPLICATE,
            Kind.PROMOTE)
        .flatMap(kind -> Stream.of(Loss.values()).map(loss -> Arguments.of(kind, loss)));
  }

  /** A life with every request in it, which the first of a kind is lost from. */
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("requestsAndLosses")
  void eachRequestMayBeLost(Kind kind, Loss loss) throws Exception {
    Map<Direction, Integer> met = new ConcurrentHashMap<>();
    Pair pair =
        new Pair(
            (direction, id, frame) ->
                direction == loss.direction
                        && (id & 0x7f) == kind.id
                        && met.merge(direction, 1, Integer::sum) == 1
                    ? loss.fault
                    : Fault.NONE);
    LocalParameterStore local = local();
    List<ServerParameterStore> workers =
        List.of(opened(pair.worker(0, PATIENCE)), opened(pair.worker(1, PATIENCE)));
    pushRounds(workers, 1, 2, local);
    ServerParameterStore first = workers.get(0);
    StoreState saved = first.save();
    assertSame(saved, local.save());
    pushRounds(workers, 3, 4, local);
    assertSame(first.save(), local.save());

    first.restore(saved);
    local.restore(saved);
    assertThat(first.lostVersions()).isEqualTo(2);
    pushRounds(workers, 3, 4, local);

    first.setConsistency(new Consistency.BoundedStaleness(1));
    first.setConsistency(Consistency.Synchronous.defaults());
    // The primary is gone, and its replica goes on.
    pair.primaryServer.close();
    pair.toPrimary.close();
    pushRounds(workers, 5, 6, local);
    assertSame(first.save(), local.save());
    assertThat(met).containsKey(loss.direction);
  }

  private static void assertSame(StoreState state, StoreState expected) {
    assertThat(state.parameters().version()).isEqualTo(expected.parameters().version());
    assertThat(state.parameters().values()).isEqualTo(expected.parameters().values());
    assertThat(state.optimizerSteps()).isEqualTo(expected.optimizerSteps());
    assertThat(state.moments()).containsOnlyKeys(expected.moments().keySet());
    state
        .moments()
        .forEach((name, moment) -> assertThat(moment).isEqualTo(expected.moments().get(name)));
  }
}
