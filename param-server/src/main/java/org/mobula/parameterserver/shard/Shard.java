package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.optimizer.GradientClipping;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.mobula.parameterserver.shard.Consistency.Synchronous;
import org.mobula.parameterserver.shard.ShardStatus.Role;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One slice of the parameters with its optimizer, as a state machine without threads or network:
 * whoever hosts it brings the requests, and calls {@link #expire} every now and then.
 *
 * <p>A primary changes its values one step at a time, hands each change to its replica while it
 * takes the step itself, and answers nobody before the replica has acknowledged: what has been
 * answered or read is on both. A replica that was promoted refuses its former primary, which then
 * knows that it is fenced. A primary whose replica is silent for longer than {@code replicaTimeout}
 * goes on alone; two machines cannot tell by themselves which of them is cut off, so the timeout
 * must be longer than clients wait before they promote the replica.
 *
 * <p>The methods mirror {@link ShardLink}; where that writes values into a slice, here a {@link
 * SliceReader} takes them, so that a host can encode them where they lie. Safe for several threads.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Each stage deals with its errors itself.
public final class Shard {
  private static final Logger LOG = LoggerFactory.getLogger(Shard.class);

  /** An entry without an answer is sent again after this time, or a quarter of the timeout. */
  private static final long MOST_RESEND_NANOS = 1_000_000_000;

  private final ShardSetup setup;
  private final LongSupplier nanoClock;
  private final long layoutHash;
  private final SerialQueue queue = new SerialQueue();

  // All that follows is touched by the queue's tasks alone.
  private final SliceNumbers numbers;
  private final Measurements measurements = new Measurements();
  private final Map<Integer, Worker> workers = new TreeMap<>();

  /** Answers that wait for the replica, or for slower workers. */
  private final List<Held> held = new ArrayList<>();

  /** Rounds that wait for the entry before them to be acknowledged. */
  private final Deque<Round> ready = new ArrayDeque<>();

  private Role role;
  private Consistency consistency;

  /** Where pushes of rounds gather, until it is closed. */
  private Round open = new Round();

  /** The round whose mean is taken but whose step is not. */
  private @Nullable Round closing;

  private long epoch;
  private long version;
  private long sequence;
  private double[] lastSums = new double[0];

  /** The replica has to hear of the workers, or to confirm that this is still the primary. */
  private boolean entryDue;

  private @Nullable ShardLink replica;
  private @Nullable InFlight inFlight;
  private long lastSentAt;

  /**
   * An answer that waits.
   *
   * @param sequence of the entry that must be acknowledged before
   * @param progress that the worker has reached, where it is paced by the others
   * @param answer ends the future
   */
  private record Held(
      long sequence,
      @Nullable Worker paced,
      long progress,
      CompletableFuture<?> future,
      Runnable answer) {}

  /** The entry that the replica has not acknowledged. */
  private static final class InFlight {
    Entry entry;
    final float[] mean;
    final long since;
    boolean attemptFailed;

    InFlight(Entry entry, float[] mean, long now) {
      this.entry = entry;
      this.mean = mean;
      since = now;
    }
  }

  private Shard(ShardSetup setup, Role role, LongSupplier nanoClock) {
    this.setup = setup;
    this.role = role;
    this.nanoClock = nanoClock;
    layoutHash = LayoutHash.of(setup.layout());
    consistency = setup.consistency();
    numbers = new SliceNumbers(setup);
  }

  /**
   * A primary at version 0 without a replica.
   *
   * @param initial the first values of the slice; copied
   * @param nanoClock as {@link System#nanoTime}
   */
  public static Shard primary(ShardSetup setup, FloatSlice initial, LongSupplier nanoClock) {
    if (initial.length() != setup.size()) {
      throw new IllegalArgumentException(
          "the initial parameters have %d numbers but the shard's range has %d"
              .formatted(initial.length(), setup.size()));
    }
    Shard shard = new Shard(setup, Role.LONE_PRIMARY, nanoClock);
    System.arraycopy(
        initial.array(), initial.offset(), shard.numbers.values(), 0, initial.length());
    return shard;
  }

  /** A replica that holds nothing until a primary is told to {@link #replicateTo} it. */
  public static Shard replica(ShardSetup setup, LongSupplier nanoClock) {
    return new Shard(setup, Role.REPLICA, nanoClock);
  }

  /** What it was set up with. */
  public ShardSetup setup() {
    return setup;
  }

  /** Sends the whole state to a replica, and from then on each change. Replaces another one. */
  public void replicateTo(ShardLink link) {
    queue.run(
        () -> {
          if (isPrimary()) {
            replica = link;
            role = Role.REPLICATED_PRIMARY;
            if (inFlight != null) {
              inFlight.entry = entry(whole());
              send(inFlight);
            } else {
              advance(whole(), new float[0]);
            }
          }
        });
  }

  /** See {@link ShardLink#join}. */
  public CompletableFuture<Joined> join(Join join) {
    return inTurn(future -> join(join, future));
  }

  private void join(Join join, CompletableFuture<Joined> future) {
    checkPrimary();
    if (join.layoutHash() != layoutHash) {
      throw refusal(
          Refusal.WRONG_LAYOUT,
          "the worker's network has layout %016x but the server's has %016x: start both with the same configuration"
              .formatted(join.layoutHash(), layoutHash));
    }
    if (join.from() != setup.from() || join.to() != setup.to()) {
      throw refusal(
          Refusal.WRONG_LAYOUT,
          "the worker takes the shard for [%d, %d) but it is [%d, %d): name all shards, in their order"
              .formatted(join.from(), join.to(), setup.from(), setup.to()));
    }
    int number = join.worker() == Join.ANY ? lowestFree(join.session()) : join.worker();
    Worker worker = workers.computeIfAbsent(number, Worker::new);
    if (worker.present && worker.session != join.session()) {
      throw refusal(
          Refusal.ALREADY_JOINED,
          "worker %d is present in another process: take another number, or wait until its lease of %s has ended"
              .formatted(number, setup.lease()));
    }
    boolean same = worker.present && worker.session == join.session();
    if (worker.session != join.session()) {
      abandonTurn(worker, "another process has joined as worker " + number);
      worker.session = join.session();
    }
    if (!same) {
      worker.progress = leastProgress();
      worker.present = true;
      entryDue = true;
    }
    renew(worker);
    hold(
        same ? sequence : sequence + 1,
        future,
        () ->
            future.complete(
                new Joined(number, epoch, version, worker.done, setup.lease().toNanos())));
  }

  private int lowestFree(long session) {
    for (Worker worker : workers.values()) {
      if (worker.present && worker.session == session) {
        return worker.number; // It asks again.
      }
    }
    for (int number = 0; ; number++) {
      Worker taken = workers.get(number);
      if (taken == null || !taken.present) {
        return number;
      }
    }
  }

  /** See {@link ShardLink#leave}. */
  public CompletableFuture<Void> leave(Caller caller) {
    return inTurn(
        future -> {
          checkPrimary();
          Worker worker = workers.get(caller.worker());
          if (worker != null && worker.session == caller.session()) {
            abandonTurn(worker, "worker " + caller.worker() + " has left");
            remove(worker);
          }
          hold(sequence + (entryDue ? 1 : 0), future, () -> future.complete(null));
        });
  }

  /**
   * See {@link ShardLink#pushPull}.
   *
   * @param values reads the newest values unless the answer is {@link Stepped#awaitsCommit}
   */
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, SliceReader values) {
    return inTurn(future -> push(push, gradient, new Turn.Waiter(future, values)));
  }

  private void push(Push push, FloatSlice gradient, Turn.Waiter waiter) {
    Worker worker = checkWorker(push.caller());
    checkLength(gradient);
    if (!(push.learningRate() >= 0 && push.learningRate() < Double.POSITIVE_INFINITY)
        || push.clock() < 1
        || push.baseVersion() < 0) {
      throw refusal(
          Refusal.OUT_OF_RANGE,
          "learning rate is %s, clock %d and base version %d but must be ≥ 0 and finite, ≥ 1 and ≥ 0"
              .formatted(push.learningRate(), push.clock(), push.baseVersion()));
    }
    if (push.clock() <= worker.done) {
      measurements.duplicates++;
      holdStepped(worker, worker.lastWasLate, worker.lastSums, waiter);
      return;
    }
    Turn turn = worker.turn;
    if (turn != null && push.clock() < turn.push.clock()) {
      throw refusal(
          Refusal.OUT_OF_RANGE,
          "clock is %d but worker %d has pushed with clock %d since"
              .formatted(push.clock(), worker.number, turn.push.clock()));
    } else if (turn != null && push.clock() == turn.push.clock()) {
      measurements.duplicates++;
      if (turn.round.stage == Round.Stage.AWAITS_COMMIT) {
        answerAwaitsCommit(turn, waiter);
      } else {
        turn.waiters.removeIf(each -> each.future().isDone());
        turn.waiters.add(waiter);
      }
      return;
    }
    abandonTurn(worker, "worker " + worker.number + " has pushed again with a higher clock");
    if (consistency instanceof Synchronous) {
      pushToRound(worker, push, gradient, waiter);
    } else {
      Round own = new Round();
      take(new Turn(worker, push, own, gradient), waiter);
      close(own);
    }
  }

  private void pushToRound(Worker worker, Push push, FloatSlice gradient, Turn.Waiter waiter) {
    if (push.baseVersion() < version) {
      worker.done = push.clock();
      worker.lastWasLate = true;
      worker.lastSums = lastSums;
      worker.progress++;
      measurements.lateGradients++;
      holdStepped(worker, true, lastSums, waiter);
    } else if (closing == null || push.baseVersion() > version) {
      take(new Turn(worker, push, open, gradient), waiter);
      closeIfComplete();
    } else {
      Turn turn = new Turn(worker, push, closing, FloatSlice.NONE);
      worker.turn = turn;
      closing.late.add(turn);
      measurements.lateGradients++;
      if (closing.stage == Round.Stage.AWAITS_COMMIT) {
        answerAwaitsCommit(turn, waiter);
      } else {
        turn.waiters.add(waiter);
      }
    }
  }

  private static void take(Turn turn, Turn.Waiter waiter) {
    turn.waiters.add(waiter);
    turn.worker.turn = turn;
    turn.round.turns.put(turn.worker.number, turn);
  }

  /** Answers with the sums, when the replica has confirmed what they are taken from. */
  private void answerAwaitsCommit(Turn turn, Turn.Waiter waiter) {
    hold(
        sequence + (entryDue ? 1 : 0),
        waiter.future(),
        () -> {
          boolean late = turn.round.turns.get(turn.worker.number) != turn;
          waiter.future().complete(new Stepped(version, true, late, turn.round.sums));
        });
  }

  /**
   * Takes the mean of a round if all that it waits for are there.
   *
   * <p>A worker names the same round to all shards: the version of the newest. A shard that is
   * behind, because the others have gone on with the first of a round, keeps what is meant for
   * later; else two workers could wait for each other at two shards for ever. Once all workers wait
   * there is nobody to keep it for.
   */
  private void closeIfComplete() {
    if (!(consistency instanceof Synchronous synchronous)
        || closing != null
        || open.turns.isEmpty()) {
      return;
    }
    boolean all =
        workers.values().stream()
            .allMatch(worker -> !worker.present || open.turns.containsKey(worker.number));
    if (all) {
      closeOpen();
      return;
    }
    long named = open.turns.values().stream().mapToLong(Turn::named).min().orElseThrow();
    List<Turn> first = open.turns.values().stream().filter(turn -> turn.named() == named).toList();
    if (synchronous.first() > 0 && first.size() >= synchronous.first()) {
      Round rest = new Round();
      for (Turn turn : List.copyOf(open.turns.values())) {
        if (turn.named() != named) {
          open.turns.remove(turn.worker.number);
          turn.round = rest;
          rest.turns.put(turn.worker.number, turn);
        }
      }
      closeOpen();
      open = rest;
    }
  }

  private void closeOpen() {
    Round round = open;
    if (close(round)) {
      open = new Round();
      closing = round;
    } else {
      closeIfComplete();
    }
  }

  /**
   * Takes the mean.
   *
   * @return false if a gradient was not finite; it is no longer in the round, and the others are
   */
  private boolean close(Round round) {
    long start = nanoClock.getAsLong();
    float[] mean = numbers.borrow();
    double[] sums = new double[BlockNorm.blocks(setup.size())];
    List<FloatSlice> gradients = round.turns.values().stream().map(turn -> turn.gradient).toList();
    if (!numbers.mean(gradients, mean, sums)) {
      numbers.giveBack(mean);
      refuseNotFinite(round);
      return false;
    }
    round.mean = mean;
    round.sums = sums;
    for (Turn turn : round.turns.values()) {
      turn.gradient = FloatSlice.NONE;
    }
    if (setup.maxGradientNorm() > 0) {
      round.stage = Round.Stage.AWAITS_COMMIT;
      // A shard that is fenced and does not know it must not answer with sums of its own: other
      // shards would clip by a norm that holds them.
      entryDue |= replica != null;
      for (Turn turn : round.turns.values()) {
        turn.waiters.forEach(waiter -> answerAwaitsCommit(turn, waiter));
        turn.waiters.clear();
      }
    } else {
      round.stage = Round.Stage.READY;
      ready.add(round);
    }
    measurements.applyNanos += nanoClock.getAsLong() - start;
    return true;
  }

  private void refuseNotFinite(Round round) {
    for (Turn turn : List.copyOf(round.turns.values())) {
      if (!SliceNumbers.isFinite(turn.gradient)) {
        drop(
            turn,
            refusal(
                Refusal.NOT_FINITE,
                "the gradient of worker %d holds NaN or infinity between %d and %d"
                    .formatted(turn.worker.number, setup.from(), setup.to())));
      }
    }
  }

  /** Takes a push out of its round as if it had never come. */
  private void drop(Turn turn, RefusedException why) {
    turn.round.turns.remove(turn.worker.number, turn);
    turn.round.late.remove(turn);
    if (turn.worker.turn == turn) {
      turn.worker.turn = null;
    }
    turn.waiters.forEach(waiter -> fail(waiter.future(), why));
    turn.waiters.clear();
  }

  /** A worker's push that it will not ask for again. What is already in a mean stays in it. */
  private void abandonTurn(Worker worker, String why) {
    Turn turn = worker.turn;
    if (turn == null) {
      return;
    }
    RefusedException refusal = refusal(Refusal.NOT_JOINED, why);
    if (turn.round.stage == Round.Stage.OPEN) {
      drop(turn, refusal);
    } else {
      turn.waiters.forEach(waiter -> fail(waiter.future(), refusal));
      turn.waiters.clear();
      worker.turn = null;
    }
  }

  /**
   * See {@link ShardLink#commit}.
   *
   * @param values reads the values after the step
   */
  public CompletableFuture<Stepped> commit(Commit commit, SliceReader values) {
    return inTurn(future -> commit(commit, new Turn.Waiter(future, values)));
  }

  private void commit(Commit commit, Turn.Waiter waiter) {
    Worker worker = checkWorker(commit.caller());
    if (!(commit.norm() >= 0 && commit.norm() < Double.POSITIVE_INFINITY)) {
      throw refusal(
          Refusal.NOT_FINITE, "the norm is " + commit.norm() + " but must be ≥ 0 and finite");
    }
    if (commit.clock() <= worker.done) {
      holdStepped(worker, worker.lastWasLate, worker.lastSums, waiter);
      return;
    }
    Turn turn = worker.turn;
    if (turn == null
        || turn.push.clock() != commit.clock()
        || turn.round.stage == Round.Stage.OPEN) {
      throw refusal(
          Refusal.NOT_PUSHED,
          "worker %d commits its push %d, whose round has not closed here: push again"
              .formatted(worker.number, commit.clock()));
    }
    turn.waiters.add(waiter);
    if (turn.round.stage == Round.Stage.AWAITS_COMMIT) {
      turn.round.clipCoefficient =
          GradientClipping.coefficient(commit.norm(), setup.maxGradientNorm());
      turn.round.stage = Round.Stage.READY;
      ready.add(turn.round);
    }
  }

  /** One optimizer step with the round's mean. */
  private void apply(Round round) {
    long start = nanoClock.getAsLong();
    double learningRate = round.turns.values().iterator().next().push.learningRate();
    long before = version++;
    for (Turn turn : round.turns.values()) {
      measurements.applied(before - turn.push.baseVersion());
      finish(turn, false);
    }
    round.late.forEach(turn -> finish(turn, true));
    lastSums = round.sums;
    Entry.Step step =
        new Entry.Step(FloatSlice.of(round.mean), learningRate, round.clipCoefficient, round.sums);
    if (round == closing) {
      closing = null;
    }
    // The replica is told first, so that both take the step at the same time.
    advance(step, round.mean);
    numbers.step(round.mean, learningRate, round.clipCoefficient);
    if (inFlight == null) {
      numbers.giveBack(round.mean);
    }
    measurements.applyNanos += nanoClock.getAsLong() - start;
    for (Turn turn : round.turns.values()) {
      turn.waiters.forEach(waiter -> holdStepped(turn.worker, false, round.sums, waiter));
    }
    for (Turn turn : round.late) {
      turn.waiters.forEach(waiter -> holdStepped(turn.worker, true, round.sums, waiter));
    }
    closeIfComplete();
  }

  private static void finish(Turn turn, boolean late) {
    Worker worker = turn.worker;
    worker.progress++;
    if (turn.push.clock() > worker.done && turn.push.caller().session() == worker.session) {
      worker.done = turn.push.clock();
      worker.lastWasLate = late;
      worker.lastSums = turn.round.sums;
      if (!late) {
        worker.applied = turn.push.clock();
      }
    }
    if (worker.turn == turn) {
      worker.turn = null;
    }
  }

  private void holdStepped(Worker worker, boolean late, double[] sums, Turn.Waiter waiter) {
    // Who has asked again has mostly given the former question up.
    held.removeIf(each -> each.paced == worker && each.future.isDone());
    held.add(
        new Held(
            sequence,
            worker,
            worker.progress,
            waiter.future(),
            () -> {
              read(waiter.values(), waiter.future());
              waiter.future().complete(new Stepped(version, false, late, sums));
            }));
  }

  private void read(SliceReader values, CompletableFuture<?> future) {
    if (!future.isDone()) { // Who has cancelled it may use the array for something else.
      values.read(numbers.values(), 0, setup.size(), version);
    }
  }

  /** See {@link ShardLink#pull}. */
  public CompletableFuture<Pulled> pull(Pull pull, SliceReader values) {
    return inTurn(
        future -> {
          checkCaller(pull.caller());
          hold(
              sequence,
              future,
              () -> {
                boolean changed = pull.have() != version;
                if (changed) {
                  read(values, future);
                }
                future.complete(new Pulled(version, changed));
              });
        });
  }

  /** See {@link ShardLink#clock}. */
  public CompletableFuture<Clocks> clock(Caller caller) {
    return inTurn(
        future -> {
          Worker worker = checkWorker(caller);
          Turn turn = worker.turn;
          long received = turn == null ? worker.done : Math.max(worker.done, turn.push.clock());
          boolean waits =
              held.stream().anyMatch(each -> each.paced == worker && !each.future.isDone());
          future.complete(new Clocks(version, received, worker.done - (waits ? 1 : 0)));
        });
  }

  /** See {@link ShardLink#snapshot}. */
  public CompletableFuture<ShardState> snapshot(Caller caller) {
    return inTurn(
        future -> {
          checkCaller(caller);
          hold(
              sequence,
              future,
              () -> future.complete(new ShardState(epoch, setup.from(), numbers.save(version))));
        });
  }

  /** See {@link ShardLink#restore}. */
  public CompletableFuture<Restored> restore(Restore restore) {
    return inTurn(
        future -> {
          checkPrimary();
          if (restore.caller().epoch() < epoch) {
            throw wrongEpoch(restore.caller().epoch());
          }
          // Not before the replica has what came before.
          hold(sequence, future, () -> restore(restore, future));
        });
  }

  private void restore(Restore restore, CompletableFuture<Restored> future) {
    StoreState slice = restore.slice();
    restoreNumbers(slice);
    epoch = Math.max(epoch, restore.caller().epoch()) + 1;
    long lost = Math.max(0, restore.lastKnownVersion() - slice.parameters().version());
    version = slice.parameters().version();
    lastSums = new double[0];
    dropAllTurns(wrongEpoch(epoch - 1));
    advance(whole(), new float[0]);
    hold(sequence, future, () -> future.complete(new Restored(epoch, version, lost)));
  }

  private void restoreNumbers(StoreState slice) {
    try {
      numbers.restore(slice);
    } catch (IllegalArgumentException e) {
      throw refusal(Refusal.WRONG_STATE, String.valueOf(e.getMessage()));
    }
  }

  /** See {@link ShardLink#status}. */
  public CompletableFuture<ShardStatus> status() {
    return inTurn(
        future -> {
          int waiting =
              held.size()
                  + workers.values().stream()
                      .mapToInt(worker -> worker.turn == null ? 0 : worker.turn.waiters.size())
                      .sum();
          future.complete(
              new ShardStatus(
                  role,
                  epoch,
                  version,
                  setup.from(),
                  setup.to(),
                  consistency,
                  workers.values().stream()
                      .filter(worker -> worker.present)
                      .map(worker -> worker.number)
                      .toList(),
                  waiting,
                  measurements.pushes,
                  measurements.lateGradients,
                  measurements.duplicates,
                  measurements.staleness(),
                  measurements.applyNanos,
                  measurements.bytesIn,
                  measurements.bytesOut,
                  measurements.refusals()));
        });
  }

  /** See {@link ShardLink#setConsistency}. An open round is closed with what it has. */
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency wanted) {
    return inTurn(
        future -> {
          checkCaller(caller);
          consistency = wanted;
          // Lag that only the former rule allowed must not make anybody wait.
          workers.values().forEach(worker -> worker.progress = 0);
          entryDue = true;
          if (!(wanted instanceof Synchronous)) {
            Round last = open;
            open = new Round();
            // It goes on by itself; the pushes that follow are rounds of their own.
            closing = null;
            while (!last.turns.isEmpty() && !close(last)) {
              LOG.warn("A gradient that is not finite was refused at the change of consistency.");
            }
          }
          closeIfComplete();
          hold(sequence + 1, future, () -> future.complete(null));
        });
  }

  /** See {@link ShardLink#replicate}. */
  public CompletableFuture<Long> replicate(Entry entry) {
    return inTurn(
        future -> {
          follow(entry);
          future.complete(sequence);
        });
  }

  private void follow(Entry entry) {
    boolean whole = entry.change() instanceof Entry.Whole;
    boolean becomesReplica = role == Role.FENCED && whole && entry.epoch() > epoch;
    if (entry.epoch() < epoch || (role != Role.REPLICA && !becomesReplica)) {
      throw refusal(
          Refusal.FENCED,
          "the entry is of epoch %d but this shard is at epoch %d, %s: the sender is no longer the primary"
              .formatted(entry.epoch(), epoch, role));
    }
    if (entry.epoch() == epoch && entry.sequence() <= sequence) {
      return;
    }
    if (!whole && (entry.epoch() != epoch || entry.sequence() != sequence + 1 || sequence == 0)) {
      throw refusal(
          Refusal.OUT_OF_ORDER,
          "entry %d of epoch %d does not follow entry %d of epoch %d: send the whole state"
              .formatted(entry.sequence(), entry.epoch(), sequence, epoch));
    }
    if (entry.change() instanceof Entry.Whole state) {
      if (state.blockSums().size() != entry.members().size()) {
        throw refusal(
            Refusal.WRONG_STATE,
            "the entry has %d members but sums of %d"
                .formatted(entry.members().size(), state.blockSums().size()));
      }
      restoreNumbers(state.slice());
      workers.clear();
      role = Role.REPLICA;
    } else if (entry.change() instanceof Entry.Step step) {
      checkLength(step.gradient());
      float[] gradient = numbers.borrow();
      FloatSlice given = step.gradient();
      System.arraycopy(given.array(), given.offset(), gradient, 0, given.length());
      numbers.step(gradient, step.learningRate(), step.clipCoefficient());
      numbers.giveBack(gradient);
      lastSums = step.blockSums();
    }
    for (int i = 0; i < entry.members().size(); i++) {
      Member member = entry.members().get(i);
      Worker worker = workers.computeIfAbsent(member.worker(), Worker::new);
      if (entry.change() instanceof Entry.Whole state) {
        worker.lastSums = state.blockSums().get(i);
      } else if (member.applied() > worker.applied) {
        worker.lastSums = lastSums;
      }
      worker.session = member.session();
      worker.applied = member.applied();
      worker.done = member.applied();
      worker.progress = member.progress();
      worker.present = member.present();
    }
    consistency = entry.consistency();
    version = entry.version();
    epoch = entry.epoch();
    sequence = entry.sequence();
  }

  /** See {@link ShardLink#promote}. */
  public CompletableFuture<Promoted> promote(Promote promote) {
    return inTurn(
        future -> {
          if (role == Role.FENCED) {
            throw fenced();
          }
          if (isPrimary()) {
            if (promote.epoch() > epoch) {
              throw wrongEpoch(promote.epoch());
            }
          } else {
            takeOver(promote);
          }
          hold(sequence, future, () -> future.complete(new Promoted(epoch, version)));
        });
  }

  private void takeOver(Promote promote) {
    if (promote.epoch() <= epoch) {
      throw wrongEpoch(promote.epoch());
    }
    if (sequence == 0 || version < promote.knownVersion()) {
      throw refusal(
          Refusal.BEHIND,
          "this replica has %s but version %d is known: it was cut off and must not take over; start a new shard and restore the last checkpoint"
              .formatted(sequence == 0 ? "nothing" : "version " + version, promote.knownVersion()));
    }
    LOG.warn(
        "The replica of parameters {} to {} takes over at version {} with epoch {}.",
        setup.from(),
        setup.to(),
        version,
        promote.epoch());
    epoch = promote.epoch();
    role = Role.LONE_PRIMARY;
    // Nobody could reach it before.
    workers.values().forEach(this::renew);
  }

  /**
   * To be called every now and then, ten times a second say: takes off workers whose lease has
   * ended, and looks after the replica.
   */
  public void expire() {
    queue.run(
        () -> {
          long now = nanoClock.getAsLong();
          if (isPrimary()) {
            for (Worker worker : workers.values()) {
              if (worker.present && now - worker.leaseEnds >= 0) {
                LOG.warn("Worker {} was silent for too long and is taken off.", worker.number);
                remove(worker);
              }
            }
          }
          InFlight entry = inFlight;
          if (entry != null && now - entry.since >= setup.replicaTimeout().toNanos()) {
            giveUpReplica();
          } else if (entry != null && (entry.attemptFailed || now - lastSentAt >= resendNanos())) {
            send(entry);
          } else if (entry == null && now - lastSentAt >= resendNanos()) {
            greetReplica(now);
          }
          pump();
        });
  }

  private long resendNanos() {
    return Math.min(MOST_RESEND_NANOS, setup.replicaTimeout().toNanos() / 4);
  }

  /** The connection that a worker joined over is gone; it has a little time to come back. */
  public void disconnected(int number, long session) {
    queue.run(
        () -> {
          Worker worker = workers.get(number);
          if (worker != null && worker.session == session) {
            long end = nanoClock.getAsLong() + setup.reconnectWithin().toNanos();
            if (end - worker.leaseEnds < 0) {
              worker.leaseEnds = end;
            }
          }
        });
  }

  /** Counts what a host has carried over the network for this shard. */
  public void carried(long bytesIn, long bytesOut) {
    queue.run(
        () -> {
          measurements.bytesIn += bytesIn;
          measurements.bytesOut += bytesOut;
        });
  }

  /** Counts a refusal that a host made before the shard was asked. */
  public void refused(Refusal reason) {
    queue.run(() -> measurements.refused(reason));
  }

  /** What was pushed in the open round counts, as it would have if the worker had gone later. */
  private void remove(Worker worker) {
    if (worker.present) {
      worker.present = false;
      entryDue = true;
      closeIfComplete();
    }
  }

  private void renew(Worker worker) {
    worker.leaseEnds = nanoClock.getAsLong() + setup.lease().toNanos();
  }

  private long leastProgress() {
    return workers.values().stream()
        .filter(worker -> worker.present)
        .mapToLong(worker -> worker.progress)
        .min()
        .orElse(0);
  }

  // ---- replication ----

  /** Does what can be done until the next entry has to be acknowledged. */
  private void pump() {
    while (isPrimary()) {
      if (inFlight != null) {
        return;
      }
      if (entryDue) {
        // First of all: whom an answer has not to wait for, the replica must have agreed to.
        advance(new Entry.Unchanged(), new float[0]);
        continue;
      }
      settle();
      Round round = inFlight == null && !entryDue ? ready.poll() : null;
      if (round != null) {
        apply(round);
      } else if (inFlight != null || !entryDue) {
        return;
      }
    }
  }

  /** Gives the answers that need not wait any more; all that can be read is acknowledged then. */
  private void settle() {
    for (int i = 0; i < held.size() && inFlight == null; ) {
      if (isDue(held.get(i))) {
        // An answer may bring others, at the end.
        Held due = held.remove(i);
        guard(due.future, due.answer);
      } else {
        i++;
      }
    }
  }

  private boolean isDue(Held answer) {
    if (answer.sequence > sequence) {
      return false;
    }
    return !(consistency instanceof BoundedStaleness bound)
        || answer.paced == null
        || !answer.paced.present
        || Math.min(answer.progress, answer.paced.progress) - leastProgress() <= bound.staleness();
  }

  private void hold(long untilSequence, CompletableFuture<?> future, Runnable answer) {
    held.add(new Held(untilSequence, null, 0, future, answer));
  }

  private Entry entry(Entry.Change change) {
    return new Entry(
        epoch,
        sequence,
        version,
        consistency,
        workers.values().stream().map(Worker::member).toList(),
        change);
  }

  private Entry.Whole whole() {
    return new Entry.Whole(
        numbers.save(version), workers.values().stream().map(worker -> worker.lastSums).toList());
  }

  /** The values or the workers have changed, or are about to. */
  private void advance(Entry.Change change, float[] mean) {
    sequence++;
    entryDue = false;
    if (replica != null) {
      inFlight = new InFlight(entry(change), mean, nanoClock.getAsLong());
      send(inFlight);
    }
  }

  private void send(InFlight sent) {
    ShardLink link = replica;
    if (link == null) {
      return;
    }
    lastSentAt = nanoClock.getAsLong();
    sent.attemptFailed = false;
    Entry entry = sent.entry;
    link.replicate(entry)
        .whenComplete(
            (reached, error) -> queue.run(() -> acknowledged(link, entry, reached, error)));
  }

  private void acknowledged(
      ShardLink link, Entry entry, @Nullable Long reached, @Nullable Throwable error) {
    InFlight sent = inFlight;
    if (sent == null || sent.entry.sequence() != entry.sequence() || replica != link) {
      return;
    }
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    if (reached != null && reached >= entry.sequence()) {
      inFlight = null;
      if (entry.change() instanceof Entry.Step) {
        numbers.giveBack(sent.mean);
      }
    } else if (cause instanceof RefusedException refused && refused.refusal() == Refusal.FENCED) {
      fence();
    } else if (cause instanceof RefusedException refused
        && refused.refusal() == Refusal.OUT_OF_ORDER) {
      // The state has this entry in it already.
      sent.entry = entry(whole());
      send(sent);
    } else {
      sent.attemptFailed = true;
    }
    pump();
  }

  /** So that a primary which nobody asks hears that another has taken over. */
  private void greetReplica(long now) {
    ShardLink link = replica;
    if (link == null) {
      return;
    }
    lastSentAt = now;
    link.replicate(entry(new Entry.Unchanged()))
        .whenComplete(
            (reached, error) ->
                queue.run(
                    () -> {
                      if (error != null && replica == link && inFlight == null) {
                        greeted(error instanceof CompletionException ? error.getCause() : error);
                      }
                    }));
  }

  private void greeted(@Nullable Throwable error) {
    if (error instanceof RefusedException refused) {
      if (refused.refusal() == Refusal.FENCED) {
        fence();
      } else if (refused.refusal() == Refusal.OUT_OF_ORDER) {
        advance(whole(), new float[0]);
      }
    }
  }

  private void giveUpReplica() {
    LOG.warn(
        "The replica of parameters {} to {} has not acknowledged version {} for {}; going on without.",
        setup.from(),
        setup.to(),
        version,
        setup.replicaTimeout());
    replica = null;
    // The mean that is on its way is not used again: it may still be read.
    inFlight = null;
    role = Role.LONE_PRIMARY;
  }

  private void fence() {
    LOG.warn(
        "The replica of parameters {} to {} has been promoted; this shard is fenced.",
        setup.from(),
        setup.to());
    role = Role.FENCED;
    replica = null;
    inFlight = null;
    ready.clear();
    dropAllTurns(fenced());
    held.forEach(answer -> fail(answer.future, fenced()));
    held.clear();
  }

  private void dropAllTurns(RefusedException why) {
    ready.clear();
    open = new Round();
    closing = null;
    for (Worker worker : workers.values()) {
      if (worker.turn != null) {
        drop(worker.turn, why);
      }
    }
  }

  // ---- refusals ----

  private boolean isPrimary() {
    return role.isPrimary();
  }

  private void checkPrimary() {
    if (role == Role.FENCED) {
      throw fenced();
    } else if (role == Role.REPLICA) {
      throw refusal(Refusal.NOT_PRIMARY, "this shard is a replica: ask its primary, or promote it");
    }
  }

  private void checkCaller(Caller caller) {
    checkPrimary();
    if (caller.epoch() > epoch) {
      throw fenced();
    } else if (caller.epoch() < epoch) {
      throw wrongEpoch(caller.epoch());
    }
    Worker worker = workers.get(caller.worker());
    if (worker != null && worker.present && worker.session == caller.session()) {
      renew(worker);
    }
  }

  private Worker checkWorker(Caller caller) {
    checkCaller(caller);
    Worker worker = workers.get(caller.worker());
    if (worker == null || !worker.present || worker.session != caller.session()) {
      throw refusal(
          Refusal.NOT_JOINED,
          "worker %d is not present: it never joined, has left, or was silent for longer than its lease of %s; join again"
              .formatted(caller.worker(), setup.lease()));
    }
    return worker;
  }

  private void checkLength(FloatSlice gradient) {
    if (gradient.length() != setup.size()) {
      throw refusal(
          Refusal.WRONG_LENGTH,
          "the gradient has %d numbers but the shard's range has %d"
              .formatted(gradient.length(), setup.size()));
    }
  }

  private RefusedException wrongEpoch(long asked) {
    return refusal(
        Refusal.WRONG_EPOCH,
        "the request is for epoch %d but the shard is at epoch %d: join again"
            .formatted(asked, epoch));
  }

  private RefusedException fenced() {
    return refusal(Refusal.FENCED, "another shard has taken over from this one: ask that one");
  }

  private RefusedException refusal(Refusal reason, String message) {
    return new RefusedException(reason, epoch, message);
  }

  private void fail(CompletableFuture<?> future, RefusedException refusal) {
    measurements.refused(refusal.refusal());
    future.completeExceptionally(refusal);
  }

  /** Deals with a request when those before it are dealt with. */
  private <T> CompletableFuture<T> inTurn(Consumer<CompletableFuture<T>> request) {
    CompletableFuture<T> future = new CompletableFuture<>();
    queue.run(
        () -> {
          guard(future, () -> request.accept(future));
          pump();
        });
    return future;
  }

  /** One request's trouble must not become another's. */
  private void guard(CompletableFuture<?> future, Runnable answer) {
    try {
      answer.run();
    } catch (RefusedException e) {
      fail(future, e);
    } catch (RuntimeException e) {
      LOG.error("A request of parameters {} to {} failed.", setup.from(), setup.to(), e);
      fail(future, refusal(Refusal.MALFORMED, "the shard cannot make sense of the request: " + e));
    }
  }
}
