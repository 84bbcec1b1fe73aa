package org.mobula.parameterserver.shard;

import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.ShardStatus.Role;

/**
 * What passes between a primary and its replica, on both sides: the entries, one at a time, which
 * are sent again until they are acknowledged or the replica is given up; and the promotion, by
 * which the replica becomes the primary and the former one is fenced.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Each stage deals with its errors itself.
final class Replication {
  /** An entry without an answer is sent again after this time, or a quarter of the timeout. */
  private static final long MOST_RESEND_NANOS = 1_000_000_000;

  private final Standing standing;
  private final Workers workers;
  private final SliceNumbers numbers;
  private final Answers answers;
  private final LongSupplier nanoClock;
  private final Executor turns;

  private @Nullable ShardLink replica;
  private @Nullable InFlight inFlight;
  private long lastSentAt;
  private long lastExpiryAt;

  /** The replica has not acknowledged the state that it begins with. */
  private boolean attaching;

  /** The entry that the replica has not acknowledged. */
  private static final class InFlight {
    Entry entry;
    long silentNanos;
    boolean attemptFailed;

    InFlight(Entry entry) {
      this.entry = entry;
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
    lastExpiryAt = nanoClock.getAsLong();
  }

  // ---- the primary's side ----

  boolean hasReplica() {
    return replica != null;
  }

  /**
   * Whether the replica has an entry to acknowledge: no other can follow, and nobody is answered.
   */
  boolean isUnderWay() {
    return inFlight != null;
  }

  /** Sends the whole state, and from then on each change. */
  void begin(ShardLink link) {
    replica = link;
    attaching = true;
    standing.role = Role.REPLICATED_PRIMARY;
    if (inFlight != null) {
      inFlight.entry = entry(whole());
      send(inFlight);
    } else {
      advanceWhole();
    }
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
                round.clipCoefficient,
                round.sums,
                gathered));
  }

  private void advance(Supplier<Entry.Change> change) {
    standing.sequence++;
    standing.entryDue = false;
    if (replica != null) {
      inFlight = new InFlight(entry(change.get()));
      send(inFlight);
    }
  }

  private Entry entry(Entry.Change change) {
    return new Entry(
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
            (reached, error) -> turns.execute(() -> acknowledged(link, entry, reached, error)));
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
      if (attaching) {
        attaching = false;
        standing.events.happened(
            ShardEvent.Kind.REPLICA_ATTACHED,
            "the replica has version %s and follows from now on".formatted(entry.version()));
      }
      if (entry.change() instanceof Entry.Step step) {
        numbers.giveBack(step.gradient().array());
      }
    } else if (isRefusal(cause, Refusal.FENCED)) {
      fence();
    } else if (isRefusal(cause, Refusal.OUT_OF_ORDER)) {
      // The state has this entry in it already.
      sent.entry = entry(whole());
      send(sent);
    } else {
      sent.attemptFailed = true;
    }
  }

  private static boolean isRefusal(@Nullable Throwable cause, Refusal reason) {
    return cause instanceof RefusedException refused && refused.refusal() == reason;
  }

  /** Sends again, gives up, or greets, when it is time. */
  void expire(long now) {
    InFlight entry = inFlight;
    if (entry != null) {
      // A process that was stopped meanwhile must not take its own silence for the replica's: it
      // may have been replaced, and has to ask first.
      entry.silentNanos += Math.min(now - lastExpiryAt, resendNanos());
    }
    lastExpiryAt = now;
    if (entry != null && entry.silentNanos >= standing.setup.replicaTimeout().toNanos()) {
      giveUp();
    } else if (entry != null && (entry.attemptFailed || now - lastSentAt >= resendNanos())) {
      send(entry);
    } else if (entry == null && now - lastSentAt >= resendNanos()) {
      greet(now);
    }
  }

  private long resendNanos() {
    return Math.min(MOST_RESEND_NANOS, standing.setup.replicaTimeout().toNanos() / 4);
  }

  /** So that a primary which nobody asks hears that another has taken over. */
  private void greet(long now) {
    ShardLink link = replica;
    if (link == null) {
      return;
    }
    lastSentAt = now;
    link.replicate(entry(new Entry.Unchanged()))
        .whenComplete(
            (reached, error) ->
                turns.execute(
                    () -> {
                      if (error != null && replica == link && inFlight == null) {
                        greeted(error instanceof CompletionException ? error.getCause() : error);
                      }
                    }));
  }

  private void greeted(@Nullable Throwable error) {
    if (isRefusal(error, Refusal.FENCED)) {
      fence();
    } else if (isRefusal(error, Refusal.OUT_OF_ORDER)) {
      advanceWhole();
    }
  }

  private void giveUp() {
    end();
    standing.role = Role.LONE_PRIMARY;
    standing.events.happened(
        ShardEvent.Kind.REPLICA_MISSING,
        "the replica has not acknowledged version %s within %s; the primary goes on without a replica"
            .formatted(standing.version, standing.setup.replicaTimeout()));
  }

  private void fence() {
    standing.role = Role.FENCED;
    end();
    standing.events.happened(
        ShardEvent.Kind.FENCED,
        "the replica has been promoted, so this former primary is fenced and answers no learner");
  }

  /** There is no replica any more. */
  void end() {
    replica = null;
    // A mean that is on its way is not used again: it may still be read.
    inFlight = null;
  }

  // ---- the replica's side ----

  /** Does what the primary has done. */
  void follow(Entry entry) {
    boolean whole = entry.change() instanceof Entry.Whole;
    boolean becomesReplica =
        standing.role == Role.FENCED && whole && entry.epoch() > standing.epoch;
    if (entry.epoch() < standing.epoch || (standing.role != Role.REPLICA && !becomesReplica)) {
      throw standing.refusal(
          Refusal.FENCED,
          "the entry is of epoch %s but this shard is at epoch %s, %s: the sender is no longer the primary"
              .formatted(entry.epoch(), standing.epoch, standing.role));
    }
    if (entry.epoch() == standing.epoch && entry.sequence() <= standing.sequence) {
      return;
    }
    if (!whole
        && (entry.epoch() != standing.epoch
            || entry.sequence() != standing.sequence + 1
            || standing.sequence == 0)) {
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
      restoreNumbers(state.slice());
      workers.forget();
      standing.role = Role.REPLICA;
    } else if (entry.change() instanceof Entry.Step step) {
      standing.checkLength(step.gradient());
      SliceNumbers.Vector gradient = numbers.take(step.gradient());
      answers.finishReading();
      numbers.step(gradient, step.learningRate(), step.clipCoefficient());
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

  /** Makes a replica the primary; nothing, if it is one already. */
  void promote(Promote promote) {
    if (standing.role == Role.FENCED) {
      throw standing.fenced();
    }
    if (!standing.isPrimary()) {
      takeOver(promote);
    } else if (promote.epoch() > standing.epoch) {
      throw standing.wrongEpoch(promote.epoch());
    }
  }

  private void takeOver(Promote promote) {
    if (promote.epoch() <= standing.epoch) {
      throw standing.wrongEpoch(promote.epoch());
    }
    if (standing.sequence == 0 || standing.version < promote.knownVersion()) {
      throw standing.refusal(
          Refusal.BEHIND,
          "this replica has %s but version %s is known: it was cut off and must not take over; start a new shard and restore the last checkpoint"
              .formatted(
                  standing.sequence == 0 ? "nothing" : "version " + standing.version,
                  promote.knownVersion()));
    }
    standing.events.happened(
        ShardEvent.Kind.TOOK_OVER,
        "the replica takes over at version %s with epoch %s; it has no replica itself"
            .formatted(standing.version, promote.epoch()));
    standing.epoch = promote.epoch();
    standing.role = Role.LONE_PRIMARY;
    // Nobody could reach it before.
    workers.all().forEach(workers::renew);
  }
}
