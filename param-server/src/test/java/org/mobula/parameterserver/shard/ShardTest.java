package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig.Adam;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.Consistency.Asynchronous;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/** One shard, message by message. */
@SuppressWarnings("FutureReturnValueIgnored") // What is pushed is not always waited for.
class ShardTest {
  private static final ParameterLayout LAYOUT = new ParameterLayout.Builder().add("w", 4).build();
  private static final Duration LEASE = Duration.ofSeconds(10);

  private final AtomicLong now = new AtomicLong(1);

  private ShardSetup setup(Consistency consistency, double maxNorm) {
    return new ShardSetup(
        LAYOUT,
        0,
        4,
        Sgd.defaults(),
        maxNorm,
        consistency,
        LEASE,
        Duration.ofSeconds(1),
        Duration.ofSeconds(2));
  }

  private Shard primary(Consistency consistency) {
    return Shard.primary(setup(consistency, 0), FloatSlice.of(new float[4]), now::get);
  }

  private static Joined join(Shard shard, int worker) {
    return shard.join(new Join(worker, 7, LayoutHash.of(LAYOUT), 0, 4)).join();
  }

  private static void join(Shard shard, int worker, HeldLink link) {
    CompletableFuture<Joined> joined = shard.join(new Join(worker, 7, LayoutHash.of(LAYOUT), 0, 4));
    link.deliverAll();
    joined.join();
  }

  private static CompletableFuture<Stepped> push(
      Shard shard, int worker, long clock, long base, float gradient) {
    float[] values = new float[4];
    Arrays.fill(values, gradient);
    return shard.pushPull(
        new Push(new Caller(worker, 7, 0), clock, base, 1),
        FloatSlice.of(values),
        SliceReader.NONE);
  }

  private static float first(Shard shard) {
    float[] values = new float[1];
    long epoch = shard.status().join().epoch();
    assertThat(
            shard.pull(
                new Pull(Caller.reader(epoch), Pull.NOTHING),
                (slice, offset, length, version) -> values[0] = slice[offset]))
        .isCompleted();
    return values[0];
  }

