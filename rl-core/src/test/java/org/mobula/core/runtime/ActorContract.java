package org.mobula.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.mobula.core.runtime.RuntimeEvent.Kind;

/**
 * What every engine keeps about actors and events; the other half of {@link TaskRuntimeContract}.
 */
@Timeout(300)
public abstract class ActorContract {
  /** A fresh runtime with these resources. */
  protected abstract TaskRuntime create(Resources resources);

  private TaskRuntime create() {
    return create(Resources.cpu(2));
  }

  static class Counter {
    int value;

    int add(int amount) {
      value += amount;
      return value;
    }

    int fail() {
      throw new IllegalStateException("cannot count");
    }

    int breakDown() {
      throw new ActorBrokenException("the child process is gone", null);
    }
  }

  static final class SavedCounter extends Counter implements Snapshotable<Integer> {
    @Override
    public Integer snapshot() {
      return value;
    }

    @Override
    public void restore(Integer state) {
      value = state;
    }

    @Override
    public boolean snapshotDue() {
      return value % 2 == 0;
    }
  }

  static final class Resource implements AutoCloseable {
    private final Gate closed;

    Resource(Gate closed) {
      this.closed = closed;
    }

    @Override
    public void close() {
      closed.add(1);
      closed.open();
    }
  }

  private static int number(TaskRuntime runtime, ObjectRef<Integer> ref) {
    return runtime.get(ref);
  }

  // Order and concurrency.

  @Test
  void callsOfOneCallerRunInOrderAndNeverTwoAtOnce() throws Exception {
    try (TaskRuntime runtime = create()) {
      ActorRef<List<Integer>> log = runtime.actor(ArrayList::new);
      List<Thread> callers = new ArrayList<>();
      for (int c = 0; c < 4; c++) {
        int caller = c;
        Thread thread =
            new Thread(
                () -> {
                  for (int i = 0; i < 5_000; i++) {
                    int entry = caller * 10_000 + i;
                    log.call(list -> list.add(entry));
                  }
                });
        thread.start();
        callers.add(thread);
      }
      for (Thread thread : callers) {
        thread.join();
      }
      List<Integer> all = runtime.get(log.call(list -> new ArrayList<>(list)));
      assertThat(all).hasSize(20_000);
      for (int c = 0; c < 4; c++) {
        int caller = c;
        assertThat(all.stream().filter(entry -> entry / 10_000 == caller).toList())
            .hasSize(5_000)
            .isSorted();
      }
    }
  }

