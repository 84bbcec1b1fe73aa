package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.ShardEvent.Kind;

/** What a shard reports of itself. */
class ShardEventTest {
  private static final ParameterLayout LAYOUT = new ParameterLayout.Builder().add("w", 4).build();
  private static final int NUMBER = 3;

  private final AtomicLong now = new AtomicLong(1);
  private final List<ShardEvent> events = new ArrayList<>();
  private final ShardSetup setup =
      new ShardSetup(
          LAYOUT,
          0,
          4,
          Sgd.defaults(),
          0,
          new Asynchronous(),
          Duration.ofSeconds(10),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2),
          ComputeDevice.CPU,
          NUMBER,
          Agreement.NONE);

  private Shard primary() {
    Shard shard = Shard.primary(setup, FloatSlice.of(new float[4]), now::get);
    shard.listen(events::add);
    return shard;
  }

  private static void join(Shard shard, int worker) {
    shard.join(new Join(worker, 7, LayoutHash.of(LAYOUT), 0, 4)).join();
  }

  private List<Kind> kinds() {
    return events.stream().map(ShardEvent::kind).toList();
  }

  private String last() {
    return events.get(events.size() - 1).toString();
  }

  @Test
  void learnersComeAndGo() {
    Shard shard = primary();
    join(shard, 0);
    join(shard, 0); // it asks again, which is nothing new
    assertThat(last()).isEqualTo("shard 3: learner 0 has joined");
    join(shard, 1);
    shard.leave(new Caller(1, 7, 0), "").join();
    assertThat(last()).isEqualTo("shard 3: learner 1 has left");
    shard.leave(new Caller(1, 7, 0), "").join();
    now.addAndGet(Duration.ofSeconds(10).toNanos());
    shard.expire();
    assertThat(last()).startsWith("shard 3: learner 0 was silent for too long and is taken off");
    assertThat(kinds())
        .containsExactly(
            Kind.LEARNER_JOINED, Kind.LEARNER_JOINED, Kind.LEARNER_LEFT, Kind.LEARNER_TAKEN_OFF);
    ShardStatus status = shard.status().join();
    assertThat(status.events())
        .containsOnlyKeys(Kind.LEARNER_JOINED, Kind.LEARNER_LEFT, Kind.LEARNER_TAKEN_OFF)
        .containsEntry(Kind.LEARNER_JOINED, 2L);
    assertThat(status.recentEvents()).extracting(ShardStatus.Past::event).isEqualTo(events);
    assertThat(status.recentEvents()).extracting(ShardStatus.Past::number).isSorted();
    assertThat(status.recentEvents().get(0).agoNanos()).isEqualTo(Duration.ofSeconds(10).toNanos());
  }

  @Test
  void theLastEventsAreRememberedAndAllAreCounted() {
    Shard shard = primary();
    for (int worker = 0; worker < 40; worker++) {
      join(shard, worker);
    }
    ShardStatus status = shard.status().join();
    assertThat(status.events()).isEqualTo(Map.of(Kind.LEARNER_JOINED, 40L));
    assertThat(status.recentEvents()).hasSize(16);
    assertThat(status.recentEvents().get(15).number()).isEqualTo(39);
    assertThat(status.recentEvents().get(15).event()).isEqualTo(events.get(39));
  }

  @Test
  void aReplicaIsAttachedAndMissed() {
    Shard shard = primary();
    Shard replica = Shard.replica(setup, now::get);
    boolean[] cut = {false};
    shard.replicateTo(
        new ReplicatingLink() {
          @Override
          public CompletableFuture<Long> replicate(Entry entry) {
            return cut[0] ? new CompletableFuture<>() : replica.replicate(entry);
          }
        });
    assertThat(last())
        .isEqualTo("shard 3: the replica has version 0 and repeats each step from now on");
    join(shard, 0);
    cut[0] = true;
    var unused = shard.join(new Join(1, 8, LayoutHash.of(LAYOUT), 0, 4));
    while (!kinds().contains(Kind.REPLICA_SILENT)) {
      now.addAndGet(Duration.ofMillis(500).toNanos());
      shard.expire();
    }
    assertThat(last())
        .isEqualTo(
            "shard 3: the replica has not acknowledged version 0 for 6500 ms; learners wait until it"
                + " does, or until the first learner decides to go on without");
    shard.release(new Release(new Ruling(7, 0, 1, false))).join();
    assertThat(last())
        .isEqualTo("shard 3: no replica is in step (it was silent); it is tried again and again");
    assertThat(kinds())
        .containsExactly(
            Kind.REPLICA_ATTACHED,
            Kind.LEARNER_JOINED,
            Kind.LEARNER_JOINED,
            Kind.REPLICA_SILENT,
            Kind.REPLICA_MISSING);
    cut[0] = false;
    now.addAndGet(Duration.ofMillis(500).toNanos());
    shard.expire();
    assertThat(last())
        .isEqualTo("shard 3: the replica has version 0 and repeats each step from now on");
  }

  @Test
  void aLearnerThatCannotStaySaysWhy() {
    Shard shard = primary();
    join(shard, 1);
    String why = "it hangs\n\u001b[2J" + "!".repeat(1000);
    shard.leave(new Caller(1, 7, 0), why).join();
    assertThat(kinds()).containsExactly(Kind.LEARNER_JOINED, Kind.LEARNER_TAKEN_OFF);
    assertThat(last())
        .isEqualTo("shard 3: learner 1 takes no part any more: it hangs[2J" + "!".repeat(500 - 11));
  }

  @Test
  void aReplicaThatWasNotNamedIsMissing() {
    Shard shard = primary();
    assertThat(shard.status().join().replicaMissing()).isFalse();
    shard.lacksReplica();
    assertThat(kinds()).containsExactly(Kind.REPLICA_MISSING);
    assertThat(shard.status().join().replicaMissing()).isTrue();
    shard.replicateTo(new LocalShardLink(Shard.replica(setup, now::get)));
    assertThat(shard.status().join().replicaMissing()).isFalse();
  }

  @Test
  void aReplicaTakesOverAndTheFormerPrimaryIsFenced() {
    Shard shard = primary();
    Shard replica = Shard.replica(setup, now::get);
    List<ShardEvent> ofTheReplica = new ArrayList<>();
    replica.listen(ofTheReplica::add);
    shard.replicateTo(new LocalShardLink(replica));
    join(shard, 0);
    replica.promote(new Promote(new Ruling(7, 0, 1, true), 0)).join();
    assertThat(ofTheReplica).hasSize(1);
    assertThat(ofTheReplica.get(0).toString())
        .startsWith("shard 3: the replica takes over at version 0 with epoch 1");
    assertThat(replica.status().join().events()).containsEntry(Kind.TOOK_OVER, 1L);
    var unused = shard.join(new Join(0, 7, LayoutHash.of(LAYOUT), 0, 4));
    assertThat(kinds()).containsExactly(Kind.REPLICA_ATTACHED, Kind.LEARNER_JOINED, Kind.FENCED);
    assertThat(last()).contains("this former primary is fenced and answers no learner");
  }

  @Test
  void lostVersionsAreCounted() {
    Shard shard = primary();
    StoreState saved = shard.snapshot(Caller.reader(0), 0).join().slice();
    shard.restore(new Restore(Caller.reader(0), saved, 5)).join();
    assertThat(last())
        .isEqualTo("shard 3: version 0 was restored, and the 5 versions after it are lost");
  }

  @Test
  void aListenerThatFailsCostsNoStep() {
    Shard shard = primary();
    shard.listen(
        event -> {
          throw new IllegalStateException("nobody at home");
        });
    join(shard, 0);
    assertThat(shard.status().join().workers()).containsExactly(0);
  }

  @Test
  void aShardHasANumber() {
    assertThatThrownBy(() -> new ShardEvent(Kind.FENCED, -1, "so"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("shard is -1 but must be ≥ 0");
    assertThat(Kind.LEARNER_TAKEN_OFF.label()).isEqualTo("learner-taken-off");
  }
}