  private static void assertRefused(CompletableFuture<?> answer, Refusal refusal, String... words) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(answer::join)
        .havingCause()
        .isInstanceOfSatisfying(
            RefusedException.class,
            refused -> {
              assertThat(refused.refusal()).isEqualTo(refusal);
              for (String word : words) {
                assertThat(refused.getMessage()).contains(word);
              }
            });
  }

  /** A link that its test holds back: requests arrive when it says so. */
  private static final class HeldLink {
    final Shard target;
    final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();

    HeldLink(Shard target) {
      this.target = target;
    }

    ShardLink link() {
      return new ReplicatingLink() {
        @Override
        public CompletableFuture<Long> replicate(Entry entry) {
          CompletableFuture<Long> answer = new CompletableFuture<>();
          waiting.add(
              () ->
                  target
                      .replicate(entry)
                      .whenComplete(
                          (reached, error) -> {
                            if (error == null) {
                              answer.complete(reached);
                            } else {
                              answer.completeExceptionally(error);
                            }
                          }));
          return answer;
        }
      };
    }

    void deliverAll() {
      for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
        next.run();
      }
    }
  }

  /** A worker that has missed rounds is at another network than the others; one that is not. */
  @Test
  void aPushOfAnotherNetworkIsLate() {
    ParameterLayout critics = new ParameterLayout.Builder().add("b", 2).build();
    ParameterLayout model = new ParameterLayout.Builder().add("a", 2).build().with("q", critics);
    ShardSetup setup =
        new ShardSetup(
            model,
            0,
            4,
            Sgd.defaults(),
            0,
            Consistency.Synchronous.defaults(),
            LEASE,
            Duration.ofSeconds(1),
            Duration.ofSeconds(2));
    Shard shard = Shard.primary(setup, FloatSlice.of(new float[4]), now::get);
    for (int worker = 0; worker < 2; worker++) {
      shard.join(new Join(worker, 7, LayoutHash.of(model), 0, 4)).join();
    }
    CompletableFuture<Stepped> first = push(shard, 0, 1, 1);
    assertThat(push(shard, 1, 1, 0).join().late()).isTrue();
    assertThat(first).isNotDone();
    assertThat(push(shard, 1, 2, 1).join().late()).isFalse();
    assertThat(first.join().version()).isEqualTo(1);
    float[] values = new float[4];
    shard
        .pull(
            new Pull(Caller.reader(0), Pull.NOTHING),
            (slice, offset, length, version) -> System.arraycopy(slice, offset, values, 0, length))
        .join();
    assertThat(values).containsExactly(0, 0, -1, -1);
    assertRefused(push(shard, 1, 3, 2), Refusal.OUT_OF_RANGE, "network 2", "[policy, q]");
  }

  private static CompletableFuture<Stepped> push(Shard shard, int worker, long clock, int network) {
    long version = shard.status().join().version();
    return shard.pushPull(
        new Push(new Caller(worker, 7, 0), clock, version, 1, network, null),
        FloatSlice.of(new float[] {1, 1, 1, 1}),
        SliceReader.NONE);
  }

  @Test
  void aRoundWaitsForAllAndAveragesInTheirOrder() {
    Shard shard = primary(Synchronous.defaults());
    join(shard, 0);
    join(shard, 1);
    CompletableFuture<Stepped> second = push(shard, 1, 1, 0, 3);
    assertThat(second).isNotDone();
    assertThat(shard.status().join().waitingPushes()).isEqualTo(1);
    CompletableFuture<Stepped> first = push(shard, 0, 1, 0, 1);
    assertThat(first.join().version()).isEqualTo(1);
    assertThat(second.join().blockSums()).containsExactly(16);
    assertThat(first(shard)).isEqualTo(-2);
  }

  @Test
  void theFirstOfARoundSufficeAndLaterOnesAreDroppedAndCounted() {
    Shard shard = primary(new Synchronous(2));
    for (int worker = 0; worker < 3; worker++) {
      join(shard, worker);
    }
    push(shard, 0, 1, 0, 1);
    push(shard, 2, 1, 0, 3);
    assertThat(first(shard)).isEqualTo(-2);
    Stepped late = push(shard, 1, 1, 0, 100).join();
    assertThat(late.late()).isTrue();
    assertThat(late.version()).isEqualTo(1);
    assertThat(first(shard)).isEqualTo(-2);
    assertThat(shard.status().join().lateGradients()).isEqualTo(1);
    push(shard, 1, 2, 1, 1);
    push(shard, 0, 2, 1, 1);
    assertThat(first(shard)).isEqualTo(-3);
  }

  @Test
  void whatComesAgainIsAppliedOnce() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    push(shard, 0, 1, 0, 1);
    Stepped again = push(shard, 0, 1, 0, 1).join();
    assertThat(again.version()).isEqualTo(1);
    assertThat(again.blockSums()).containsExactly(4);
    assertThat(first(shard)).isEqualTo(-1);
    assertThat(shard.status().join().duplicates()).isEqualTo(1);
    assertThat(join(shard, 0).clock()).isEqualTo(1);
  }

  @Test
  void stalenessIsMeasured() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    join(shard, 1);
    push(shard, 0, 1, 0, 1);
    push(shard, 0, 2, 1, 1);
    push(shard, 1, 1, 0, 1);
    assertThat(shard.status().join().staleness()).containsExactly(2L, 0L, 1L);
  }

  @Test
  void aFastWorkerWaitsForASlowOneWithinTheBound() {
    Shard shard = primary(new BoundedStaleness(2));
    join(shard, 0);
    join(shard, 1);
    assertThat(push(shard, 0, 1, 0, 1)).isCompleted();
    assertThat(push(shard, 0, 2, 1, 1)).isCompleted();
    CompletableFuture<Stepped> ahead = push(shard, 0, 3, 2, 1);
    assertThat(ahead).isNotDone();
    assertThat(shard.clock(new Caller(0, 7, 0)).join()).isEqualTo(new Clocks(3, 3, 2, false));
    assertThat(push(shard, 1, 1, 0, 1)).isCompleted();
    assertThat(ahead.join().version()).isEqualTo(4);
  }

  @Test
  void whoJoinsLaterStartsWhereTheSlowestIs() {
    Shard shard = primary(new BoundedStaleness(0));
    join(shard, 0);
    for (int clock = 1; clock <= 5; clock++) {
      assertThat(push(shard, 0, clock, clock - 1, 1)).isCompleted();
    }
    join(shard, 1);
    CompletableFuture<Stepped> waiting = push(shard, 0, 6, 5, 1);
    assertThat(waiting).isNotDone();
    assertThat(push(shard, 1, 1, 5, 1)).isCompleted();
    assertThat(waiting).isCompleted();
  }

  @Test
  void consistencyChangesWhileWorkersWait() {
    Shard shard = primary(Synchronous.defaults());
    join(shard, 0);
    join(shard, 1);
    CompletableFuture<Stepped> waiting = push(shard, 0, 1, 0, 1);
    shard.setConsistency(Caller.reader(0), new Asynchronous()).join();
    assertThat(waiting.join().version()).isEqualTo(1);
    assertThat(push(shard, 0, 2, 1, 1)).isCompleted();
    shard.setConsistency(Caller.reader(0), Synchronous.defaults()).join();
    assertThat(push(shard, 0, 3, 2, 1)).isNotDone();
    assertThat(shard.status().join().consistency()).isEqualTo(Synchronous.defaults());
  }

  @Test
  void aSilentWorkerIsTakenOffWhenItsLeaseEndsAndTheRoundIsCompleted() {
    Shard shard = primary(Synchronous.defaults());
    join(shard, 0);
    join(shard, 1);
    now.addAndGet(LEASE.toNanos() - 1);
    CompletableFuture<Stepped> waiting = push(shard, 0, 1, 0, 1);
    shard.expire();
    assertThat(waiting).isNotDone();
    now.addAndGet(1);
    shard.expire();
    assertThat(waiting).isCompleted();
    assertThat(shard.status().join().workers()).containsExactly(0);
    assertRefused(push(shard, 1, 1, 0, 1), Refusal.NOT_JOINED, "worker 1", "PT10S", "join again");
    join(shard, 1);
    assertThat(push(shard, 1, 1, 0, 1).join().late()).isTrue();
  }

  @Test
  void aWorkerWhoseConnectionIsGoneHasALittleTimeToComeBack() {
    Shard shard = primary(Synchronous.defaults());
    join(shard, 0);
    join(shard, 1);
    shard.disconnected(0, 7);
    shard.disconnected(1, 7);
    now.addAndGet(Duration.ofMillis(900).toNanos());
    join(shard, 0);
    now.addAndGet(Duration.ofMillis(100).toNanos());
    shard.expire();
    assertThat(shard.status().join().workers()).containsExactly(0);
  }

  @Test
  void whoLeavesTakesItsGradientAlong() {
    Shard shard = primary(Synchronous.defaults());
    for (int worker = 0; worker < 3; worker++) {
      join(shard, worker);
    }
    push(shard, 0, 1, 0, 1);
    CompletableFuture<Stepped> left = push(shard, 1, 1, 0, 100);
    shard.leave(new Caller(1, 7, 0), "").join();
    assertRefused(left, Refusal.NOT_JOINED, "has left");
    push(shard, 2, 1, 0, 3);
    assertThat(first(shard)).isEqualTo(-2);
  }

  @Test
  void givesTheLowestFreeNumberAndTheSameToWhoAsksAgain() {
    Shard shard = primary(Synchronous.defaults());
    long hash = LayoutHash.of(LAYOUT);
    for (int again = 0; again < 2; again++) {
      for (int worker = 0; worker < 3; worker++) {
        assertThat(shard.join(new Join(Join.ANY, 50 + worker, hash, 0, 4)).join().worker())
            .isEqualTo(worker);
      }
    }
    assertRefused(shard.join(new Join(1, 99, hash, 0, 4)), Refusal.ALREADY_JOINED, "worker 1");
    shard.leave(new Caller(1, 51, 0), "").join();
    assertThat(shard.join(new Join(Join.ANY, 99, hash, 0, 4)).join().worker()).isEqualTo(1);
  }

  @Test
  void anotherProcessUnderTheNumberShutsTheFormerOut() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    push(shard, 0, 1, 0, 1);
    now.addAndGet(LEASE.toNanos());
    shard.expire();
    Joined joined = shard.join(new Join(0, 8, LayoutHash.of(LAYOUT), 0, 4)).join();
    assertThat(joined.clock()).isEqualTo(1);
    assertRefused(push(shard, 0, 2, 1, 1), Refusal.NOT_JOINED);
  }

  @Test
  void aClippedStepTakesTheFirstCommitAndTheOthersRead() {
    Shard shard =
        Shard.primary(setup(Synchronous.defaults(), 1), FloatSlice.of(new float[4]), now::get);
    join(shard, 0);
    join(shard, 1);
    CompletableFuture<Stepped> one = push(shard, 0, 1, 0, 1);
    assertThat(one).isNotDone();
    assertThat(push(shard, 1, 1, 0, 3).join().awaitsCommit()).isTrue();
    assertThat(one.join().awaitsCommit()).isTrue();
    assertThat(one.join().blockSums()).containsExactly(16);
    Commit commit = new Commit(new Caller(0, 7, 0), 1, 4);
    Stepped stepped = shard.commit(commit, SliceReader.NONE).join();
    assertThat(stepped.version()).isEqualTo(1);
    assertThat(first(shard)).isEqualTo(-2 * (float) (1 / (4 + 1e-6)));
    float before = first(shard);
    shard.commit(commit, SliceReader.NONE).join();
    shard.commit(new Commit(new Caller(1, 7, 0), 1, 4), SliceReader.NONE).join();
    assertThat(first(shard)).isEqualTo(before);
    assertRefused(
        shard.commit(new Commit(new Caller(1, 7, 0), 2, 4), SliceReader.NONE),
        Refusal.NOT_PUSHED,
        "push again");
  }

  @Test
  void aGradientThatIsNotFiniteIsRefusedAndTheOthersOfTheRoundStay() {
    Shard shard = primary(Synchronous.defaults());
    join(shard, 0);
    join(shard, 1);
    CompletableFuture<Stepped> good = push(shard, 0, 1, 0, 1);
    assertRefused(push(shard, 1, 1, 0, Float.NaN), Refusal.NOT_FINITE, "worker 1");
    assertThat(good).isNotDone();
    push(shard, 1, 1, 0, 3);
    assertThat(good).isCompleted();
    assertThat(first(shard)).isEqualTo(-2);
  }

  @Test
  void theMeanOfFiniteGradientsIsFinite() {
    Shard shard = primary(Synchronous.defaults());
    join(shard, 0);
    join(shard, 1);
    push(shard, 0, 1, 0, Float.MAX_VALUE);
    push(shard, 1, 1, 0, Float.MAX_VALUE);
    assertThat(first(shard)).isEqualTo(-Float.MAX_VALUE);
  }

  @Test
  void saysWhatIsWrongAndCountsIt() {
    Shard shard = primary(Synchronous.defaults());
    assertRefused(shard.join(new Join(0, 7, 5, 0, 4)), Refusal.WRONG_LAYOUT, "0000000000000005");
    assertRefused(
        shard.join(new Join(0, 7, LayoutHash.of(LAYOUT), 0, 3)),
        Refusal.WRONG_LAYOUT,
        "[0, 3)",
        "[0, 4)");
    join(shard, 0);
    assertRefused(
        shard.pushPull(
            new Push(new Caller(0, 7, 0), 1, 0, 1), FloatSlice.of(new float[3]), SliceReader.NONE),
        Refusal.WRONG_LENGTH,
        "3",
        "4");
    assertRefused(push(shard, 0, 0, 0, 1), Refusal.OUT_OF_RANGE, "clock 0");
    assertRefused(
        shard.pull(new Pull(Caller.reader(3), Pull.NOTHING), SliceReader.NONE), Refusal.FENCED);
    assertThat(shard.status().join().refusals())
        .containsEntry(Refusal.WRONG_LAYOUT, 2L)
        .containsEntry(Refusal.WRONG_LENGTH, 1L)
        .containsEntry(Refusal.OUT_OF_RANGE, 1L);
  }

  @Test
  void nothingIsAnsweredBeforeTheReplicaHasIt() {
    Shard shard = primary(new Asynchronous());
    Shard replica = Shard.replica(setup(new Asynchronous(), 0), now::get);
    HeldLink link = new HeldLink(replica);
    shard.replicateTo(link.link());
    Join join = new Join(0, 7, LayoutHash.of(LAYOUT), 0, 4);
    assertRefused(shard.join(join), Refusal.UNPROVEN, "has not reached its replica yet");
    link.deliverAll();
    CompletableFuture<Joined> joined = shard.join(join);
    assertThat(joined).isNotDone();
    link.deliverAll();
    assertThat(joined).isCompleted();
    CompletableFuture<Stepped> pushed = push(shard, 0, 1, 0, 1);
    CompletableFuture<Pulled> pulled =
        shard.pull(new Pull(Caller.reader(0), Pull.NOTHING), SliceReader.NONE);
    assertThat(pushed).isNotDone();
    assertThat(pulled).isNotDone();
    link.deliverAll();
    assertThat(pushed).isCompleted();
    assertThat(pulled).isCompleted();
    assertThat(replica.status().join().version()).isEqualTo(1);
    assertRefused(push(replica, 0, 2, 1, 1), Refusal.NOT_PRIMARY, "promote it");
  }

  @Test
  void aPrimaryThatWakesUpAfterThePromotionIsFencedAndKnowsIt() {
    Shard shard = primary(new Asynchronous());
    Shard replica = Shard.replica(setup(new Asynchronous(), 0), now::get);
    shard.replicateTo(new LocalShardLink(replica));
    join(shard, 0);
    push(shard, 0, 1, 0, 1);
    assertThat(replica.promote(new Promote(new Ruling(7, 0, 5, true), 1)).join())
        .isEqualTo(new Promoted(1, 1));
    assertThat(replica.promote(new Promote(new Ruling(7, 0, 6, true), 1)).join())
        .isEqualTo(new Promoted(1, 1));
    assertRefused(push(shard, 0, 2, 1, 100), Refusal.FENCED, "another shard has taken over");
    assertThat(shard.status().join().role()).isEqualTo(Role.FENCED);
    assertRefused(
        shard.pull(new Pull(Caller.reader(0), Pull.NOTHING), SliceReader.NONE), Refusal.FENCED);
    assertRefused(push(replica, 0, 2, 1, 1), Refusal.WRONG_EPOCH, "epoch 1");
    assertThat(first(replica)).isEqualTo(-1);

    // It can serve as the replica of its successor.
    replica.replicateTo(new LocalShardLink(shard));
    assertThat(shard.status().join().role()).isEqualTo(Role.REPLICA);
    assertThat(shard.promote(new Promote(new Ruling(7, 1, 7, true), 1)).join())
        .isEqualTo(new Promoted(2, 1));
  }

  @Test
  void aPrimaryThatWasStoppedForLongAsksBeforeItGoesOnAlone() {
    Shard shard = primary(new Asynchronous());
    Shard replica = Shard.replica(setup(new Asynchronous(), 0), now::get);
    HeldLink link = new HeldLink(replica);
    shard.replicateTo(link.link());
    link.deliverAll();
    shard.join(new Join(0, 7, LayoutHash.of(LAYOUT), 0, 4));
    link.deliverAll();
    CompletableFuture<Stepped> pushed = push(shard, 0, 1, 0, 1);
    replica.promote(new Promote(new Ruling(7, 0, 8, true), 0)).join();
    now.addAndGet(Duration.ofMinutes(1).toNanos());
    shard.expire();
    assertThat(shard.status().join().role()).isEqualTo(Role.REPLICATED_PRIMARY);
    assertThat(pushed).isNotDone();
    link.deliverAll();
    assertThat(shard.status().join().role()).isEqualTo(Role.FENCED);
    assertRefused(pushed, Refusal.FENCED, "another shard has taken over");
  }

  private void silence(Shard shard) {
    for (int quarter = 0; quarter < 40; quarter++) {
      now.addAndGet(Duration.ofMillis(500).toNanos());
      shard.clock(new Caller(0, 7, 0));
      shard.expire();
    }
  }

  @Test
  void aReplicaThatWasCutOffDoesNotTakeOver() {
    Shard shard = primary(new Asynchronous());
    Shard replica = Shard.replica(setup(new Asynchronous(), 0), now::get);
    assertRefused(
        replica.promote(new Promote(new Ruling(7, 0, 1, true), 0)), Refusal.BEHIND, "has nothing");
    HeldLink link = new HeldLink(replica);
    shard.replicateTo(link.link());
    link.deliverAll();
    join(shard, 0, link);
    CompletableFuture<Stepped> pushed = push(shard, 0, 1, 0, 1);
    Release release = new Release(new Ruling(7, 0, 2, false));
    assertThat(shard.release(release).join())
        .as("it has not been silent for long")
        .isEqualTo(new Promoted(0, 1));
    silence(shard);
    assertThat(pushed).as("the primary does not give it up by itself").isNotDone();
    assertThat(shard.clock(new Caller(0, 7, 0)).join().uncertain()).isTrue();
    assertRefused(
        shard.release(new Release(new Ruling(8, 0, 1, false))),
        Refusal.NOT_ARBITER,
        "only the first learner of the run");
    assertRefused(shard.release(release), Refusal.OUT_OF_RANGE, "came after a later one");
    assertThat(shard.release(new Release(new Ruling(7, 0, 3, false))).join())
        .isEqualTo(new Promoted(1, 1));
    assertThat(pushed).isCompleted();
    assertThat(shard.status().join().role()).isEqualTo(Role.LONE_PRIMARY);
    assertRefused(
        replica.promote(new Promote(new Ruling(7, 1, 4, false), 1)),
        Refusal.BEHIND,
        "version 0",
        "version 1 is known");
    assertRefused(
        replica.promote(new Promote(new Ruling(7, 1, 5, false), 0)),
        Refusal.WRONG_EPOCH,
        "epoch 1",
        "epoch 0");
  }

  /** Without a replica only the arbiter's word tells that no other is the primary. */
  @Test
  void aPrimaryThatWasReleasedServesAsLongAsItHearsFromTheArbiter() {
    Shard shard = primary(new Asynchronous());
    HeldLink link = new HeldLink(Shard.replica(setup(new Asynchronous(), 0), now::get));
    shard.replicateTo(link.link());
    link.deliverAll();
    join(shard, 0, link);
    push(shard, 0, 1, 0, 1);
    silence(shard);
    shard.release(new Release(new Ruling(7, 0, 1, false))).join();
    now.addAndGet(LEASE.toNanos());
    CompletableFuture<Pulled> pulled =
        shard.pull(new Pull(Caller.reader(1), Pull.NOTHING), SliceReader.NONE);
    assertThat(pulled).isNotDone();
    assertRefused(
        shard.join(new Join(1, 8, LayoutHash.of(LAYOUT), 0, 4)),
        Refusal.UNCERTAIN,
        "another may have taken over");
    shard.clock(new Caller(0, 7, 1));
    assertThat(pulled).isCompleted();
    now.addAndGet(LEASE.toNanos());
    assertThat(shard.pull(new Pull(Caller.reader(1), Pull.NOTHING), SliceReader.NONE)).isNotDone();
    Claim claim = new Claim("run", "host", 1, 1, 9, 0);
    Joined resumed =
        shard
            .join(
                new Join(
                    1,
                    9,
                    LayoutHash.of(LAYOUT),
                    0,
                    4,
                    Agreement.NONE,
                    claim,
                    true,
                    0,
                    Join.ANY_HISTORY))
            .join();
    assertThat(resumed.epoch()).as("a new term").isEqualTo(1_000_000);
    assertRefused(
        shard.release(new Release(new Ruling(7, 1_000_000, 2, true))),
        Refusal.NOT_ARBITER,
        "resume the run");
  }

  @Test
  void aReplicaCatchesUpWhileLearnersGoOn() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    push(shard, 0, 1, 0, 1).join();
    Shard replica = Shard.replica(setup(new Asynchronous(), 0), now::get);
    HeldLink link = new HeldLink(replica);
    shard.replicateTo(link.link());
    for (int step = 2; step <= 5; step++) {
      assertThat(push(shard, 0, step, step - 1, 1)).isCompleted();
    }
    assertThat(shard.status().join().role()).isEqualTo(Role.LONE_PRIMARY);
    assertRefused(
        replica.promote(new Promote(new Ruling(7, 0, 1, false), 0)),
        Refusal.BEHIND,
        "nothing, or not all of it");
    link.deliverAll();
    assertThat(shard.status().join().role()).isEqualTo(Role.REPLICATED_PRIMARY);
    assertThat(push(shard, 0, 6, 5, 1)).isNotDone();
    link.deliverAll();
    assertThat(replica.promote(new Promote(new Ruling(7, 0, 2, false), 6)).join())
        .isEqualTo(new Promoted(1, 6));
    replica.clock(new Caller(0, 7, 1));
    assertThat(first(replica)).isEqualTo(-6);
  }

  @Test
  void aProcessInPlaceOfADeadPrimaryFollowsItsSuccessor() {
    Shard shard = primary(new Asynchronous());
    Shard replica = Shard.replica(setup(new Asynchronous(), 0), now::get);
    shard.replicateTo(new LocalShardLink(replica));
    join(shard, 0);
    push(shard, 0, 1, 0, 1).join();
    now.addAndGet(5);
    Shard fresh = primary(new Asynchronous());
    fresh.reachable("the fresh one", other -> new LocalShardLink(replica));
    replica.reachable("the replica", other -> new LocalShardLink(fresh));
    fresh.replicateTo(new LocalShardLink(replica));
    assertThat(fresh.status().join().role()).isEqualTo(Role.FENCED);
    replica.promote(new Promote(new Ruling(7, 0, 1, false), 1)).join();
    now.addAndGet(Duration.ofSeconds(1).toNanos());
    replica.expire();
    assertThat(fresh.status().join().version()).isEqualTo(1);
    assertThat(fresh.status().join().role()).isEqualTo(Role.REPLICA);
    assertThat(replica.status().join().role()).isEqualTo(Role.REPLICATED_PRIMARY);
  }

  @Test
  void aReplicaThatLostItsStateGetsAllOfItAgain() {
    Shard shard = primary(new Asynchronous());
    List<Shard> target = new ArrayList<>();
    target.add(Shard.replica(setup(new Asynchronous(), 0), now::get));
    shard.replicateTo(
        new ReplicatingLink() {
          @Override
          public CompletableFuture<Long> replicate(Entry entry) {
            return target.get(0).replicate(entry);
          }
        });
    join(shard, 0);
    push(shard, 0, 1, 0, 1);
    target.set(0, Shard.replica(setup(new Asynchronous(), 0), now::get));
    push(shard, 0, 2, 1, 1).join();
    assertThat(target.get(0).promote(new Promote(new Ruling(7, 0, 11, true), 2)).join().version())
        .isEqualTo(2);
    assertThat(first(target.get(0))).isEqualTo(-2);
    Stepped again =
        target
            .get(0)
            .pushPull(
                new Push(new Caller(0, 7, 1), 2, 1, 1),
                FloatSlice.of(new float[4]),
                SliceReader.NONE)
            .join();
    assertThat(again.version()).isEqualTo(2);
    assertThat(again.blockSums()).containsExactly(4);
  }

  @Test
  void aSnapshotWaitsForItsVersionOrForASecondInWhichNoStepIsTaken() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    push(shard, 0, 1, 0, 1);
    CompletableFuture<ShardState> next = shard.snapshot(Caller.reader(0), 2);
    CompletableFuture<ShardState> far = shard.snapshot(Caller.reader(0), 9);
    assertThat(shard.snapshot(Caller.reader(0), 1)).isCompleted();
    assertThat(next).isNotDone();
    push(shard, 0, 2, 1, 1);
    push(shard, 0, 3, 2, 1);
    assertThat(next.join().slice().parameters().version()).isEqualTo(2);
    assertThat(next.join().slice().parameters().values()[0]).isEqualTo(-2);
    shard.expire(); // sees version 3
    now.addAndGet(Duration.ofSeconds(1).toNanos());
    shard.expire();
    assertThat(far).isNotDone();
    now.addAndGet(1);
    shard.expire();
    assertThat(far.join().slice().parameters().version()).isEqualTo(3);
    CompletableFuture<ShardState> later = shard.snapshot(Caller.reader(0), 9);
    shard.expire();
    assertThat(later).isNotDone();
    shard.close();
    assertThat(later).isCompletedExceptionally();
  }

  @Test
  void aNewShardGoesOnFromASnapshotAndSaysWhatIsLost() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    push(shard, 0, 1, 0, 1);
    StoreState saved = shard.snapshot(Caller.reader(0), 0).join().slice();
    push(shard, 0, 2, 1, 1);
    push(shard, 0, 3, 2, 1);

    Shard fresh = primary(new Asynchronous());
    Restored restored = fresh.restore(new Restore(new Caller(0, 7, 4), saved, 3)).join();
    assertThat(restored).isEqualTo(new Restored(5, 1, 2));
    assertThat(first(fresh)).isEqualTo(-1);
    Shard other =
        Shard.primary(
            new ShardSetup(
                LAYOUT,
                0,
                4,
                Adam.defaults(),
                0,
                new Asynchronous(),
                LEASE,
                LEASE,
                Duration.ofSeconds(2)),
            FloatSlice.of(new float[4]),
            now::get);
    assertRefused(
        other.restore(new Restore(Caller.reader(0), saved, 3)), Refusal.WRONG_STATE, "exp_avg");
    assertThat(other.status().join().epoch()).isZero();
  }

  /** Reads nothing before it must. */
  private static final class LateReader implements SliceReader {
    private float[] values = new float[0];
    private boolean done;
    private float first;

    @Override
    public void read(float[] slice, int offset, int length, long version) {
      values = slice;
    }

    @Override
    public boolean isDone() {
      return done;
    }

    @Override
    public void finish() {
      first = values[0];
      done = true;
    }
  }

  @Test
  void whoReadsLateIsToldBeforeTheValuesChange() {
    Shard shard = primary(new Asynchronous());
    join(shard, 0);
    LateReader reader = new LateReader();
    assertThat(shard.pull(new Pull(Caller.reader(0), Pull.NOTHING), reader)).isCompleted();
    assertThat(reader.isDone()).isFalse();
    push(shard, 0, 1, 0, 1).join();
    assertThat(reader.isDone()).isTrue();
    assertThat(reader.first).isZero();
    assertThat(first(shard)).isEqualTo(-1);
    push(shard, 0, 2, 1, 1).join();
    assertThat(reader.first).isZero();
  }

  @ParameterizedTest
  @CsvSource({"8388607, true", "8388608, false"})
  void longSlicesAreNotComputedInTheThreadThatServesConnections(int size, boolean inOwnThread) {
    ParameterLayout layout = new ParameterLayout.Builder().add("w", size).build();
    ShardSetup setup =
        new ShardSetup(
            layout,
            0,
            size,
            Sgd.defaults(),
            0,
            new Asynchronous(),
            LEASE,
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            ComputeDevice.CPU,
            0,
            Agreement.NONE);
    try (Shard shard = Shard.primary(setup, FloatSlice.of(new float[size]), now::get)) {
      shard.join(new Join(0, 7, LayoutHash.of(layout), 0, size)).join();
      float[] gradient = new float[size];
      gradient[size - 1] = 1;
      float[] last = new float[1];
      Thread[] worked = new Thread[1];
      Push push = new Push(new Caller(0, 7, 0), 1, 0, 1);
      SliceReader reader =
          (values, offset, length, version) -> {
            last[0] = values[offset + length - 1];
            worked[0] = Thread.currentThread();
          };
      shard.pushPull(push, FloatSlice.of(gradient), reader).join();
      assertThat(last[0]).isEqualTo(-1);
      assertThat(Thread.currentThread().equals(worked[0])).isEqualTo(inOwnThread);
    }
  }
}