  @Test
  void maxConcurrencyLetsSoManyCallsMeet() {
    Gate meeting = new Gate(3);
    Gate inside = new Gate();
    try (TaskRuntime runtime = create(Resources.cpu(4))) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.defaults().withMaxConcurrency(3), Counter::new);
      List<ObjectRef<Boolean>> refs = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        refs.add(
            actor.call(
                counter -> {
                  meeting.meet();
                  return true;
                }));
      }
      for (int i = 0; i < 500; i++) {
        refs.add(
            actor.call(
                counter -> {
                  boolean fits = inside.add(1) <= 3;
                  inside.add(-1);
                  return fits;
                }));
      }
      assertThat(runtime.getAll(refs)).hasSize(503).doesNotContain(false);
    }
  }

  @Test
  void callsThatTakeAFractionOfACpuMeetOnOne() {
    Gate meeting = new Gate(4);
    ActorOptions quarter = ActorOptions.defaults().withCallResources(Resources.cpu(0.25));
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        ActorRef<Counter> actor = runtime.actor(quarter, Counter::new);
        refs.add(
            actor.call(
                counter -> {
                  meeting.meet();
                  return counter.add(1);
                }));
        refs.add(actor.call(counter -> counter.add(1)));
      }
      assertThat(runtime.getAll(refs)).containsExactly(1, 2, 1, 2, 1, 2, 1, 2);
      int nested =
          number(
              runtime,
              runtime
                  .actor(quarter, Counter::new)
                  .call(counter -> number(runtime, runtime.submit(context -> 3))));
      assertThat(nested).isEqualTo(3);
      assertThatThrownBy(
              () -> runtime.actor(quarter.withCallResources(Resources.cpu(2)), Counter::new))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "a call to an actor needs CPU 2 but this runtime has CPU 1 in all; it would wait for"
                  + " ever. Ask for less or add resources");
    }
  }

  @Test
  void manyActorsCountTogether() {
    try (TaskRuntime runtime = create()) {
      List<ActorRef<Counter>> actors = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        actors.add(runtime.actor(Counter::new));
      }
      List<ObjectRef<Integer>> last = new ArrayList<>();
      for (int round = 0; round < 30; round++) {
        last.clear();
        for (ActorRef<Counter> actor : actors) {
          last.add(actor.call(counter -> counter.add(1)));
        }
      }
      assertThat(runtime.getAll(last)).hasSize(1_000).containsOnly(30);
      assertThat(runtime.metrics().liveActors()).isEqualTo(1_000);
    }
  }

  @Test
  void actorsCallOtherActorsAndWaitForThemOnOneCpu() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ActorRef<Counter> inner = runtime.actor(Counter::new);
      ActorRef<Counter> outer = runtime.actor(Counter::new);
      ObjectRef<Integer> ref =
          outer.call(
              counter -> counter.add(number(runtime, inner.call(other -> other.add(20)))) + 1);
      assertThat(number(runtime, ref)).isEqualTo(21);
      ObjectRef<Integer> fromTask =
          runtime.submit(context -> context.get(outer.call(counter -> counter.value)));
      assertThat(number(runtime, fromTask)).isEqualTo(20);
    }
  }

  @Test
  void anActorThatWaitsForACallToItselfIsToldSo() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor = runtime.actor(ActorOptions.named("self"), Counter::new);
      ObjectRef<Integer> ref =
          actor.call(
              counter ->
                  number(runtime, runtime.<Counter>actorNamed("self").get().call(c -> c.add(1))));
      assertThatThrownBy(() -> runtime.get(ref))
          .hasMessageContaining("actor 'self' waits for call 'call' to itself");
    }
  }

  // Errors, deaths and restarts.

  @Test
  void aThrowingCallFailsAloneAndTheActorGoesOn() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor = runtime.actor(ActorOptions.named("counter"), Counter::new);
      actor.call(counter -> counter.add(5));
      ObjectRef<Integer> bad = actor.call(TaskOptions.named("explode"), Counter::fail);
      assertThatThrownBy(() -> runtime.get(bad))
          .isInstanceOf(TaskException.class)
          .hasMessage(
              "call 'explode' to actor 'counter' failed on attempt 1 of 1: "
                  + "java.lang.IllegalStateException: cannot count")
          .hasCauseInstanceOf(IllegalStateException.class);
      assertThat(number(runtime, actor.call(counter -> counter.add(1)))).isEqualTo(6);
      assertThat(runtime.metrics().actorRestarts()).isZero();
    }
  }

  @Test
  void aCallIsRetriedWhenItsOptionsSaySo() {
    Gate runs = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor = runtime.actor(Counter::new);
      ObjectRef<Integer> ref =
          actor.call(
              TaskOptions.named("flaky").withMaxRetries(2),
              counter -> runs.add(1) < 3 ? counter.fail() : counter.add(1));
      assertThat(number(runtime, ref)).isEqualTo(1);
      assertThat(runs.count()).isEqualTo(3);
      assertThatThrownBy(
              () ->
                  actor.call(
                      TaskOptions.named("gpu").withResources(Resources.of("GPU", 1)), counter -> 1))
          .hasMessageContaining("resources belong to the actor");
    }
  }

  @Test
  void aKilledActorRestartsFromItsFactoryAndWaitingCallsGoOn() throws Exception {
    Gate started = new Gate();
    Gate never = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.named("counter").withMaxRestarts(1), Counter::new);
      actor.call(counter -> counter.add(5));
      ObjectRef<Integer> running =
          actor.call(
              counter -> {
                started.open();
                never.await();
                return 1;
              });
      ObjectRef<Integer> waiting = actor.call(counter -> counter.add(1));
      started.await();
      runtime.kill(actor);
      assertThatThrownBy(() -> runtime.get(running))
          .isInstanceOf(ActorDiedException.class)
          .hasMessageContaining("actor 'counter' died while the call ran");
      assertThat(number(runtime, waiting)).isEqualTo(1);
      assertThat(runtime.metrics().actorRestarts()).isEqualTo(1);
    }
  }

  @Test
  void anActorGetsItsSnapshotBack() {
    try (TaskRuntime runtime = create()) {
      ActorRef<SavedCounter> actor =
          runtime.actor(ActorOptions.defaults().withMaxRestarts(-1), SavedCounter::new);
      for (int round = 1; round <= 10; round++) {
        assertThat(number(runtime, actor.call(counter -> counter.add(2)))).isEqualTo(2 * round);
        runtime.get(actor.call(counter -> counter.add(1))); // odd: the actor wants no snapshot
        runtime.kill(actor);
      }
      ObjectRef<Integer> broken = actor.call(counter -> counter.breakDown());
      assertThatThrownBy(() -> runtime.get(broken)).isInstanceOf(ActorDiedException.class);
      assertThat(number(runtime, actor.call(counter -> counter.value))).isEqualTo(20);
    }
  }

  @Test
  void aSnapshotThatThrowsIsADeathOfTheActor() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ActorRef<Unsaved> actor =
          runtime.actor(ActorOptions.named("unsaved").withMaxRestarts(1), Unsaved::new);
      ObjectRef<Integer> first = actor.call(counter -> counter.add(1));
      assertThat(runtime.get(first, Duration.ofSeconds(50))).isEqualTo(1);
      ObjectRef<Integer> second = actor.call(counter -> counter.add(1));
      assertThat(runtime.get(second, Duration.ofSeconds(50))).as("a fresh object").isEqualTo(1);
      assertThat(runtime.metrics().actorRestarts()).isEqualTo(1);
    }
  }

  static final class Unsaved extends Counter implements Snapshotable<Integer> {
    @Override
    public Integer snapshot() {
      throw new AssertionError("the snapshot's own bug");
    }

    @Override
    public void restore(Integer state) {}
  }

  @Test
  void anActorMayGiveItselfUp() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.named("worker").withMaxRestarts(1), Counter::new);
      actor.call(counter -> counter.add(5));
      ObjectRef<Integer> broken = actor.call(Counter::breakDown);
      assertThatThrownBy(() -> runtime.get(broken))
          .isInstanceOf(ActorDiedException.class)
          .hasCauseInstanceOf(ActorBrokenException.class);
      assertThat(number(runtime, actor.call(counter -> counter.add(1)))).isEqualTo(1);
    }
  }

  @Test
  void whenRestartsAreUsedUpCallsFailWithTheHistory() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.named("worker").withMaxRestarts(1), Counter::new);
      assertThat(number(runtime, actor.call(counter -> counter.add(1)))).isEqualTo(1);
      runtime.kill(actor);
      ObjectRef<Integer> broken = actor.call(Counter::breakDown);
      assertThatThrownBy(() -> runtime.get(broken)).isInstanceOf(ActorDiedException.class);
      ObjectRef<Integer> late = actor.call(TaskOptions.named("late"), counter -> counter.add(1));
      ActorDiedException error =
          catchThrowableOfType(ActorDiedException.class, () -> runtime.get(late));
      assertThat(error)
          .hasMessageContaining("call 'late' failed: actor 'worker' is dead after 2 of 2 lives")
          .hasMessageContaining("1) killed, 2) ")
          .hasMessageContaining("the child process is gone");
      assertThat(error.history()).hasSize(2).first().isEqualTo("killed");
      assertThat(error.actorName()).isEqualTo("worker");
    }
  }

  @Test
  void aFactoryThatThrowsIsTriedAgainAndThenGivenUp() {
    Gate tries = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> third =
          runtime.actor(
              ActorOptions.named("third").withMaxRestarts(2),
              () -> {
                if (tries.add(1) < 3) {
                  throw new java.io.IOException("no port free");
                }
                return new Counter();
              });
      assertThat(number(runtime, third.call(counter -> counter.add(1)))).isEqualTo(1);
      ActorRef<Counter> never =
          runtime.actor(
              ActorOptions.named("never"),
              () -> {
                throw new java.io.IOException("no port free");
              });
      ObjectRef<Integer> ref = never.call(counter -> counter.add(1));
      assertThatThrownBy(() -> runtime.get(ref))
          .isInstanceOf(ActorDiedException.class)
          .hasMessageContaining("its factory threw java.io.IOException: no port free")
          .hasRootCauseInstanceOf(java.io.IOException.class);
    }
  }

  @Test
  void callersHearOfAFactoryThatThrowsForEverAndLaterCallsTryAgain() {
    Gate tries = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(
              ActorOptions.named("late").withMaxRestarts(-1),
              () -> {
                if (tries.add(1) < 9) {
                  throw new java.io.IOException("no port free");
                }
                return new Counter();
              });
      ObjectRef<Integer> first = actor.call(counter -> counter.add(1));
      ObjectRef<Integer> second = actor.call(counter -> counter.add(1));
      assertThatThrownBy(() -> runtime.get(first))
          .isInstanceOf(ActorDiedException.class)
          .hasMessageStartingWith(
              "call 'call' failed: actor 'late' cannot be started, after 8 tries in a row (the next"
                  + " call leads to one, after 1280 ms); deaths: 1) its factory threw"
                  + " java.io.IOException: no port free, 2) ");
      assertThatThrownBy(() -> runtime.get(second)).isInstanceOf(ActorDiedException.class);
      assertThat(runtime.metrics().actorStartFailures()).isEqualTo(8);
      assertThat(number(runtime, actor.call(counter -> counter.add(1)))).isEqualTo(1);
      assertThat(tries.count()).isEqualTo(9);
      assertThat(runtime.metrics().liveActors()).isEqualTo(1);
    }
  }

  @Test
  void callsThatWaitForANextTryEndWithTheActorOrTheRuntime() throws Exception {
    Gate tried = new Gate();
    ObjectRef<Integer> abandoned;
    TaskRuntime runtime = create();
    try (runtime) {
      ActorFactory<Counter> broken =
          () -> {
            tried.open();
            throw new java.io.IOException("no port free");
          };
      ActorOptions restarted = ActorOptions.defaults().withMaxRestarts(-1);
      ActorRef<Counter> actor = runtime.actor(restarted, broken);
      ObjectRef<Integer> ref = actor.call(counter -> counter.add(1));
      tried.await();
      runtime.kill(actor, false);
      assertThatThrownBy(() -> runtime.get(ref))
          .isInstanceOf(ActorDiedException.class)
          .hasMessageContaining("killed for good");
      abandoned = runtime.actor(restarted, broken).call(counter -> counter.add(1));
    }
    assertThatThrownBy(() -> runtime.get(abandoned)).isInstanceOf(TaskException.class);
  }

  @Test
  void anActorKilledForGoodIsNotRestarted() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.named("worker").withMaxRestarts(-1), Counter::new);
      runtime.get(actor.call(counter -> counter.add(1)));
      runtime.kill(actor, false);
      runtime.kill(actor);
      ObjectRef<Integer> late = actor.call(counter -> counter.add(1));
      assertThatThrownBy(() -> runtime.get(late))
          .isInstanceOf(ActorDiedException.class)
          .hasMessageContaining("killed for good");
      assertThat(runtime.actorNamed("worker")).isEmpty();
      assertThat(runtime.metrics().liveActors()).isZero();
    }
  }

  @Test
  void killsAtAnyMomentLoseNoCall() throws Exception {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.defaults().withMaxRestarts(-1), Counter::new);
      Thread killer =
          new Thread(
              () -> {
                for (int i = 0; i < 300; i++) {
                  runtime.kill(actor);
                  Thread.onSpinWait();
                }
              });
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      killer.start();
      for (int i = 0; i < 20_000; i++) {
        refs.add(actor.call(counter -> counter.add(1)));
      }
      killer.join();
      int answered = 0;
      for (ObjectRef<Integer> ref : refs) {
        try {
          runtime.get(ref);
          answered++;
        } catch (ActorDiedException e) {
          assertThat(e).hasMessageContaining("died while the call ran");
        }
      }
      assertThat(answered).isGreaterThanOrEqualTo(20_000 - 300);
    }
  }

  @Test
  void aCancelledCallNeverRunsOrIsInterruptedAndTheActorGoesOn() throws Exception {
    Gate started = new Gate();
    Gate never = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor = runtime.actor(Counter::new);
      ObjectRef<Integer> running =
          actor.call(
              counter -> {
                started.open();
                never.await();
                return 1;
              });
      ObjectRef<Integer> waiting = actor.call(counter -> counter.add(100));
      started.await();
      assertThat(runtime.cancel(waiting)).isTrue();
      assertThat(runtime.cancel(running)).isTrue();
      assertThatThrownBy(() -> runtime.get(running)).isInstanceOf(TaskCancelledException.class);
      assertThat(number(runtime, actor.call(counter -> counter.add(1)))).isEqualTo(1);
    }
  }

  @Test
  void anActorThatCanBeClosedIsClosedAtEachDeath() throws Exception {
    Gate first = new Gate();
    Gate both = new Gate(2);
    try (TaskRuntime runtime = create()) {
      ActorRef<Resource> killed = runtime.actor(() -> new Resource(first));
      ActorRef<Resource> kept =
          runtime.actor(ActorOptions.defaults().withMaxRestarts(1), () -> new Resource(both));
      runtime.get(killed.run(resource -> {}));
      runtime.get(kept.run(resource -> {}));
      runtime.kill(killed);
      first.await();
      runtime.kill(kept);
      runtime.get(kept.run(resource -> {}));
    }
    assertThat(first.count()).isEqualTo(1);
    assertThat(both.count()).isEqualTo(2);
  }

  @Test
  void anActorThatThrowsWhenItIsClosedLeavesItsCpuToOthers() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ActorRef<Unclosable> actor = runtime.actor(Unclosable::new);
      ObjectRef<Integer> broken = actor.call(Unclosable::breakDown);
      assertThatThrownBy(() -> runtime.get(broken)).isInstanceOf(ActorDiedException.class);
      ObjectRef<Integer> next = runtime.submit(context -> 2);
      assertThat(runtime.get(next, Duration.ofSeconds(50))).isEqualTo(2);
    }
  }

  static final class Unclosable extends Counter implements AutoCloseable {
    @Override
    public void close() {
      throw new AssertionError("its own bug");
    }
  }

  // Names, mailboxes, resources.

  @Test
  void aNameBelongsToOneLivingActor() {
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor = runtime.actor(ActorOptions.named("counter"), Counter::new);
      assertThat(actor.name()).isEqualTo("counter");
      ActorRef<Counter> found = runtime.<Counter>actorNamed("counter").orElseThrow();
      runtime.get(found.call(counter -> counter.add(3)));
      assertThat(number(runtime, actor.call(counter -> counter.value))).isEqualTo(3);
      assertThatThrownBy(() -> runtime.actor(ActorOptions.named("counter"), Counter::new))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("an actor named 'counter' is alive already");
      runtime.kill(actor, false);
      assertThat(runtime.actorNamed("counter")).isEmpty();
      ActorRef<Counter> next = runtime.actor(ActorOptions.named("counter"), Counter::new);
      assertThat(number(runtime, next.call(counter -> counter.value))).isZero();
    }
  }

  @Test
  void aFullMailboxRefusesWhenAskedTo() throws Exception {
    Gate started = new Gate();
    Gate release = new Gate();
    try (TaskRuntime runtime = create()) {
      ActorRef<Counter> actor =
          runtime.actor(
              ActorOptions.named("small").withMailboxCapacity(2).withWhenFull(WhenFull.FAIL),
              Counter::new);
      ObjectRef<Integer> running =
          actor.call(
              counter -> {
                started.open();
                release.await();
                return counter.add(1);
              });
      started.await();
      actor.call(counter -> counter.add(1));
      ObjectRef<Integer> last = actor.call(counter -> counter.add(1));
      assertThatThrownBy(() -> actor.call(TaskOptions.named("third"), counter -> 0))
          .isInstanceOf(MailboxFullException.class)
          .hasMessageContaining(
              "the mailbox of actor 'small' is full (mailboxCapacity 2); call 'third' was not sent");
      release.open();
      assertThat(number(runtime, running)).isEqualTo(1);
      assertThat(number(runtime, last)).isEqualTo(3);
      assertThat(number(runtime, actor.call(counter -> counter.add(1)))).isEqualTo(4);
    }
  }

  @Test
  void aFullMailboxHoldsItsCallersBack() {
    try (TaskRuntime runtime = create(Resources.cpu(1))) {
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.defaults().withMailboxCapacity(3), Counter::new);
      // One CPU: the sending tasks must lend it to the actor while they are held back.
      List<ObjectRef<Integer>> senders = new ArrayList<>();
      for (int s = 0; s < 4; s++) {
        senders.add(
            runtime.submit(
                context -> {
                  int last = 0;
                  for (int i = 0; i < 50; i++) {
                    last = context.get(actor.call(counter -> counter.add(1)));
                    actor.call(counter -> counter.add(1));
                  }
                  return last;
                }));
      }
      runtime.getAll(senders);
      for (int i = 0; i < 200; i++) {
        actor.call(counter -> counter.add(1));
        assertThat(runtime.metrics().queued()).isLessThanOrEqualTo(4);
      }
      assertThat(number(runtime, actor.call(counter -> counter.value))).isEqualTo(600);
    }
  }

  @Test
  void anActorHoldsItsResourcesUntilItIsDead() {
    try (TaskRuntime runtime = create(Resources.cpu(2).with("GPU", 1))) {
      ActorOptions onGpu =
          ActorOptions.defaults().withResources(Resources.of("GPU", 1)).withMaxRestarts(1);
      ActorRef<Counter> first = runtime.actor(onGpu, Counter::new);
      runtime.get(first.call(counter -> counter.add(1)));
      ActorRef<Counter> second = runtime.actor(onGpu, Counter::new);
      ActorRef<Counter> third = runtime.actor(onGpu, Counter::new);
      ObjectRef<Integer> fromSecond = second.call(counter -> counter.add(1));
      ObjectRef<Integer> fromThird = third.call(counter -> counter.add(1));
      runtime.kill(first); // restarts and keeps the GPU
      assertThat(number(runtime, first.call(counter -> counter.add(1)))).isEqualTo(1);
      assertThat(runtime.wait(List.of(fromSecond), 1, Duration.ofMillis(20)).ready()).isEmpty();
      runtime.kill(second, false); // while it waits for the GPU
      assertThatThrownBy(() -> runtime.get(fromSecond)).isInstanceOf(ActorDiedException.class);
      runtime.kill(first);
      assertThat(number(runtime, fromThird)).isEqualTo(1);
    }
  }

  @Test
  void actorsThatHoldAllCpusStillGetTheirNestedTasksRun() {
    try (TaskRuntime runtime = create(Resources.cpu(2))) {
      ActorOptions onCpu = ActorOptions.defaults().withResources(Resources.ONE_CPU);
      ActorRef<Counter> one = runtime.actor(onCpu, Counter::new);
      ActorRef<Counter> two = runtime.actor(onCpu.withMaxConcurrency(4), Counter::new);
      List<ObjectRef<Integer>> refs = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        refs.add(one.call(counter -> number(runtime, runtime.submit(context -> 1))));
        refs.add(two.call(counter -> number(runtime, runtime.submit(context -> 1))));
      }
      assertThat(runtime.getAll(refs)).hasSize(200).containsOnly(1);
    }
  }

  // Events.

  @Test
  void everyChangeOfStateIsAnEvent() {
    List<RuntimeEvent> events = new CopyOnWriteArrayList<>();
    RuntimeListener listener = events::add;
    try (TaskRuntime runtime = create()) {
      runtime.addListener(listener);
      runtime.addListener(
          event -> {
            throw new IllegalStateException("a bad listener disturbs nobody");
          });
      runtime.addListener(
          event -> {
            throw new AssertionError("nor does a worse one");
          });
      ObjectRef<Integer> flaky =
          runtime.submit(
              TaskOptions.named("flaky").withMaxRetries(1),
              List.of(runtime.put(1)),
              context -> {
                if (context.attempt() == 1) {
                  throw new IllegalStateException("once");
                }
                return 2;
              });
      runtime.get(flaky);
      ActorRef<Counter> actor =
          runtime.actor(ActorOptions.named("counter").withMaxRestarts(1), Counter::new);
      runtime.get(actor.call(counter -> counter.add(1)));
      runtime.kill(actor);
      runtime.get(actor.call(counter -> counter.add(1)));
      runtime.removeListener(listener);
      runtime.get(runtime.submit(context -> 1));
    }
    assertThat(events.stream().filter(e -> e.name().equals("flaky")).map(RuntimeEvent::kind))
        .containsExactly(
            Kind.SUBMITTED, Kind.READY, Kind.STARTED, Kind.RETRIED, Kind.STARTED, Kind.SUCCEEDED);
    assertThat(events.stream().filter(e -> e.name().equals("flaky")).map(RuntimeEvent::attempt))
        .containsExactly(1, 1, 1, 1, 2, 2);
    assertThat(events.stream().filter(e -> e.name().equals("counter")).map(RuntimeEvent::kind))
        .containsExactly(Kind.ACTOR_STARTED, Kind.ACTOR_DIED, Kind.ACTOR_RESTARTED);
    assertThat(events.stream().filter(e -> e.name().equals("call")))
        .hasSize(6)
        .allMatch(e -> e.actor().equals("counter"));
    assertThat(events).noneMatch(e -> e.name().equals("task"));
  }
}
