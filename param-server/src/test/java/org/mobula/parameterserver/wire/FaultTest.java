package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.random.Pcg64;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Pulled;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.Stepped;
import org.mobula.parameterserver.wire.FaultProxy.Direction;
import org.mobula.parameterserver.wire.FaultProxy.Fault;

/** Bad networks: whoever repeats what was not answered ends where a good network ends. */
class FaultTest {
  private static final int SIZE = 140_000; // three segments
  private static final int STEPS = 40;
  private static final long SESSION = 4;

  private final Transport transport = Transport.open();
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
    transport.close();
    assertThat(transport.unreleasedBuffers()).isZero();
  }

  private ShardServer serve(Shard shard) {
    ShardServer server = Wires.serve(transport, Wires.ANY_PORT, shard);
    open.add(server);
    return server;
  }

  private FaultProxy proxy(ShardServer server, FaultProxy.Plan plan) throws Exception {
    FaultProxy proxy = new FaultProxy(server.address(), plan);
    open.add(proxy);
    return proxy;
  }

  /** Connects again and asks again until there is an answer. */
  private final class Persistent implements AutoCloseable {
    private final Address address;
    private @Nullable SocketShardLink link;
    int lost;

    Persistent(Address address) {
      this.address = address;
    }

    <T> T ask(Function<ShardLink, CompletableFuture<T>> request) {
      while (true) {
        try {
          if (link == null) {
            link = Wires.connect(transport, address, SIZE);
          }
          return Wires.get(request.apply(link));
        } catch (LinkLostException e) {
          lost++;
          assertThat(lost).isLessThan(1000);
          close();
        }
      }
    }

    @Override
    public void close() {
      if (link != null) {
        link.close();
        link = null;
      }
    }
  }

  private static Caller caller(Joined joined) {
    return new Caller(joined.worker(), SESSION, joined.epoch());
  }

  private static Join wanted() {
    return new Join(0, SESSION, LayoutHash.of(Wires.layout(SIZE)), 0, SIZE);
  }

  private static FloatSlice gradient(Pcg64 random) {
    float[] values = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return FloatSlice.of(values);
  }

  private static float[] withoutANetwork(ShardSetup setup) {
    ShardLink link = new LocalShardLink(Wires.primary(setup));
    Caller caller = caller(Wires.get(link.join(wanted())));
    Pcg64 random = new Pcg64(1);
    float[] values = new float[SIZE];
    for (int clock = 1; clock <= STEPS; clock++) {
      step(link, caller, clock, gradient(random), values);
    }
    return values;
  }

  private static void step(
      ShardLink link, Caller caller, int clock, FloatSlice gradient, float[] values) {
    Stepped stepped =
        Wires.get(
            link.pushPull(
                new Push(caller, clock, clock - 1, 0.1), gradient, FloatSlice.of(values)));
    if (stepped.awaitsCommit()) {
      Wires.get(link.commit(new Commit(caller, clock, 50), FloatSlice.of(values)));
    }
  }

  static List<Long> seeds() {
    return List.of(1L, 2L, 3L);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aBadNetworkChangesNoBit(long seed) throws Exception {
    ShardSetup setup = Wires.setup(SIZE, seed == 2 ? 1 : 0, Consistency.Synchronous.defaults());
    Map<Fault, Double> chances = new LinkedHashMap<>();
    for (Fault fault : Fault.values()) {
      if (fault != Fault.NONE) {
        chances.put(fault, 0.01);
      }
    }
    ShardServer server = serve(Wires.primary(setup));
    FaultProxy proxy = proxy(server, FaultProxy.random(seed, chances));
    float[] values = new float[SIZE];
    try (Persistent shard = new Persistent(proxy.address())) {
      Caller caller = caller(shard.ask(link -> link.join(wanted())));
      Pcg64 random = new Pcg64(1);
      for (int clock = 1; clock <= STEPS; clock++) {
        Push push = new Push(caller, clock, clock - 1, 0.1);
        FloatSlice gradient = gradient(random);
        Stepped stepped = shard.ask(link -> link.pushPull(push, gradient, FloatSlice.of(values)));
        if (stepped.awaitsCommit()) {
          Commit commit = new Commit(caller, clock, 50);
          stepped = shard.ask(link -> link.commit(commit, FloatSlice.of(values)));
        }
        assertThat(stepped.version()).isEqualTo(clock);
      }
      assertThat(shard.lost).isPositive();
    }
    assertThat(values).isEqualTo(withoutANetwork(setup));
  }

  private enum Loss {
    REQUEST_LOST(Direction.TO_SERVER, Fault.DROP),
    REQUEST_CUT_OFF(Direction.TO_SERVER, Fault.TRUNCATE),
    ANSWER_LOST(Direction.TO_CLIENT, Fault.DROP),
    ANSWER_CUT_OFF(Direction.TO_CLIENT, Fault.TRUNCATE),
    GONE_IN_FLIGHT(Direction.TO_CLIENT, Fault.DISCONNECT);

    final Direction direction;
    final Fault fault;

    Loss(Direction direction, Fault fault) {
      this.direction = direction;
      this.fault = fault;
    }
  }

  /** Each request in turn meets the loss once; the world is then as if it had not. */
  @ParameterizedTest
  @EnumSource
  void eachRequestIsSafeToRepeat(Loss loss) throws Exception {
    ShardSetup setup = Wires.setup(SIZE, 1, Consistency.Synchronous.defaults());
    AtomicInteger target = new AtomicInteger(-1);
    AtomicInteger met = new AtomicInteger();
    ShardServer server = serve(Wires.primary(setup));
    FaultProxy proxy =
        proxy(
            server,
            (direction, kind, frame) -> {
              if (direction == loss.direction
                  && (kind & 0x7f) == target.get()
                  && target.compareAndSet(kind & 0x7f, -1)) {
                met.incrementAndGet();
                return loss.fault;
              }
              return Fault.NONE;
            });
    try (Persistent shard = new Persistent(proxy.address())) {
      target.set(Kind.JOIN.id);
      Caller caller = caller(shard.ask(link -> link.join(wanted())));
      FloatSlice gradient = gradient(new Pcg64(3));
      FloatSlice values = FloatSlice.of(new float[SIZE]);
      Push push = new Push(caller, 1, 0, 0.1);
      target.set(Kind.PUSH_PULL.id);
      shard.ask(link -> link.pushPull(push, gradient, values));
      target.set(Kind.PUSH.id);
      shard.ask(link -> link.push(push, gradient));
      target.set(Kind.COMMIT.id);
      shard.ask(link -> link.commit(new Commit(caller, 1, 2), values));
      target.set(Kind.PULL.id);
      shard.ask(link -> link.pull(new Pull(caller, Pull.NOTHING), values));
      target.set(Kind.CLOCK.id);
      assertThat(shard.ask(link -> link.clock(caller)).done()).isEqualTo(1);
      target.set(Kind.CONSISTENCY.id);
      shard.ask(link -> link.setConsistency(caller, new Consistency.Asynchronous()));
      target.set(Kind.SNAPSHOT.id);
      float[] saved = shard.ask(link -> link.snapshot(caller, 0)).slice().parameters().values();
      assertThat(saved).isEqualTo(values.array());
      target.set(Kind.LEAVE.id);
      shard.ask(link -> link.leave(caller, ""));
      target.set(Kind.HEALTH.id);
      assertThat(shard.ask(ShardLink::status).version()).isEqualTo(1);
      assertThat(met).hasValue(10);
      assertThat(shard.lost).as("a busy machine may lose more").isGreaterThanOrEqualTo(10);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDirectionThatIsCutIsNoticed(Direction direction) throws Exception {
    ShardServer server = serve(Wires.primary(SIZE));
    FaultProxy proxy = proxy(server, (way, kind, frame) -> Fault.NONE);
    try (SocketShardLink link = Wires.connect(transport, proxy.address(), SIZE)) {
      proxy.blackhole(direction, true);
      assertThatThrownBy(() -> Wires.get(link.status())).isInstanceOf(LinkLostException.class);
      proxy.blackhole(direction, false);
    }
    try (Persistent again = new Persistent(proxy.address())) {
      assertThat(again.ask(ShardLink::status).version()).isZero();
    }
  }

  /** Far more is asked for than a slow network carries; what is in memory stays a few frames. */
  @Test
  void memoryStaysFlatBeforeASlowPeer() throws Exception {
    ShardServer server = serve(Wires.primary(SIZE));
    FaultProxy proxy = proxy(server, (direction, kind, frame) -> Fault.NONE);
    try (SocketShardLink link = Wires.connect(transport, proxy.address(), SIZE)) {
      Caller caller = caller(Wires.get(link.join(wanted())));
      proxy.throttle(20_000_000);
      FloatSlice gradient = gradient(new Pcg64(3));
      List<CompletableFuture<Stepped>> answers = new ArrayList<>();
      for (int clock = 1; clock <= 60; clock++) {
        answers.add(
            link.pushPull(
                new Push(caller, clock, 0, 0.1), gradient, FloatSlice.of(new float[SIZE])));
      }
      long most = 0;
      for (CompletableFuture<Stepped> answer : answers) {
        Wires.get(answer);
        most = Math.max(most, transport.directMemory());
      }
      // 60 gradients and answers are 67 MB. Two of each may be on their way, in chunks of 16 MiB.
      assertThat(most).isLessThan(40 << 20);
    }
  }

  /** It asks all it may and reads no answer; that is its own loss. */
  @Test
  void aClientThatStopsReadingHoldsNobodyUp() throws Exception {
    ShardServer server = serve(Wires.primary(SIZE));
    FaultProxy proxy = proxy(server, (direction, kind, frame) -> Fault.NONE);
    WireTimes patient =
        new WireTimes(Duration.ofMillis(20), Duration.ofMinutes(1), Duration.ofMinutes(1));
    List<SocketShardLink> greedy = new ArrayList<>();
    List<CompletableFuture<Pulled>> unread = new ArrayList<>();
    try (SocketShardLink other = Wires.connect(transport, server.address(), SIZE)) {
      for (int client = 0; client < 4; client++) {
        LinkConfig config = Wires.config(SIZE).withTimes(patient);
        greedy.add(Wires.get(SocketShardLink.connect(transport, proxy.address(), 0, config)));
      }
      proxy.stall(Direction.TO_CLIENT, true);
      for (SocketShardLink link : greedy) {
        for (int pull = 0; pull < 200; pull++) {
          unread.add(
              link.pull(new Pull(Caller.reader(0), Pull.NOTHING), FloatSlice.of(new float[SIZE])));
        }
      }
      Caller caller = caller(Wires.get(other.join(wanted())));
      FloatSlice gradient = gradient(new Pcg64(3));
      FloatSlice values = FloatSlice.of(new float[SIZE]);
      long most = 0;
      for (int clock = 1; clock <= 200; clock++) {
        Push push = new Push(caller, clock, clock - 1, 0.1);
        assertThat(Wires.get(other.pushPull(push, gradient, values)).version()).isEqualTo(clock);
        most = Math.max(most, transport.directMemory());
      }
      // 800 answers are 448 MB; two of each client may be on their way.
      assertThat(most).isLessThan(64 << 20);
      assertThat(unread.stream().filter(CompletableFuture::isDone).count()).isLessThan(100);

      proxy.stall(Direction.TO_CLIENT, false);
      for (CompletableFuture<Pulled> answer : unread) {
        assertThat(Wires.get(answer).version()).isLessThanOrEqualTo(200);
      }
      assertThat(server.refusals()).isEmpty();
    } finally {
      greedy.forEach(SocketShardLink::close);
    }
  }

  /** Pushes that are never applied: the second worker of the round never comes. */
  @Test
  void memoryStaysFlatBeforeAShardThatWaits() {
    ShardServer server =
        serve(Wires.primary(Wires.setup(SIZE, 0, Consistency.Synchronous.defaults())));
    try (SocketShardLink link = Wires.connect(transport, server.address(), SIZE);
        SocketShardLink other = Wires.connect(transport, server.address(), SIZE)) {
      Caller caller = caller(Wires.get(link.join(wanted())));
      Wires.get(other.join(new Join(1, 9, LayoutHash.of(Wires.layout(SIZE)), 0, SIZE)));
      FloatSlice gradient = gradient(new Pcg64(3));
      for (int push = 0; push < 500; push++) {
        var unused = link.push(new Push(caller, 1, 0, 0.1), gradient);
      }
      assertThat(Wires.get(link.clock(caller)).received()).isEqualTo(1);
      assertThat(Wires.get(link.status()).waitingPushes()).isBetween(1, 2);
      assertThat(transport.directMemory()).isLessThan(40 << 20);
    }
  }
}
