package org.mobula.parameterserver.shard;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/**
 * One slice of the parameters with its optimizer, as a state machine without network: whoever hosts
 * it brings the requests, in whose threads it works unless its slice is long, and calls {@link
 * #expire} every now and then.
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
// Here requests come in, one after the other, and it is decided what is next. How pushes become
// steps is in Rounds, what the replica hears in Replication, who waits for an answer in Answers.
public final class Shard implements AutoCloseable {
  /**
   * From here on a step, or the copy of a gradient to a GPU, takes tens of milliseconds, while
   * which the thread that serves connections would send no heartbeats.
   */
  private static final int LONG_SLICE = 1 << 23;

  /** Characters of a learner's explanation that are kept. */
  private static final int MOST_WORDS = 500;

  /** Of shards that are started together, once. */
  private static final long FIRST_HISTORY = 1;

  private final ShardSetup setup;
  private final LongSupplier nanoClock;
  private final long layoutHash;
  private final SerialQueue queue;

  // All that follows is touched by the queue's tasks alone.
  private boolean closed;
  private final Standing standing;
  private final Workers workers;
  private final SliceNumbers numbers;
  private final Measurements measurements = new Measurements();
  private final Answers answers;
  private final Replication replication;
  private final Rounds rounds;

  Shard(ShardSetup setup, Role role, long history, SliceNumbers numbers, LongSupplier nanoClock) {
    this.setup = setup;
    this.nanoClock = nanoClock;
    queue = setup.size() < LONG_SLICE ? new SerialQueue() : new SerialQueue(thread());
    layoutHash = LayoutHash.of(setup.layout());
    standing = new Standing(setup, role, new Lineage(history, 0, null), nanoClock);
    workers = new Workers(standing, nanoClock);
    this.numbers = numbers;
    answers = new Answers(standing, workers, numbers, measurements);
    replication = new Replication(standing, workers, numbers, answers, nanoClock, this::run);
    rounds = new Rounds(standing, workers, numbers, measurements, answers, replication, nanoClock);
  }

  /** One thread, which ends when there was nothing to do for a while. */
  private static Executor thread() {
    ThreadPoolExecutor one =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "mobula-shard");
              thread.setDaemon(true);
              return thread;
            });
    one.allowCoreThreadTimeOut(true);
    return one;
  }

  /**
   * A primary at version 0 without a replica.
   *
   * @param initial the first values of the slice; copied
   * @param nanoClock as {@link System#nanoTime}
   * @throws IllegalStateException if the setup asks for a GPU and none can be used
   */
  public static Shard primary(ShardSetup setup, FloatSlice initial, LongSupplier nanoClock) {
    return primary(setup, initial, FIRST_HISTORY, nanoClock);
  }

  /**
   * A primary at version 0 without a replica.
   *
   * @param initial the first values of the slice; copied
   * @param history that begins with them; unlike that of any other shard, if this one may ever be
   *     started anew by itself
   * @param nanoClock as {@link System#nanoTime}
   * @throws IllegalStateException if the setup asks for a GPU and none can be used
   */
  public static Shard primary(
      ShardSetup setup, FloatSlice initial, long history, LongSupplier nanoClock) {
    if (initial.length() != setup.size()) {
      throw new IllegalArgumentException(
          "the initial parameters have %s numbers but the shard's range has %s"
              .formatted(initial.length(), setup.size()));
    }
    SliceNumbers numbers = SliceNumbers.of(setup);
    numbers.begin(initial);
    return new Shard(setup, Role.LONE_PRIMARY, history, numbers, nanoClock);
  }

  /**
   * A primary that goes on from a saved slice, in place of one that is gone.
   *
   * @param slice the numbers; copied
   * @param run that had saved them; empty if it is not known
   * @param epoch the highest that was saved with them
   * @param history that begins with them
   * @param nanoClock as {@link System#nanoTime}
   * @throws IllegalArgumentException if the slice is of another optimizer or another length
   * @throws IllegalStateException if the setup asks for a GPU and none can be used
   */
  public static Shard restored(
      ShardSetup setup,
      StoreState slice,
      String run,
      long epoch,
      long history,
      LongSupplier nanoClock) {
    SliceNumbers numbers = SliceNumbers.of(setup);
    try {
      numbers.restore(slice);
    } catch (IllegalArgumentException e) {
      numbers.close();
      throw e;
    }
    Shard shard = new Shard(setup, Role.LONE_PRIMARY, history, numbers, nanoClock);
    Standing standing = shard.standing;
    standing.version = slice.parameters().version();
    standing.epoch = epoch + 1; // nobody who knows the shard before takes this one for it
    standing.lineage =
        new Lineage(history, standing.version, run.isEmpty() ? null : Claim.ended(run));
    return shard;
  }

  /**
   * A replica that holds nothing until a primary is told to {@link #replicateTo} it.
   *
   * @throws IllegalStateException if the setup asks for a GPU and none can be used
   */
  public static Shard replica(ShardSetup setup, LongSupplier nanoClock) {
    return new Shard(setup, Role.REPLICA, FIRST_HISTORY, SliceNumbers.of(setup), nanoClock);
  }

  /** What it was set up with. */
  public ShardSetup setup() {
    return setup;
  }

  /**
   * Reports what happens to this listener, in place of the log. It is called by whichever thread
   * the shard works in, so it must not wait.
   */
  public void listen(Consumer<ShardEvent> listener) {
    queue.run(() -> standing.events.listen(listener));
  }

  /**
   * The shard is gone, as a process that has died: what was asked and what is asked from now on
   * ends with a {@link LinkLostException}. Gives memory on a GPU back.
   */
  @Override
  public void close() {
    queue.run(
        () -> {
          if (!closed) {
            closed = true;
            replication.end();
            answers.finishReading();
            LinkLostException gone =
                new LinkLostException("the shard was closed before it answered", null);
            rounds.dropAllTurns(gone);
            answers.failAll(gone);
            numbers.close();
          }
        });
  }

  // ---- what comes in ----

  /** Deals with a request when those before it are dealt with. */
  private <T> CompletableFuture<T> inTurn(Consumer<CompletableFuture<T>> request) {
    CompletableFuture<T> future = new CompletableFuture<>();
    queue.run(
        () -> {
          if (closed) {
            future.completeExceptionally(new LinkLostException("the shard is closed", null, false));
          } else {
            work(() -> answers.guard(future, () -> request.accept(future)));
          }
        });
    return future;
  }

  /** Does what is asked, when its turn has come, and what it has made possible. */
  private void run(Runnable task) {
    queue.run(
        () -> {
          if (!closed) {
            work(task);
          }
        });
  }

  private void work(Runnable task) {
    try {
      task.run();
      pump();
    } catch (NumbersLostException e) {
      var unused = standing.lose(e);
      pump();
    }
  }

  /** Does what can be done until the next entry has to be acknowledged. */
  private void pump() {
    while (standing.isPrimary() && !replication.isUnderWay()) {
      if (standing.entryDue) {
        // First of all: whom an answer has not to wait for, the replica must have agreed to.
        replication.advanceUnchanged();
        continue;
      }
      answers.settle(replication::isUnderWay);
      if (!replication.isUnderWay()
          && !standing.entryDue
          && !(replication.hasRoom() && rounds.applyNext())) {
        return;
      }
    }
    if (standing.role == Role.FENCED) {
      replication.end();
      rounds.dropAllTurns(standing.fenced());
      answers.failAll(standing.fenced());
    }
  }

  /**
   * To be called every now and then, ten times a second say: takes off workers whose lease has
   * ended, and looks after the replica.
   */
  public void expire() {
    run(
        () -> {
          long now = nanoClock.getAsLong();
          if (standing.isPrimary()) {
            for (Worker worker : workers.overdue(now)) {
              standing.events.happened(
                  ShardEvent.Kind.LEARNER_TAKEN_OFF,
                  "learner "
                      + worker.number
                      + " was silent for too long and is taken off; the others go on");
              remove(worker);
            }
          }
          replication.expire(now);
          answers.expire(now);
        });
  }

  /** The connection that a worker asked over last is gone; it has a little time to come back. */
  public void disconnected(int number, long session) {
    queue.run(() -> workers.disconnected(number, session));
  }

  // ---- workers come and go ----

  /** See {@link ShardLink#join}. */
  public CompletableFuture<Joined> join(Join join) {
    return inTurn(future -> join(join, future));
  }

  private void join(Join join, CompletableFuture<Joined> future) {
    standing.checkPrimary();
    if (join.layoutHash() != layoutHash) {
      throw standing.refusal(
          Refusal.WRONG_LAYOUT,
          String.format(
              Locale.ROOT,
              "the worker's network has layout %016x but the server's has %016x: start both with the same configuration",
              join.layoutHash(),
              layoutHash));
    }
    if (join.from() != setup.from() || join.to() != setup.to()) {
      throw standing.refusal(
          Refusal.WRONG_LAYOUT,
          "the worker takes the shard for [%s, %s) but it is [%s, %s): name all shards, in their order"
              .formatted(join.from(), join.to(), setup.from(), setup.to()));
    }
    List<String> differences = setup.agreement().differences(agreement(join));
    if (!differences.isEmpty()) {
      throw standing.refusal(
          Refusal.WRONG_SETTINGS,
          "the settings are not the shard's: %s; start both with the same configuration"
              .formatted(String.join(", ", differences)));
    }
    replication.checkProven(join.claim() != null);
    checkClaim(join);
    boolean adopts = adoptsHistory(join);
    replication.claim(join.session(), join.claim() != null);
    if (replication.isUncertain()) {
      throw standing.refusal(
          Refusal.UNCERTAIN,
          "this primary hears neither from its replica nor from the run's first learner, so another may have taken over: start the replica again, or resume the run");
    }
    int number = join.worker() == Join.ANY ? workers.lowestFree(join.session()) : join.worker();
    Worker worker = workers.numbered(number);
    if (worker.present && worker.session != join.session()) {
      throw standing.refusal(
          Refusal.ALREADY_JOINED,
          "worker %s is present in another process: take another number, or wait until its lease of %s has ended"
              .formatted(number, setup.lease()));
    }
    if (adopts) {
      standing.lineage = new Lineage(join.history(), standing.version, standing.lineage.claim());
      standing.epoch = Math.max(standing.epoch, join.epoch());
      standing.entryDue = true;
    }
    claim(join);
    boolean same = worker.present && worker.session == join.session();
    confirm();
    if (worker.session != join.session()) {
      rounds.abandonTurn(worker, "another process has joined as worker " + number);
      worker.session = join.session();
    }
    if (!same) {
      worker.progress = workers.leastProgress();
      worker.present = true;
      standing.entryDue = true;
      standing.events.happened(ShardEvent.Kind.LEARNER_JOINED, "learner " + number + " has joined");
    }
    workers.renew(worker);
    answers.hold(
        standing.coveringSequence(),
        future,
        () ->
            future.complete(
                new Joined(
                    number,
                    standing.epoch,
                    standing.version,
                    worker.done,
                    setup.lease().toNanos(),
                    standing.lineage)));
  }

  /**
   * The seed made the first values, which a trainer that takes the shard over takes as they are.
   */
  private static Agreement agreement(Join join) {
    return join.claim() == null || join.takeOver()
        ? join.agreement().withoutSeed()
        : join.agreement();
  }

  /** Refuses a trainer whose run is not the one that trains here. */
  private void checkClaim(Join join) {
    Claim wanted = join.claim();
    Claim held = standing.lineage.claim();
    if (wanted == null || join.takeOver() || (held != null && held.session() == join.session())) {
      return;
    }
    if (held != null && workers.isConnected(held.session())) {
      throw standing.refusal(
          Refusal.IN_USE,
          "the shard is in use by %s, at version %s, and run %s must not mix with it: end that one first"
              .formatted(held.describe(), standing.version, wanted.run()));
    }
    boolean own = held != null && held.run().equals(wanted.run());
    if (standing.version > 0 && !own) {
      throw standing.refusal(
          Refusal.IN_USE,
          "the shard holds version %s of %s, and run %s would go on from there: resume that run, or start the shard anew"
              .formatted(
                  standing.version,
                  held == null ? "parameters that no run has claimed" : held.describe(),
                  wanted.run()));
    }
  }

  /** Once nothing stands in the way. The trainer before, if it is still there, is taken off. */
  private void claim(Join join) {
    Claim wanted = join.claim();
    if (wanted == null) {
      return;
    }
    Claim held = standing.lineage.claim();
    boolean again = held != null && held.session() == join.session();
    long least = held == null ? 1 : held.term() + (again ? 0 : 1);
    Claim granted = wanted.withTerm(Math.max(least, wanted.term()));
    if (granted.equals(held)) {
      return;
    }
    standing.lineage = standing.lineage.withClaim(granted);
    standing.entryDue = true;
    if (held != null && !again) {
      for (Worker worker : workers.present()) {
        if (worker.session == held.session()) {
          rounds.abandonTurn(worker, "its place was taken over by " + granted.describe());
          remove(worker);
        }
      }
    }
  }

  /** Whether the worker has the shard take on a history; refuses if it cannot. */
  private boolean adoptsHistory(Join join) {
    boolean same = join.history() == standing.lineage.history();
    boolean begun = standing.version != standing.lineage.begin();
    if (join.history() == Join.ANY_HISTORY || (same && (begun || join.epoch() <= standing.epoch))) {
      return false;
    }
    if (begun) {
      throw standing.refusal(
          Refusal.WRONG_HISTORY,
          "the shard has come from version %s to %s by itself: restore all shards from one checkpoint"
              .formatted(standing.lineage.begin(), standing.version));
    }
    return true;
  }

  /** See {@link ShardLink#leave}. */
  public CompletableFuture<Void> leave(Caller caller, String trouble) {
    return inTurn(
        future -> {
          // In a later epoch it has decided something that this replica does not know.
          if (standing.role == Role.REPLICA && caller.epoch() == standing.epoch) {
            replication.vacate(caller.session());
          }
          standing.checkPrimary();
          Worker worker = workers.of(caller);
          if (worker != null) {
            rounds.abandonTurn(worker, "worker " + caller.worker() + " has left");
            if (worker.present && trouble.isEmpty()) {
              standing.events.happened(
                  ShardEvent.Kind.LEARNER_LEFT, "learner " + caller.worker() + " has left");
            } else if (worker.present) {
              standing.events.happened(
                  ShardEvent.Kind.LEARNER_TAKEN_OFF,
                  "learner %s takes no part any more: %s"
                      .formatted(caller.worker(), plain(trouble)));
            }
            remove(worker);
          }
          if (standing.arbiter.is(caller.session())) {
            replication.handOver();
          }
          answers.hold(standing.coveringSequence(), future, () -> future.complete(null));
        });
  }

  /** A learner's words, which people read on terminals. */
  private static String plain(String words) {
    return words
        .codePoints()
        .filter(each -> !Character.isISOControl(each))
        .limit(MOST_WORDS)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /**
   * Has the replica confirm that this is still the primary before what is asked now is answered;
   * without a replica, the arbiter vouches for it.
   */
  private void confirm() {
    standing.entryDue |= replication.hasReplica();
  }

  /** What was pushed in the open round counts, as it would have if the worker had gone later. */
  private void remove(Worker worker) {
    if (worker.present) {
      worker.present = false;
      standing.entryDue = true;
      rounds.closeIfComplete();
    }
  }

  // ---- steps ----

  /**
   * See {@link ShardLink#pushPull}.
   *
   * @param values reads the newest values unless the answer is {@link Stepped#awaitsCommit}
   */
  public CompletableFuture<Stepped> pushPull(Push push, FloatSlice gradient, SliceReader values) {
    return inTurn(
        future ->
            rounds.push(
                push,
                gradient.length(),
                () -> numbers.take(gradient),
                new Turn.Waiter(future, values)));
  }

  /** As the other, with a gradient that need not be in an array. */
  public CompletableFuture<Stepped> pushPull(Push push, SliceSource gradient, SliceReader values) {
    return inTurn(
        future ->
            rounds.push(
                push,
                gradient.length(),
                () -> numbers.take(gradient),
                new Turn.Waiter(future, values)));
  }

  /**
   * See {@link ShardLink#commit}.
   *
   * @param values reads the values after the step
   */
  public CompletableFuture<Stepped> commit(Commit commit, SliceReader values) {
    return inTurn(future -> rounds.commit(commit, new Turn.Waiter(future, values)));
  }

  /** See {@link ShardLink#setConsistency}. An open round is closed with what it has. */
  public CompletableFuture<Void> setConsistency(Caller caller, Consistency wanted) {
    return inTurn(
        future -> {
          workers.checkCaller(caller);
          standing.consistency = wanted;
          // Lag that only the former rule allowed must not make anybody wait.
          workers.all().forEach(worker -> worker.progress = 0);
          standing.entryDue = true;
          rounds.startAnew();
          answers.hold(standing.sequence + 1, future, () -> future.complete(null));
        });
  }

  // ---- reading ----

  /** See {@link ShardLink#pull}. */
  public CompletableFuture<Pulled> pull(Pull pull, SliceReader values) {
    return inTurn(
        future -> {
          workers.checkCaller(pull.caller());
          confirm();
          answers.hold(
              standing.coveringSequence(),
              future,
              () -> {
                boolean changed = pull.have() != standing.version;
                if (changed) {
                  answers.read(values, future);
                }
                future.complete(
                    new Pulled(standing.version, changed, changed ? standing.gathered : null));
              });
        });
  }

  /** See {@link ShardLink#clock}. */
  public CompletableFuture<Clocks> clock(Caller caller) {
    return inTurn(
        future -> {
          Worker worker = workers.checkPresent(caller);
          Turn turn = worker.turn;
          long received = turn == null ? worker.done : Math.max(worker.done, turn.push.clock());
          boolean waits = answers.waits(worker);
          future.complete(
              new Clocks(
                  standing.version,
                  received,
                  worker.done - (waits ? 1 : 0),
                  replication.isUncertain()));
        });
  }

  /** See {@link ShardLink#status}. */
  public CompletableFuture<ShardStatus> status() {
    return inTurn(
        future -> {
          int waiting =
              answers.waiting()
                  + workers.all().stream()
                      .mapToInt(worker -> worker.turn == null ? 0 : worker.turn.waiters.size())
                      .sum();
          future.complete(
              new ShardStatus(
                  standing.role,
                  replication.isMissing(),
                  numbers.device(),
                  standing.epoch,
                  standing.version,
                  setup.from(),
                  setup.to(),
                  standing.consistency,
                  setup.agreement().digest(),
                  standing.lineage,
                  workers.present().stream().map(worker -> worker.number).toList(),
                  waiting,
                  measurements.pushes,
                  measurements.lateGradients,
                  measurements.duplicates,
                  measurements.staleness(),
                  measurements.applyNanos,
                  measurements.bytesIn,
                  measurements.bytesOut,
                  measurements.refusals(),
                  standing.events.counts(),
                  standing.events.recent()));
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

  // ---- saving ----

  /** See {@link ShardLink#snapshot}. */
  public CompletableFuture<ShardState> snapshot(Caller caller, long version) {
    return inTurn(
        future -> {
          workers.checkCaller(caller);
          confirm();
          answers.hold(
              standing.coveringSequence(),
              version,
              future,
              () ->
                  future.complete(
                      new ShardState(
                          standing.epoch,
                          setup.from(),
                          numbers.save(standing.version).withGathered(standing.gathered))));
        });
  }

  /** See {@link ShardLink#restore}. */
  public CompletableFuture<Restored> restore(Restore restore) {
    return inTurn(
        future -> {
          standing.checkPrimary();
          if (restore.caller().epoch() < standing.epoch) {
            throw standing.wrongEpoch(restore.caller().epoch());
          }
          // Not before the replica has what came before.
          answers.hold(standing.sequence, future, () -> restore(restore, future));
        });
  }

  private void restore(Restore restore, CompletableFuture<Restored> future) {
    StoreState slice = restore.slice();
    replication.restoreNumbers(slice);
    standing.epoch = Math.max(standing.epoch, restore.caller().epoch()) + 1;
    long lost = Math.max(0, restore.lastKnownVersion() - slice.parameters().version());
    standing.version = slice.parameters().version();
    if (lost > 0) {
      standing.events.happened(
          ShardEvent.Kind.VERSIONS_LOST,
          "version %s was restored, and the %s versions after it are lost"
              .formatted(standing.version, lost));
    }
    long history =
        restore.history() == Join.ANY_HISTORY ? standing.lineage.history() + 1 : restore.history();
    standing.lineage = new Lineage(history, standing.version, standing.lineage.claim());
    standing.lastSums = new double[0];
    rounds.dropAllTurns(standing.wrongEpoch(standing.epoch - 1));
    replication.advanceWhole();
    answers.hold(
        standing.sequence,
        future,
        () -> future.complete(new Restored(standing.epoch, standing.version, lost)));
  }

  // ---- the replica ----

  /**
   * Brings a replica up while learners go on, and from then on lets it repeat each step. Where it
   * cannot be reached, or is gone later, it is tried again for ever.
   */
  public void replicateTo(ShardLink link) {
    run(() -> replication.replicateTo(link));
  }

  /**
   * There should be a replica, but none is named: reports it, and counts as one that is missing.
   */
  public void lacksReplica() {
    run(replication::promised);
  }

  /**
   * Says how shards reach each other, so that one that was replaced becomes the replica of its
   * successor.
   *
   * @param address where others reach this shard; empty if nowhere
   * @param links makes a link to another's address
   */
  public void reachable(String address, Function<String, ShardLink> links) {
    queue.run(() -> replication.reachable(address, links));
  }

  /** See {@link ShardLink#replicate}. */
  public CompletableFuture<Long> replicate(Entry entry) {
    return inTurn(
        future -> {
          replication.follow(entry);
          future.complete(standing.sequence);
        });
  }

  /** See {@link ShardLink#promote}. */
  public CompletableFuture<Promoted> promote(Promote promote) {
    return inTurn(
        future -> {
          replication.promote(promote);
          answers.hold(
              standing.sequence,
              future,
              () -> future.complete(new Promoted(standing.epoch, standing.version)));
        });
  }

  /** See {@link ShardLink#release}. */
  public CompletableFuture<Promoted> release(Release release) {
    return inTurn(
        future -> {
          replication.release(release);
          future.complete(new Promoted(standing.epoch, standing.version));
        });
  }
}
