package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.Shards.Setup;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardEvent.Kind;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;

/** Stores and shards in threads of their own. */
@Timeout(300)
class ServerParameterStoreTest {
  private static final float[] ZEROS = new float[Shards.LAYOUT.size()];

  private static final Patience PATIENCE =
      new Patience(Duration.ofMillis(20), Duration.ofMillis(60), 40);

  private static ServerParameterStore store(List<List<ShardLink>> links, int number) {
    return ServerParameterStore.join(Shards.LAYOUT, links, number, number + 1, PATIENCE);
  }

  /** Each shard's links can be cut as if its process were gone. */
  private static List<List<ShardLink>> fragile(Shards shards, List<FragileLink> primaries) {
    List<List<ShardLink>> links = new ArrayList<>();
    for (List<ShardLink> pair : shards.links()) {
      FragileLink primary = new FragileLink(pair.get(0));
      primaries.add(primary);
      List<ShardLink> each = new ArrayList<>(pair);
      each.set(0, primary);
      links.add(each);
    }
    return links;
  }

  @Test
  void aLostPrimaryIsReplacedInTheMiddleOfAPushAndTheBitsAreTheSame() throws Exception {
    Shards shards =
        Setup.of(2).optimizer(Adam.defaults()).maxGradientNorm(0.5).replicated().start(ZEROS);
    shards.replicate();
    LocalParameterStore local = new LocalParameterStore(Shards.LAYOUT, ZEROS, Adam.defaults(), 0.5);
    List<FragileLink> primaries = new ArrayList<>();
    ServerParameterStore one = store(fragile(shards, primaries), 0);
    ServerParameterStore two = store(fragile(shards, primaries), 1);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      for (int step = 1; step <= 20; step++) {
        int pushed = step;
        Future<Double> first = threads.submit(() -> one.push(Gradients.of(0, pushed), 0.01));
        if (step == 7) {
          // The first worker's push waits there for the second; then the process is gone.
          primaries.forEach(FragileLink::cut);
        }
        Future<Double> second = threads.submit(() -> two.push(Gradients.of(1, pushed), 0.01));
        double norm = local.push(Gradients.mean(2, step), 0.01);
        assertThat(first.get()).isEqualTo(norm);
        assertThat(second.get()).isEqualTo(norm);
        assertThat(one.snapshot().version()).isEqualTo(step);
      }
      SynchronousEqualityTest.assertSame(one.save(), local.save());
      SynchronousEqualityTest.assertSame(two.save(), local.save());
    } finally {
      threads.shutdownNow();
      one.close();
      two.close();
    }
  }

  /**
   * With clipping each push is two messages; the replica has to know what the first one brought.
   */
  @Test
  void whatWorkersGatherSurvivesALostPrimary() throws Exception {
    Shards shards = Setup.of(2).maxGradientNorm(0.5).replicated().start(ZEROS).replicate();
    List<FragileLink> primaries = new ArrayList<>();
    ServerParameterStore one = store(fragile(shards, primaries), 0);
    ServerParameterStore two = store(fragile(shards, primaries), 1);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Gathered expected = Gathered.nothing();
      for (int step = 1; step <= 12; step++) {
        int pushed = step;
        RunningStatistics first = new RunningStatistics(3);
        RunningStatistics second = new RunningStatistics(3);
        if (step % 3 == 1) {
          Gathered partOfOne = part(10L * step, step);
          Gathered partOfTwo = part(10L * step, -step);
          one.gather(partOfOne, first);
          two.gather(partOfTwo, second);
          expected = expected.plus(partOfOne).plus(partOfTwo);
        }
        Future<Double> other = threads.submit(() -> two.push(Gradients.of(1, pushed), 0.01));
        if (step == 7) {
          primaries.forEach(FragileLink::cut);
        }
        one.push(Gradients.of(0, pushed), 0.01);
        other.get();
        if (step % 3 == 1) {
          assertSameStatistics(first, expected);
          assertSameStatistics(second, expected);
        }
      }
      Gathered saved = two.save().gathered();
      assertThat(saved.environmentSteps()).isEqualTo(2 * (10 + 40 + 70 + 100));
      assertThat(one.environmentSteps()).isEqualTo(saved.environmentSteps());
      assertThat(two.environmentSteps()).isEqualTo(saved.environmentSteps());
      assertSameStatistics(Objects.requireNonNull(saved.observations()), expected);
      StoreState state = one.save();
      two.restore(state.withGathered(expected.plus(part(500, 1))));
      assertThat(two.gathered().environmentSteps()).isEqualTo(440 + 500);
    } finally {
      threads.shutdownNow();
      one.close();
      two.close();
    }
  }

  private static Gathered part(long steps, float value) {
    RunningStatistics statistics = new RunningStatistics(3);
    statistics.update(new float[] {value, 0.1f, 1 / value, 2 * value, 0.7f, value * value});
    return new Gathered(steps, statistics);
  }

  private static void assertSameStatistics(RunningStatistics actual, Gathered expected) {
    RunningStatistics all = Objects.requireNonNull(expected.observations());
    assertThat(actual.count()).isEqualTo(all.count());
    assertThat(actual.mean()).isEqualTo(all.mean());
    assertThat(actual.variance()).isEqualTo(all.variance());
  }

  @Test
  void whatHappensToShardsAndLearnersIsReported() throws Exception {
    Shards shards = Setup.of(1).replicated().start(ZEROS).replicate();
    List<FragileLink> primaries = new ArrayList<>();
    BlockingQueue<ShardEvent> events = new LinkedBlockingQueue<>();
    try (ServerParameterStore store =
        ServerParameterStore.join(
            Shards.LAYOUT,
            fragile(shards, primaries),
            0,
            1,
            PATIENCE,
            CodecConfig.of(CodecKind.FP32),
            events::add)) {
      store(shards.links(), 1).close();
      assertThat(await(events, Kind.LEARNER_JOINED).toString())
          .isEqualTo("shard 0: learner 0 has joined");
      assertThat(await(events, Kind.LEARNER_JOINED).toString())
          .isEqualTo("shard 0: learner 1 has joined");
      await(events, Kind.LEARNER_LEFT);
      primaries.forEach(FragileLink::cut);
      store.push(Gradients.of(0, 1), 0.01);
      assertThat(await(events, Kind.FAILOVER).message())
          .startsWith("its replica is asked to take over, since the primary does not answer");
      assertThat(await(events, Kind.TOOK_OVER).message()).contains("takes over at version 0");
      Map<String, Double> measured = new HashMap<>();
      store.measure(measured);
      assertThat(measured)
          .containsEntry("parameters/events/learner-joined", 2.0)
          .containsEntry("parameters/events/failover", 1.0);
    }
  }

  @Test
  void aShardThatIsLostWithItsReplicaIsReportedOnce() {
    Shards shards = Setup.of(1).replicated().start(ZEROS).replicate();
    FragileLink primary = new FragileLink(shards.links().get(0).get(0));
    FragileLink replica = new FragileLink(shards.links().get(0).get(1));
    List<ShardEvent> events = new CopyOnWriteArrayList<>();
    try (ServerParameterStore store =
        ServerParameterStore.join(
            Shards.LAYOUT,
            List.of(List.of(primary, replica)),
            0,
            1,
            new Patience(Duration.ofMillis(2), Duration.ofMillis(10), 12),
            CodecConfig.of(CodecKind.FP32),
            events::add)) {
      store.push(Gradients.of(0, 1), 0.01);
      primary.cut();
      replica.cut();
      assertThatExceptionOfType(ShardLostException.class)
          .isThrownBy(() -> store.push(Gradients.of(0, 2), 0.01));
    }
    assertThat(events.stream().map(ShardEvent::kind).filter(Kind::isTrouble))
        .containsExactly(Kind.FAILOVER, Kind.SHARD_LOST);
    assertThat(events.get(events.size() - 1).toString())
        .startsWith("shard 0: it is lost after 13 attempts (")
        .endsWith("version 1 was the last one known");
  }

  /** What comes before is passed over. */
  private static ShardEvent await(BlockingQueue<ShardEvent> events, Kind kind)
      throws InterruptedException {
    ShardEvent event = events.take();
    while (event.kind() != kind) {
      event = events.take();
    }
    return event;
  }

  @Test
  void withoutAReplicaTheShardIsLostAndANewOneGoesOnFromTheLastCheckpoint() {
    Shards shards = Setup.of(2).optimizer(Adam.defaults()).start(ZEROS);
    List<FragileLink> primaries = new ArrayList<>();
    List<List<ShardLink>> links = fragile(shards, primaries);
    Shards fresh = Setup.of(2).optimizer(Adam.defaults()).start(ZEROS);
    try (ServerParameterStore store =
        ServerParameterStore.join(
            Shards.LAYOUT,
            links,
            0,
            1,
            new Patience(Duration.ofMillis(2), Duration.ofMillis(10), 3))) {
      store.push(Gradients.of(0, 1), 0.01);
      StoreState saved = store.save();
      store.push(Gradients.of(0, 2), 0.01);
      store.push(Gradients.of(0, 3), 0.01);
      primaries.get(1).cut();
      assertThatExceptionOfType(ShardLostException.class)
          .isThrownBy(() -> store.push(Gradients.of(0, 4), 0.01))
          .withMessageContaining("shard 1 (parameters 4096 to 8473) is lost")
          .withMessageContaining("Version 3 was the last one known")
          .withMessageContaining("restore the last checkpoint");

      primaries.get(1).replace(fresh.links().get(1).get(0));
      assertThatExceptionOfType(ShardLostException.class)
          .isThrownBy(() -> store.pull(new float[Shards.LAYOUT.size()]))
          .withMessageContaining("version 3 is known");
      store.restore(saved);
      assertThat(store.lostVersions()).isGreaterThanOrEqualTo(2);
      SynchronousEqualityTest.assertSame(store.save(), saved);
      LocalParameterStore local = new LocalParameterStore(Shards.LAYOUT, ZEROS, Adam.defaults(), 0);
      local.restore(saved);
      local.push(Gradients.of(0, 2), 0.01);
      store.push(Gradients.of(0, 2), 0.01);
      SynchronousEqualityTest.assertSame(store.save(), local.save());
    }
  }

  /** Another learner pushes between the answers of the shards, as often as one of them is asked. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aSavedStateIsOfOneVersionWhileAnotherLearnerPushes(boolean betweenAll) {
    Shards shards =
        Setup.of(2).optimizer(Adam.defaults()).consistency(new Asynchronous()).start(ZEROS);
    LocalParameterStore local = new LocalParameterStore(Shards.LAYOUT, ZEROS, Adam.defaults(), 0);
    try (ServerParameterStore other = shards.worker(Shards.LAYOUT, 1)) {
      List<List<ShardLink>> links = new ArrayList<>(shards.links());
      int[] pushes = new int[1];
      for (int i = betweenAll ? 0 : 1; i < 2; i++) {
        ShardLink link = links.get(i).get(0);
        ShardLink interrupted =
            (ShardLink)
                Proxy.newProxyInstance(
                    ShardLink.class.getClassLoader(),
                    new Class<?>[] {ShardLink.class},
                    (proxy, method, arguments) -> {
                      if (method.getName().equals("snapshot")) {
                        pushes[0]++;
                        other.push(Gradients.of(0, pushes[0]), 0.01);
                        local.push(Gradients.of(0, pushes[0]), 0.01);
                      }
                      return method.invoke(link, arguments);
                    });
        links.set(i, List.of(interrupted));
      }
      try (ServerParameterStore store = store(links, 0)) {
        SynchronousEqualityTest.assertSame(store.save(), local.save());
        assertThat(pushes[0]).isEqualTo(betweenAll ? 5 : 1);
      }
    }
  }

  /** All push the same gradient, so a version's values do not depend on their order. */
  @Test
  void savedStatesAreOfOneVersionWhileManyLearnersPushAsFastAsTheyCan() throws Exception {
    Shards shards =
        Setup.of(3).optimizer(Adam.defaults()).consistency(new Asynchronous()).start(ZEROS);
    LocalParameterStore local = new LocalParameterStore(Shards.LAYOUT, ZEROS, Adam.defaults(), 0);
    AtomicBoolean over = new AtomicBoolean();
    ExecutorService learners = Executors.newFixedThreadPool(8);
    List<StoreState> saved = new ArrayList<>();
    List<Future<?>> ends = new ArrayList<>();
    try (ServerParameterStore store = store(shards.links(), 0)) {
      for (int i = 1; i <= 8; i++) {
        int number = i;
        ends.add(
            learners.submit(
                () -> {
                  try (ServerParameterStore learner = store(shards.links(), number)) {
                    while (!over.get()) {
                      learner.push(Gradients.of(0, 1), 0.01);
                    }
                  }
                }));
      }
      for (int i = 0; i < 20; i++) {
        saved.add(store.save());
      }
    } finally {
      over.set(true);
      learners.shutdown();
    }
    for (Future<?> end : ends) {
      end.get();
    }
    for (StoreState state : saved) {
      while (local.snapshot().version() < state.parameters().version()) {
        local.push(Gradients.of(0, 1), 0.01);
      }
      SynchronousEqualityTest.assertSame(state, local.save());
    }
  }

  @Test
  void aGradientThatIsNotFiniteReachesNoShard() {
    Shards shards = Setup.of(3).optimizer(Adam.defaults()).start(ZEROS);
    LocalParameterStore local = new LocalParameterStore(Shards.LAYOUT, ZEROS, Adam.defaults(), 0);
    try (ServerParameterStore store = shards.worker(Shards.LAYOUT, 0)) {
      store.push(Gradients.of(0, 1), 0.01);
      local.push(Gradients.of(0, 1), 0.01);
      float[] gradient = Gradients.of(0, 2);
      gradient[Shards.LAYOUT.size() - 1] = Float.POSITIVE_INFINITY;
      String expected = messageOf(() -> local.push(gradient.clone(), 0.01));
      assertThat(expected).contains("log_std", "Infinity", "version 1");
      assertThat(messageOf(() -> store.push(gradient, 0.01))).isEqualTo(expected);
      SynchronousEqualityTest.assertSame(store.save(), local.save());
      shards.primaries().forEach(shard -> assertThat(shard.status().join().version()).isEqualTo(1));
    }
  }

  private static String messageOf(Runnable pushing) {
    try {
      pushing.run();
      return "nothing was thrown";
    } catch (ArithmeticException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void workersJoinAndLeaveWhileOthersTrain() throws Exception {
    Shards shards = Setup.of(2).start(ZEROS);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (ServerParameterStore stays = shards.worker(Shards.LAYOUT, 0)) {
      stays.push(Gradients.of(0, 1), 1);
      ServerParameterStore guest = shards.worker(Shards.LAYOUT, 1);
      assertThat(guest.snapshot().version()).isEqualTo(1);
      Future<Double> waiting = threads.submit(() -> stays.push(Gradients.of(0, 2), 1));
      assertThat(guest.push(Gradients.of(1, 2), 1)).isEqualTo(waiting.get());
      Future<Double> alone = threads.submit(() -> stays.push(Gradients.of(0, 3), 1));
      guest.close();
      alone.get();
      LocalParameterStore local =
          new LocalParameterStore(Shards.LAYOUT, ZEROS, Setup.of(1).optimizer(), 0);
      local.push(Gradients.of(0, 1), 1);
      local.push(Gradients.mean(2, 2), 1);
      local.push(Gradients.of(0, 3), 1);
      SynchronousEqualityTest.assertSame(stays.save(), local.save());
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void consistencyIsChangedForAll() {
    Shards shards = Setup.of(2).start(ZEROS);
    try (ServerParameterStore one = shards.worker(Shards.LAYOUT, 0);
        ServerParameterStore two = shards.worker(Shards.LAYOUT, 1)) {
      one.setConsistency(new Asynchronous());
      for (int step = 1; step <= 5; step++) {
        two.push(Gradients.of(1, step), 0.1);
      }
      assertThat(one.snapshot().version()).isEqualTo(5);
      one.setConsistency(new BoundedStaleness(3));
      two.push(Gradients.of(1, 6), 0.1);
      ShardStatus status = shards.primaries().get(0).status().join();
      assertThat(status.consistency()).isEqualTo(new BoundedStaleness(3));
      assertThat(status.pushes()).isEqualTo(6);
    }
  }

  @Test
  void aClosedStoreLetsNobodyWait() throws Exception {
    Shards shards = Setup.of(2).start(ZEROS);
    ServerParameterStore waits = shards.worker(Shards.LAYOUT, 0);
    ExecutorService threads = Executors.newSingleThreadExecutor();
    try (ServerParameterStore other = shards.worker(Shards.LAYOUT, 1)) {
      Future<Double> push = threads.submit(() -> waits.push(Gradients.of(0, 1), 1));
      while (shards.primaries().stream().anyMatch(each -> waitingPushes(each) == 0)) {
        Thread.onSpinWait(); // until it waits for the other worker's
      }
      waits.close();
      assertThatThrownBy(() -> push.get(30, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(IllegalStateException.class)
          .hasRootCauseMessage(
              "the parameter store is closed, so its worker is none any more: join the shards"
                  + " anew");
      other.push(Gradients.of(1, 1), 1);
      Future<Double> late = threads.submit(() -> waits.push(Gradients.of(0, 2), 1));
      assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
          .hasRootCauseInstanceOf(IllegalStateException.class);
    } finally {
      threads.shutdownNow();
    }
  }

  private static int waitingPushes(Shard shard) {
    return shard.status().join().waitingPushes();
  }

  @Test
  void aSavedStateOfAnotherOptimizerStartsNoShard() {
    StoreState saved;
    try (ServerParameterStore store = Setup.of(1).start(ZEROS).worker(Shards.LAYOUT, 0)) {
      saved = store.save();
    }
    ShardSetup adam =
        Setup.of(1).optimizer(Adam.defaults()).shard(new Range(0, Shards.LAYOUT.size()));
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(
            () ->
                ShardHost.restored(
                    adam, saved, "", 0, new Address.Tcp("127.0.0.1", 0), ListenConfig.defaults()))
        .withMessageContaining("exp_avg");
  }

  @Test
  void refusesShardsOfAnotherNetwork() {
    Shards shards = Setup.of(2).start(ZEROS);
    ParameterLayout other =
        new ParameterLayout.Builder().add("other", Shards.LAYOUT.size()).build();
    assertThatExceptionOfType(RefusedException.class)
        .isThrownBy(() -> shards.worker(other, 0))
        .withMessageContaining("start both with the same configuration");
  }
}
