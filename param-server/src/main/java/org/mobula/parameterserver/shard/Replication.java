package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.ShardEvent.Kind;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/**
 * What passes between a primary and its replica, on both sides: the state and the entries that
 * bring a replica up, the entries that keep it in step, one at a time and sent again until they are
 * acknowledged; and the arbiter's decisions, by which the replica becomes the primary and the
 * former one is fenced, or the primary goes on without.
 *
 * <p>While a replica catches up, the primary goes on: entries wait their turn behind the state. A
 * primary that is more than some entries ahead takes its steps at the replica's pace, and when none
 * waits any more the next entry is binding: from then on nobody is answered before the replica has
 * acknowledged, and only the arbiter can end that.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Each stage deals with its errors itself.
final class Replication {
  /** An entry without an answer is sent again after this time, or a quarter of the timeout. */
  private static final long MOST_RESEND_NANOS = 1_000_000_000;

  /** A whole state may be on its way for so many times as long. */
  private static final int WHOLE_TAKES = 10;

  /** A replica that cannot be connected to so often in a row is dead. */
  private static final int DEAD = 2;

  private static final long FIRST_PAUSE_NANOS = 100_000_000;
  private static final long MOST_PAUSE_NANOS = 5_000_000_000L;

  /** What entries may hold while a replica catches up. */
  private static final long ROOM_BYTES = 64 << 20;

  private static final int LEAST_ROOM = 2;
  private static final int MOST_ROOM = 1024;

  private final Standing standing;
  private final Workers workers;
  private final SliceNumbers numbers;
  private final Answers answers;
  private final LongSupplier nanoClock;
  private final Executor turns;

  /** Tells this shard from another one of the same epoch. */
  private final long start;

  private final Suspicion suspicion;

  /** Where others reach this shard; empty if nowhere. */
  private String address = "";

  private Function<String, @Nullable ShardLink> links = unknown -> null;

  /** Whom to bring up, again and again; null if nobody is known. */
  private @Nullable ShardLink candidate;

  private String candidateAddress = "";

  /** There should be a replica, but none was named. */
  private boolean promised;

  private long pauseNanos = FIRST_PAUSE_NANOS;
  private long pauseEnds;
  private @Nullable Follower follower;
  private long lastExpiryAt;
  private long knockedAt;

  /** Of a replica: whether all that its primary has answered is here. */
  private boolean mayTakeOver;

  /** Of a replica: whose entries it follows. */
  private Entry.Sender primary = new Entry.Sender(0, "", Arbiter.NONE, false);

  /** Of a replica: where the process is that was started in place of its primary. */
  private String inItsPlace = "";

  /** A replica as its primary sees it. */
  private static final class Follower {
    final ShardLink link;

    /** Not acknowledged; the first one is on its way. */
    final Deque<Entry> entries = new ArrayDeque<>();

    /** Whether nobody is answered before it has acknowledged. */
    boolean binding;

    /** How many entries may wait while it catches up. */
    int room;

    long acknowledged;
    long sentAt;
    long silentNanos;
    boolean attemptFailed;

    /** Nobody listened, so many times in a row. */
    int unheard;

    boolean suspected;

    Follower(ShardLink link, int room) {
      this.link = link;
      this.room = room;
    }

    long waitNanos(long resendNanos) {
      Entry first = entries.peek();
      boolean whole = first != null && first.change() instanceof Entry.Whole;
      return whole ? WHOLE_TAKES * resendNanos : resendNanos;
    }
  }

  /**
   * Of a shard without a replica.
   *
   * @param turns deals with an answer when the shard has dealt with what came before, and then has
   *     the shard go on
   */
  Replication(
      Standing standing,
      Workers workers,
      SliceNumbers numbers,
      Answers answers,
      LongSupplier nanoClock,
      Executor turns) {
    this.standing = standing;
    this.workers = workers;
    this.numbers = numbers;
    this.answers = answers;
    this.nanoClock = nanoClock;
    this.turns = turns;
    start = nanoClock.getAsLong();
    lastExpiryAt = start;
    suspicion = new Suspicion(standing.setup.replicaTimeout().toNanos(), start);
  }

  /** Where others reach this shard, and how this one reaches others. */
  void reachable(String at, Function<String, @Nullable ShardLink> by) {
    address = at;
    links = by;
  }

  // ---- the primary's side ----

  boolean hasReplica() {
    return follower != null && follower.binding;
  }

  /** Whether there should be a replica and none is in step. */
  boolean isMissing() {
    boolean wanted = candidate != null || standing.guarded || promised;
    return standing.isPrimary() && !hasReplica() && wanted;
  }

  /**
   * Whether the replica has an entry to acknowledge, or the arbiter must be heard first: no other
   * can follow, and nobody is answered.
   */
  boolean isUnderWay() {
    Follower present = follower;
    return (present != null && present.binding) ? !present.entries.isEmpty() : isForgotten();
  }

  /** Whether a step can be taken without leaving a replica that catches up too far behind. */
  boolean hasRoom() {
    Follower present = follower;
    return present == null || present.binding || present.entries.size() < present.room;
  }

  /** Whether another one may be the primary meanwhile, for all that this one knows. */
  boolean isUncertain() {
    Follower present = follower;
    return (present != null && present.binding) ? present.suspected : isForgotten();
  }

  /** Without a replica it is the arbiter's word that this one is the primary. */
  private boolean isForgotten() {
    return standing.role == Role.LONE_PRIMARY
        && standing.guarded
        && standing.arbiter.isSilent(nanoClock.getAsLong(), standing.setup.lease().toNanos());
  }

  /**
   * Refuses, unless a trainer asks, where this may be a process in place of a dead one whose
   * replica has taken over: it was told of a replica, has never reached it, and no learner has
   * vouched for it.
   */
  void checkProven(boolean outranks) {
    if (!outranks
        && standing.role == Role.LONE_PRIMARY
        && !standing.guarded
        && candidate != null
        && standing.arbiter.session() == Arbiter.NONE) {
      throw standing.refusal(
          Refusal.UNPROVEN,
          "this primary has not reached its replica yet, which may have taken over from an earlier process: start the replica, or the run's trainer");
    }
  }

  /** Brings a replica up, now and whenever it is gone. */
  void replicateTo(ShardLink link) {
    candidate = link;
    candidateAddress = "";
    pauseNanos = FIRST_PAUSE_NANOS;
    if (!hasReplica() && standing.isPrimary()) {
      attach(link);
    }
  }

  /** There should be a replica, and none was named: nothing can be done but say so. */
  void promised() {
    promised = true;
    standing.events.happened(
        Kind.REPLICA_MISSING,
        "there should be a replica (parameters.server.replicas), but this shard was not told of any, so nobody takes over when it fails: start it anew and name its replica");
  }

  private void attach(ShardLink link) {
    long room = ROOM_BYTES / Float.BYTES / standing.setup.size();
    Follower fresh = new Follower(link, (int) Math.min(MOST_ROOM, Math.max(LEAST_ROOM, room)));
    follower = fresh;
    advanceWhole();
  }

  private void abandon(String why) {
    follower = null;
    long now = nanoClock.getAsLong();
    if (pauseNanos == FIRST_PAUSE_NANOS) {
      standing.events.happened(
          Kind.REPLICA_MISSING,
          "no replica is in step (%s); it is tried again and again".formatted(why));
    }
    pauseEnds = now + pauseNanos;
    pauseNanos = Math.min(MOST_PAUSE_NANOS, 2 * pauseNanos);
  }

  /** The values or the workers have changed in a way that only the whole state tells. */
  void advanceWhole() {
    advance(this::whole);
  }

  /** The workers have changed. */
  void advanceUnchanged() {
    advance(Entry.Unchanged::new);
  }

  /** The values are about to take a step with a round's mean. */
  void advanceStep(Round round, double learningRate, @Nullable Gathered gathered) {
    advance(
        () ->
            new Entry.Step(
                FloatSlice.of(numbers.share(round.mean)),
                learningRate,
                round.network(),
                round.clipCoefficient,
                round.sums,
                gathered));
  }

  private void advance(Supplier<Entry.Change> change) {
    standing.sequence++;
    standing.entryDue = false;
    Follower present = follower;
    if (present != null) {
      present.entries.add(entry(change.get(), present.binding));
      if (present.entries.size() == 1) {
        present.silentNanos = 0;
        send(present);
      }
    }
  }

  private Entry entry(Entry.Change change, boolean binding) {
    return new Entry(
        new Entry.Sender(start, address, standing.arbiter.session(), binding),
        standing.epoch,
        standing.sequence,
        standing.version,
        standing.consistency,
        change instanceof Entry.Step ? null : standing.lineage,
        workers.all().stream().map(Worker::member).toList(),
        change);
  }

  private Entry.Whole whole() {
    return new Entry.Whole(
        numbers.save(standing.version).withGathered(standing.gathered),
        workers.all().stream().map(worker -> worker.lastSums).toList());
  }

  private void send(Follower to) {
    Entry entry = to.entries.element();
    to.sentAt = nanoClock.getAsLong();
    to.attemptFailed = false;
    to.link
        .replicate(entry)
        .whenComplete(
            (reached, error) -> turns.execute(() -> acknowledged(to, entry, reached, error)));
  }

  private void acknowledged(
      Follower by, Entry entry, @Nullable Long reached, @Nullable Throwable error) {
    Entry awaited = by.entries.peek();
    if (by != follower || awaited == null || awaited.sequence() != entry.sequence()) {
      return;
    }
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    if (reached != null && reached >= entry.sequence()) {
      acknowledged(by, entry);
    } else if (isRefusal(cause, Refusal.FENCED)) {
      fence();
    } else if (!by.binding) {
      abandon(String.valueOf(cause == null ? "it is behind" : cause.getMessage()));
    } else if (isRefusal(cause, Refusal.OUT_OF_ORDER)) {
      // It has lost its state. The whole state has this entry in it already.
      by.entries.clear();
      by.entries.add(entry(whole(), true));
      send(by);
    } else {
      by.attemptFailed = true;
      boolean heard = !(cause instanceof LinkLostException lost) || lost.isSent();
      by.unheard = heard ? 0 : by.unheard + 1;
      if (by.unheard >= DEAD) {
        suspect(by);
      }
    }
  }

  private void acknowledged(Follower by, Entry entry) {
    by.entries.remove();
    by.acknowledged = entry.sequence();
    by.unheard = 0;
    if (by.silentNanos > 0) {
      suspicion.heard(by.silentNanos, nanoClock.getAsLong());
      by.silentNanos = 0;
    }
    if (by.suspected) {
      by.suspected = false;
      standing.events.happened(Kind.REPLICA_ATTACHED, "the replica answers again");
    }
    if (entry.change() instanceof Entry.Step step) {
      numbers.giveBack(step.gradient().array());
    }
    if (!by.binding) {
      // One step for each two that it takes, until it is up.
      by.room = Math.min(by.room, by.entries.size() + 1) - 1;
      if (by.entries.isEmpty()) {
        bind(by);
      }
    }
    if (!by.entries.isEmpty()) {
      send(by);
    }
  }

  /** Nothing that was answered before is missing there, and nothing will be answered without it. */
  private void bind(Follower by) {
    by.binding = true;
    pauseNanos = FIRST_PAUSE_NANOS;
    standing.guarded = true;
    standing.role = Role.REPLICATED_PRIMARY;
    standing.entryDue = true;
    standing.events.happened(
        Kind.REPLICA_ATTACHED,
        "the replica has version %s and repeats each step from now on".formatted(standing.version));
  }

  private static boolean isRefusal(@Nullable Throwable cause, Refusal reason) {
    return cause instanceof RefusedException refused && refused.refusal() == reason;
  }

  /** Sends again, suspects, tries to bring a replica up, or greets, when it is time. */
  void expire(long now) {
    // A process that was stopped meanwhile must not take its own silence for the replica's.
    long passed = Math.min(now - lastExpiryAt, resendNanos());
    lastExpiryAt = now;
    Follower present = follower;
    ShardLink wanted = candidate;
    if (standing.role == Role.FENCED) {
      knock(now);
    } else if (!standing.isPrimary()) {
      return;
    } else if (present == null) {
      if (wanted != null && now - pauseEnds >= 0) {
        attach(wanted);
      }
    } else if (present.entries.isEmpty()) {
      if (now - present.sentAt >= resendNanos()) {
        greet(present, now);
      }
    } else {
      await(present, now, passed);
    }
  }

  private void await(Follower present, long now, long passed) {
    present.silentNanos += passed;
    boolean overdue = present.silentNanos >= suspicion.limit(now);
    if (!present.binding) {
      if (present.silentNanos >= WHOLE_TAKES * suspicion.limit(now)) {
        abandon("it has not answered for too long");
      } else if (now - present.sentAt >= present.waitNanos(resendNanos())) {
        send(present);
      }
      return;
    }
    if (overdue) {
      suspect(present);
    }
    if (present.attemptFailed || now - present.sentAt >= present.waitNanos(resendNanos())) {
      send(present);
    }
  }

  private void suspect(Follower silent) {
    if (!silent.suspected) {
      silent.suspected = true;
      standing.events.happened(
          Kind.REPLICA_SILENT,
          "the replica has not acknowledged version %s for %s ms; learners wait until it does, or until the first learner decides to go on without"
              .formatted(standing.version, silent.silentNanos / 1_000_000));
    }
  }

  private long resendNanos() {
    return Math.min(MOST_RESEND_NANOS, standing.setup.replicaTimeout().toNanos() / 4);
  }

  /** Lets a successor that has never heard where this shard is know: it makes it its replica. */
  private void knock(long now) {
    ShardLink other = candidate;
    if (other != null && now - knockedAt >= MOST_PAUSE_NANOS) {
      knockedAt = now;
      var unused = other.replicate(entry(new Entry.Unchanged(), false));
    }
  }

  /** So that a primary which nobody asks hears that another has taken over. */
  private void greet(Follower present, long now) {
    present.sentAt = now;
    present
        .link
        .replicate(entry(new Entry.Unchanged(), present.binding))
        .whenComplete(
            (reached, error) ->
                turns.execute(
                    () -> {
                      if (error != null && present == follower && present.entries.isEmpty()) {
                        greeted(error instanceof CompletionException ? error.getCause() : error);
                      }
                    }));
  }

  private void greeted(@Nullable Throwable error) {
    if (isRefusal(error, Refusal.FENCED)) {
      fence();
    } else if (error != null) {
      // It has lost its state, or is gone: find out by an entry, which is sent again and counted.
      standing.entryDue = true;
    }
  }

  private void fence() {
    standing.role = Role.FENCED;
    end();
    standing.events.happened(
        Kind.FENCED,
        "another shard has taken over, so this former primary is fenced and answers no learner");
  }

  /** There is no replica any more. */
  void end() {
    // A mean that is on its way is not used again: it may still be read.
    follower = null;
  }

  // ---- the replica's side ----

  /** Does what the primary has done. */
  void follow(Entry entry) {
    boolean whole = entry.change() instanceof Entry.Whole;
    Entry.Sender sender = entry.sender();
    if (entry.epoch() < standing.epoch || !mayFollow(entry)) {
      if (standing.isPrimary()) {
        volunteered(sender.address());
      } else {
        inItsPlace = sender.address();
      }
      throw standing.refusal(
          Refusal.FENCED,
          "the entry is of epoch %s but this shard is at epoch %s, %s: the sender is no longer the primary"
              .formatted(entry.epoch(), standing.epoch, standing.role));
    }
    boolean same = sender.start() == primary.start() && standing.role == Role.REPLICA;
    if (same && entry.epoch() == standing.epoch && entry.sequence() <= standing.sequence) {
      return;
    }
    if (!whole && (!same || entry.sequence() != standing.sequence + 1 || standing.sequence == 0)) {
      throw standing.refusal(
          Refusal.OUT_OF_ORDER,
          "entry %s of epoch %s does not follow entry %s of epoch %s: send the whole state"
              .formatted(entry.sequence(), entry.epoch(), standing.sequence, standing.epoch));
    }
    if (entry.change() instanceof Entry.Whole state) {
      if (state.blockSums().size() != entry.members().size()) {
        throw standing.refusal(
            Refusal.WRONG_STATE,
            "the entry has %s members but sums of %s"
                .formatted(entry.members().size(), state.blockSums().size()));
      }
      // Until all of it is here, and for ever if it does not fit.
      mayTakeOver = false;
      restoreNumbers(state.slice());
      workers.forget();
      standing.role = Role.REPLICA;
    } else if (entry.change() instanceof Entry.Step step) {
      standing.checkLength(step.gradient().length());
      standing.checkNetwork(step.network());
      SliceNumbers.Vector gradient = numbers.take(step.gradient());
      answers.finishReading();
      numbers.step(
          gradient,
          step.network(),
          step.learningRate(),
          step.clipCoefficient(),
          Optimizer.Stretches.UNHEARD);
      gradient.close();
      standing.lastSums = step.blockSums();
      Gathered all = step.gathered();
      if (all != null) {
        standing.gathered = all;
      }
    }
    for (int i = 0; i < entry.members().size(); i++) {
      Member member = entry.members().get(i);
      Worker worker = workers.numbered(member.worker());
      if (entry.change() instanceof Entry.Whole state) {
        worker.lastSums = state.blockSums().get(i);
      } else if (member.applied() > worker.applied) {
        worker.lastSums = standing.lastSums;
      }
      worker.session = member.session();
      worker.applied = member.applied();
      worker.done = member.applied();
      worker.progress = member.progress();
      worker.present = member.present();
    }
    standing.consistency = entry.consistency();
    Lineage lineage = entry.lineage();
    if (lineage != null) {
      standing.lineage = lineage;
    }
    standing.version = entry.version();
    standing.epoch = entry.epoch();
    standing.sequence = entry.sequence();
    standing.arbiter.follow(sender.arbiter(), nanoClock.getAsLong());
    standing.guarded = true;
    primary = sender;
    inItsPlace = "";
    mayTakeOver = sender.binding();
  }

  /** Whether the sender may be this shard's primary: of this epoch its own, of a later one any. */
  private boolean mayFollow(Entry entry) {
    boolean later = entry.epoch() > standing.epoch;
    return switch (standing.role) {
      case REPLICA -> later || !mayTakeOver || entry.sender().start() == primary.start();
      case FENCED -> later;
      case LONE_PRIMARY, REPLICATED_PRIMARY -> {
        boolean successor = standing.arbiter.is(entry.sender().arbiter());
        if (later && standing.used && !successor) {
          throw standing.refusal(
              Refusal.NOT_A_REPLICA,
              "this shard serves learners of its own at epoch %s, version %s: name another replica, or stop it"
                  .formatted(standing.epoch, standing.version));
        }
        if (later) {
          // Its learners must hear of it before it is anything else; the sender tries again.
          fence();
          throw standing.refusal(
              Refusal.NOT_A_REPLICA, "this shard was the primary until now: try again");
        }
        yield false;
      }
    };
  }

  /** A shard that believed to be the primary becomes the replica of this one. */
  private void volunteered(String from) {
    if (!from.isEmpty() && !hasReplica() && !from.equals(candidateAddress)) {
      ShardLink link = links.apply(from);
      if (link != null) {
        replicateTo(link);
        candidateAddress = from;
      }
    }
  }

  /** Takes saved numbers, or refuses those of another shard. */
  void restoreNumbers(StoreState slice) {
    answers.finishReading();
    try {
      numbers.restore(slice);
      standing.gathered = slice.gathered();
    } catch (IllegalArgumentException e) {
      throw standing.refusal(Refusal.WRONG_STATE, String.valueOf(e.getMessage()));
    }
  }

  // ---- the arbiter's decisions ----

  /** Makes a replica the primary; nothing, if it is one already. */
  void promote(Promote promote) {
    checkLatest(promote.ruling());
    long ended = promote.ruling().epoch();
    if (standing.role == Role.FENCED) {
      throw standing.fenced();
    } else if (!standing.isPrimary()) {
      takeOver(promote);
    } else if (ended > standing.epoch) {
      throw standing.wrongEpoch(ended);
    }
  }

  private void takeOver(Promote promote) {
    Ruling ruling = promote.ruling();
    Arbiter arbiter = standing.arbiter;
    boolean first = arbiter.session() == Arbiter.NONE;
    boolean outranks = !first && !arbiter.is(ruling.session());
    if (outranks && !(ruling.outranks() && arbiter.givesWayTo(ruling.session()))) {
      throw notArbiter("promotes this replica");
    }
    if (!mayTakeOver || standing.version < promote.knownVersion()) {
      throw standing.refusal(
          Refusal.BEHIND,
          "this replica has %s but version %s is known: it was cut off and must not take over; start a new shard and restore the last checkpoint"
              .formatted(
                  mayTakeOver ? "version " + standing.version : "nothing, or not all of it",
                  promote.knownVersion()));
    }
    if (ruling.epoch() != Ruling.ANY && ruling.epoch() != standing.epoch) {
      throw standing.wrongEpoch(ruling.epoch());
    }
    if (first || outranks) {
      arbiter.begin(ruling.session(), standing.sequence, outranks, nanoClock.getAsLong());
    }
    standing.epoch = outranks ? Arbiter.nextTerm(standing.epoch) : standing.epoch + 1;
    standing.role = Role.LONE_PRIMARY;
    arbiter.heard(ruling.session(), nanoClock.getAsLong());
    // Nobody could reach it before.
    workers.all().forEach(workers::renew);
    standing.events.happened(
        Kind.TOOK_OVER,
        "the replica takes over at version %s with epoch %s"
            .formatted(standing.version, standing.epoch));
    pauseNanos = FIRST_PAUSE_NANOS;
    pauseEnds = nanoClock.getAsLong() + pauseNanos;
    if (candidate == null) {
      volunteered(inItsPlace.isEmpty() ? primary.address() : inItsPlace);
    }
  }

  /** Goes on without the replica, if that is silent and the arbiter says so. */
  void release(Release release) {
    Ruling ruling = release.ruling();
    checkLatest(ruling);
    standing.checkPrimary();
    if (ruling.epoch() > standing.epoch) {
      throw standing.fenced();
    } else if (ruling.epoch() != Ruling.ANY && ruling.epoch() < standing.epoch) {
      return; // What was to be ended has ended.
    }
    checkProven(ruling.outranks());
    claim(ruling.session(), ruling.outranks());
    if (!standing.arbiter.is(ruling.session())) {
      throw notArbiter("lets the primary go on without its replica");
    }
    Follower present = follower;
    if (present == null || !present.suspected) {
      return;
    }
    if (!standing.arbiter.isSettled(present.acknowledged)) {
      throw standing.refusal(
          Refusal.UNCERTAIN,
          "the replica was silent before it knew who decides about it: start it again, at the same address");
    }
    standing.epoch++;
    standing.role = Role.LONE_PRIMARY;
    end();
    pauseNanos = FIRST_PAUSE_NANOS;
    abandon("it was silent");
  }

  /**
   * Makes a learner the arbiter if there is none, or if it was told to take the place of the
   * present one; marks that the arbiter lives.
   */
  void claim(long session, boolean outranks) {
    Arbiter arbiter = standing.arbiter;
    long now = nanoClock.getAsLong();
    if (arbiter.session() == Arbiter.NONE) {
      arbiter.begin(session, standing.sequence + 1, false, now);
      standing.entryDue = true;
    } else if (!arbiter.is(session) && outranks && arbiter.givesWayTo(session)) {
      standing.epoch = Arbiter.nextTerm(standing.epoch);
      arbiter.begin(session, standing.sequence + 1, true, now);
      standing.entryDue = true;
    }
    arbiter.heard(session, now);
  }

  /**
   * A replica hears that the arbiter leaves. The primary names another one; if it cannot any more,
   * the first learner that asks the replica to take over becomes it.
   */
  void vacate(long session) {
    if (standing.arbiter.is(session)) {
      standing.arbiter.begin(Arbiter.NONE, standing.sequence, false, nanoClock.getAsLong());
    }
  }

  /** The arbiter leaves; the lowest of the others decides from now on. */
  void handOver() {
    long next =
        workers.present().stream().findFirst().map(worker -> worker.session).orElse(Arbiter.NONE);
    standing.arbiter.begin(next, standing.sequence + 1, false, nanoClock.getAsLong());
    standing.entryDue = true;
  }

  private RefusedException notArbiter(String what) {
    return standing.refusal(
        Refusal.NOT_ARBITER,
        "only the first learner of the run, or a trainer that resumes it, %s: wait for it, or resume the run"
            .formatted(what));
  }

  private void checkLatest(Ruling ruling) {
    if (standing.arbiter.isLate(ruling)) {
      throw standing.refusal(
          Refusal.OUT_OF_RANGE, "ruling " + ruling.attempt() + " came after a later one");
    }
  }
}
