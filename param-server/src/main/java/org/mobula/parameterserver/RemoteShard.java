package org.mobula.parameterserver;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Clocks;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LinkLostException;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Promoted;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.Ruling;
import org.mobula.parameterserver.shard.SerialQueue;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.Suspicion;

/**
 * One shard as a worker sees it: asks one thing at a time until it is answered, and meanwhile joins
 * again where it was forgotten, looks for signs of life, and turns to the replica. Touched by the
 * tasks of the session's queue alone.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Each stage deals with its errors itself.
final class RemoteShard {
  /** A shard that has never answered may be silent for so many times as long. */
  private static final int FIRST_SILENCES = 16;

  /** No epoch. */
  private static final long NONE = Long.MIN_VALUE;

  private final int index;
  private final Range range;
  private final List<ShardLink> links;
  private final Membership membership;
  private final Patience patience;
  private final LongSupplier nanoClock;
  private final SerialQueue queue;
  private final Consumer<ShardEvent> events;

  private final Suspicion suspicion;

  /** For how long this process itself was not awake, which is nobody's silence. */
  private long slept;

  private long tickedAt;

  /** One of the shards has answered something. */
  private boolean met;

  /** Until a shard has let the worker in. */
  private boolean outranks;

  /** Decisions sent; each has its number. */
  private long rulings;

  /** The epoch that a replica was asked to end, as long as it may have; then nothing else may. */
  private long promotionInDoubt = NONE;

  /** The epoch that a primary was asked to end, as long as it may have. */
  private long releaseInDoubt = NONE;

  /** Which of the links that primary is behind. */
  private int releasedAt;

  private int current;
  private int worker = Join.ANY;

  /** Has joined and not left, whether or not the present shard knows. */
  private boolean member;

  private boolean joined;

  /** The present primary was given up, and no other has been joined. */
  private boolean turned;

  /** Has said that it leaves, and nobody has heard it yet. */
  private boolean leaving;

  private String leavingBecause = "";

  private long leftAt;
  private long epoch = -1;
  private long lastClock;
  private long knownVersion;

  /** What the shard said of itself when it was joined last. */
  private @Nullable Joined present;

  /** The history that the shard is asked to take on at the next joining. */
  private long adopted = Join.ANY_HISTORY;

  /** The highest epoch of the histories before the present one. */
  private long replacedEpoch = -1;

  /** The epoch that the known version is of: refusals and promotions tell of later ones. */
  private long knownEpoch = -1;

  private long lostVersions;
  private long baseVersion = -1;
  private boolean cached;
  private long leaseNanos = Long.MAX_VALUE;

  private @Nullable Request<?> request;
  private @Nullable CompletableFuture<?> attempt;

  /** Sends the present attempt anew. */
  private Runnable again = () -> {};

  /** What an attempt that fails does. */
  private Consumer<Throwable> onFailure = error -> {};

  private long attempts;
  private int failures;
  private boolean pausing;
  private long sentAt;
  private long heardAt;
  private long probedAt;
  private int probes;

  /**
   * Something asked.
   *
   * @param clock of the push that it belongs to; 0 for another request
   * @param member whether the shard must know the worker
   */
  private record Request<T>(
      BiFunction<ShardLink, Caller, CompletableFuture<T>> send,
      long clock,
      boolean member,
      CompletableFuture<T> result) {}

  RemoteShard(
      int index,
      Range range,
      List<ShardLink> links,
      Membership membership,
      Patience patience,
      LongSupplier nanoClock,
      SerialQueue queue,
      Consumer<ShardEvent> events) {
    this.index = index;
    this.range = range;
    this.links = List.copyOf(links);
    this.membership = membership;
    this.patience = patience;
    this.nanoClock = nanoClock;
    this.queue = queue;
    this.events = events;
    tickedAt = nanoClock.getAsLong();
    heardAt = tickedAt;
    suspicion = new Suspicion(patience.silence().toNanos(), tickedAt);
    outranks = membership.outranks();
  }

  /** As time passes while this process is awake. */
  private long now() {
    return nanoClock.getAsLong() - slept;
  }

  private void heard() {
    long now = now();
    if (request != null) {
      suspicion.heard(now - Math.max(heardAt, sentAt), now);
    }
    heardAt = now;
    met = true;
  }

  Range range() {
    return range;
  }

  List<ShardLink> links() {
    return links;
  }

  int worker() {
    return worker;
  }

  void setWorker(int number) {
    worker = number;
  }

  /** The clock of this worker's last push that the shard has dealt with, at the last joining. */
  long lastClock() {
    return lastClock;
  }

  /** The highest version that was heard of. */
  long knownVersion() {
    return knownVersion;
  }

  /** The version of the values that the worker has. */
  long baseVersion() {
    return baseVersion;
  }

  /** The version that need not be sent again. */
  long have() {
    return cached ? baseVersion : Pull.NOTHING;
  }

  /**
   * The worker has the values of this version now.
   *
   * @param kept whether they lie where a later pull may count on them
   */
  void received(long version, boolean kept) {
    baseVersion = version;
    cached = kept;
    knownVersion = Math.max(knownVersion, version);
  }

  /** How many versions the last restoration that was heard of went back. */
  long lostVersions() {
    return lostVersions;
  }

  void restored(Restored restored) {
    epoch = restored.epoch();
    baseVersion = restored.version();
    knownVersion = restored.version();
    knownEpoch = epoch;
    lostVersions = restored.lostVersions();
    cached = false;
    joined = false;
  }

  /** What the shard said of itself at the last joining. */
  Joined present() {
    return Objects.requireNonNull(present, "the shard has not been joined");
  }

  /** The history of its values. */
  long history() {
    return present().lineage().history();
  }

  /** Whether a shard that was started or restored has no epoch above that of the one before it. */
  boolean needsEpoch() {
    return present().isAtBegin()
        && history() != membership.history()
        && present().epoch() <= replacedEpoch;
  }

  /** The next request joins again. */
  void joinAgain() {
    abandon();
    joined = false;
  }

  /** Joins again, and asks the shard to take on the history of the others. */
  CompletableFuture<Integer> adopt(long history) {
    joined = false;
    adopted = history;
    return join();
  }

  /** Makes sure that the shard knows the worker. */
  CompletableFuture<Integer> join() {
    return ask(0, true, (link, caller) -> CompletableFuture.completedFuture(worker));
  }

  /**
   * Asks until there is an answer.
   *
   * @param clock of the push that it belongs to; 0 for another request
   * @param member whether the shard must know the worker
   * @return ends with the answer, a {@link RefusedException} that asking again does not help
   *     against, or a {@link ShardLostException}
   */
  <T> CompletableFuture<T> ask(
      long clock, boolean member, BiFunction<ShardLink, Caller, CompletableFuture<T>> send) {
    Request<T> asked = new Request<>(send, clock, member, new CompletableFuture<>());
    request = asked;
    failures = 0;
    start();
    return asked.result;
  }

  /** Forgets what is asked. */
  void abandon() {
    request = null;
    attempts++;
    CompletableFuture<?> unanswered = attempt;
    if (unanswered != null) {
      unanswered.cancel(false);
    }
  }

  /**
   * Gives the place among the workers up. The replica hears of it, too: if the worker was the one
   * that decides about the shard, others must be able to.
   *
   * @param trouble why it cannot stay, for the others; empty where it has nothing more to do
   * @return ends when the shard knows, or cannot be told
   */
  CompletableFuture<Void> leave(String trouble) {
    abandon();
    leaving = member;
    leavingBecause = trouble;
    failures = 0;
    member = false;
    joined = false;
    return sendLeave();
  }

  private CompletableFuture<Void> sendLeave() {
    if (!leaving) {
      return CompletableFuture.completedFuture(null);
    }
    leftAt = now();
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    for (int i = 0; i < links.size(); i++) {
      // Nobody may promote a replica whose primary may have been released.
      boolean mayHear = i == current || !isInDoubt(releaseInDoubt);
      answers.add(
          mayHear
              ? links.get(i).leave(caller(), leavingBecause)
              : CompletableFuture.failedFuture(new IllegalStateException("in doubt")));
    }
    CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
        .whenComplete((left, error) -> queue.run(() -> left(answers)));
    return answers.get(current);
  }

  /** Where nobody has answered it is said again. */
  private void left(List<CompletableFuture<Void>> answers) {
    if (!answers.stream().allMatch(CompletableFuture::isCompletedExceptionally)) {
      leaving = false;
    }
  }

  Caller caller() {
    return new Caller(Math.max(worker, Caller.READER), membership.session, Math.max(epoch, 0));
  }

  private void start() {
    Request<?> asked = request;
    if (asked == null) {
      return;
    }
    if (asked.member && !joined) {
      sendJoin();
    } else {
      send(asked);
    }
  }

  private <T> void send(Request<T> asked) {
    attempt(
        this::start,
        () -> asked.send.apply(links.get(current), caller()),
        answer -> {
          request = null;
          asked.result.complete(answer);
        },
        this::failed);
  }

  private void sendJoin() {
    attempt(
        this::start,
        () ->
            links
                .get(current)
                .join(
                    new Join(
                        worker,
                        membership.session,
                        membership.layoutHash,
                        range.from(),
                        range.to(),
                        membership.agreement,
                        membership.claim(),
                        membership.takesOver(),
                        replacedEpoch + 1,
                        adopted)),
        this::joined,
        this::failed);
  }

  private void joined(Joined answer) {
    long history = answer.lineage().history();
    boolean anew = history != membership.history() && answer.isAtBegin();
    boolean lostItsState = answer.epoch() == knownEpoch && answer.version() < knownVersion;
    boolean empty = answer.version() == 0 && knownVersion > 0 && answer.epoch() <= epoch;
    if (anew ? empty : answer.epoch() < epoch || lostItsState) {
      // It slept while another took over, or it was started anew and not restored.
      failover(
          new RefusedException(
              Refusal.FENCED,
              answer.epoch(),
              "it is at epoch %s, version %s, but epoch %s, version %s is known"
                  .formatted(answer.epoch(), answer.version(), epoch, knownVersion)));
      return;
    }
    if (answer.version() < knownVersion) {
      lostVersions = knownVersion - answer.version();
      happened(
          ShardEvent.Kind.VERSIONS_LOST,
          "it goes on from version %s, and the %s versions after it are lost"
              .formatted(answer.version(), lostVersions));
    }
    joined = true;
    turned = false;
    member = true;
    leaving = false;
    outranks = false;
    if (present == null || history() != history) {
      replacedEpoch = Math.max(replacedEpoch, epoch);
    }
    present = answer;
    adopted = Join.ANY_HISTORY;
    membership.joined(answer);
    worker = answer.worker();
    epoch = answer.epoch();
    lastClock = Math.max(lastClock, answer.clock());
    knownVersion = answer.version();
    knownEpoch = epoch;
    leaseNanos = answer.leaseNanos();
    if (baseVersion < 0 || baseVersion > answer.version()) {
      baseVersion = answer.version();
      cached = false;
    }
    if (membership.isSettled() && history != membership.history()) {
      membership.unsettle();
    } else {
      start();
    }
  }

  /**
   * One message and what comes of it; what comes of those before is of no interest any more.
   *
   * @param anew does the same once more
   */
  private <T> void attempt(
      Runnable anew,
      Supplier<CompletableFuture<T>> send,
      Consumer<T> then,
      Consumer<Throwable> otherwise) {
    CompletableFuture<?> before = attempt;
    long number = ++attempts;
    if (before != null) {
      before.cancel(false);
    }
    again = anew;
    onFailure = otherwise;
    pausing = false;
    sentAt = now();
    probedAt = sentAt;
    CompletableFuture<T> sent = send.get();
    attempt = sent;
    sent.whenComplete(
        (answer, error) ->
            queue.run(
                () -> {
                  if (number != attempts) {
                    return;
                  }
                  if (error == null) {
                    heard();
                    then.accept(answer);
                  } else {
                    otherwise.accept(unwrapped(error));
                  }
                }));
  }

  private static Throwable unwrapped(Throwable error) {
    Throwable cause = error.getCause();
    return error instanceof CompletionException && cause != null ? cause : error;
  }

  private void failed(Throwable cause) {
    if (!(cause instanceof RefusedException refused)) {
      lost(cause);
      return;
    }
    heard();
    switch (refused.refusal()) {
      case NOT_JOINED, WRONG_EPOCH -> {
        joined = false;
        if (request != null && !request.member) {
          // Joining would tell; without it, what the shard says counts.
          epoch = Math.max(epoch, refused.epoch());
        }
        if (countFailure(refused)) {
          start();
        }
      }
      case FENCED, NOT_PRIMARY -> failover(refused);
      // The number of a process that died is free when its lease has ended.
      case UNPROVEN -> {
        if (epoch >= 0) {
          failover(refused);
        } else if (countFailure(refused)) {
          pause();
        }
      }
      case UNCERTAIN -> {
        release();
        if (countFailure(refused)) {
          pause();
        }
      }
      case OVERLOADED, ALREADY_JOINED -> {
        if (countFailure(refused)) {
          pause();
        }
      }
      default -> finish(refused);
    }
  }

  private void lost(Throwable cause) {
    if (!countFailure(cause)) {
      return;
    }
    if (failures == 1) {
      // A broken connection is no dead shard, but neither is a new one a sign of life.
      long silentSince = Math.max(heardAt, sentAt);
      start();
      sentAt = Math.min(sentAt, silentSince);
    } else {
      turnToOther(cause);
    }
  }

  private void failover(Throwable cause) {
    if (countFailure(cause)) {
      turnToOther(cause);
    }
  }

  private void turnToOther(Throwable cause) {
    if (links.size() == 1) {
      pause();
      return;
    }
    joined = false; // Else a probe would ask the one that is given up.
    int other = (current + 1) % links.size();
    if (isInDoubt(releaseInDoubt)) {
      // It may have gone on without its replica, which then has not all that was answered: that
      // one may be asked whether it is the primary, but not to become it.
      current = other;
      again = this::start;
      pause();
      return;
    }
    boolean isReplica =
        cause instanceof RefusedException refusal && refusal.refusal() == Refusal.NOT_PRIMARY;
    long before = promotionInDoubt;
    long number = ++rulings;
    promotionInDoubt = epoch;
    if (!turned) {
      turned = true; // told once, however often it is tried
      happened(
          ShardEvent.Kind.FAILOVER,
          "its replica is asked to take over, since the primary does not answer (%s)"
              .formatted(cause.getMessage()));
    }
    attempt(
        () -> turnToOther(cause),
        () -> links.get(other).promote(new Promote(ruling(number), knownVersion)),
        promoted -> {
          promotionInDoubt = NONE;
          current = other;
          epoch = Math.max(epoch, promoted.epoch());
          joined = false;
          start();
        },
        refused -> {
          promotionInDoubt = doubtAfter(refused, before, promotionInDoubt);
          if (!countFailure(refused)) {
            return;
          }
          again = this::start; // Perhaps the first is back.
          if (isReplica && !(refused instanceof RefusedException)) {
            // The first is the replica, and the one that has been its primary is gone.
            current = other;
          }
          if (refused instanceof RefusedException wrong && wrong.refusal() == Refusal.WRONG_EPOCH) {
            if (wrong.epoch() <= epoch) {
              // A primary that slept, or one that was restored there: joining it tells which.
              again =
                  () -> {
                    current = other;
                    start();
                  };
            }
            epoch = Math.max(epoch, wrong.epoch());
          }
          pause();
        });
  }

  private Ruling ruling(long number) {
    return new Ruling(membership.session, Math.max(epoch, Ruling.ANY), number, outranks);
  }

  private boolean isInDoubt(long asked) {
    return asked == epoch || asked == Ruling.ANY;
  }

  /** A refusal settles all that was asked before it; so does the knowledge that nothing was. */
  private static long doubtAfter(Throwable error, long before, long asked) {
    if (error instanceof RefusedException) {
      return NONE;
    }
    return error instanceof LinkLostException lost && !lost.isSent() ? before : asked;
  }

  /**
   * Tells the primary to go on without a replica that it does not hear from. It refuses if others
   * decide that, and changes nothing if it hears from the replica after all.
   */
  private void release() {
    if (links.size() == 1) {
      return;
    } else if (isInDoubt(promotionInDoubt)) {
      withdraw();
      return;
    } else if (isInDoubt(releaseInDoubt) && releasedAt != current) {
      return;
    }
    releasedAt = current;
    long before = releaseInDoubt;
    long asked = epoch;
    long number = ++rulings;
    releaseInDoubt = asked;
    links
        .get(current)
        .release(new Release(ruling(number)))
        .whenComplete(
            (released, error) ->
                queue.run(
                    () -> {
                      if (number == rulings && error != null) {
                        releaseInDoubt = doubtAfter(unwrapped(error), before, asked);
                      } else if (number == rulings) {
                        releaseInDoubt = NONE;
                        released(released, asked);
                      }
                    }));
  }

  private void released(Promoted answer, long asked) {
    if (answer.epoch() > asked && epoch == asked) {
      heard();
      joined = false;
      if (request != null) {
        start();
      }
    }
  }

  /**
   * Makes sure that a replica which was asked to take over has not and will not; or that it has.
   */
  private void withdraw() {
    long number = ++rulings;
    links
        .get((current + 1) % links.size())
        .promote(new Promote(ruling(number), Long.MAX_VALUE))
        .whenComplete(
            (promoted, error) ->
                queue.run(
                    () -> {
                      if (number == rulings
                          && error != null
                          && unwrapped(error) instanceof RefusedException) {
                        promotionInDoubt = NONE;
                      }
                    }));
  }

  /**
   * Counts.
   *
   * @return false if that was one too many, and the request has ended
   */
  private boolean countFailure(Throwable cause) {
    failures++;
    if (failures <= patience.retries()) {
      return true;
    }
    happened(
        ShardEvent.Kind.SHARD_LOST,
        "it is lost after %s attempts (%s); version %s was the last one known"
            .formatted(failures, cause.getMessage(), knownVersion));
    finish(
        new ShardLostException(
            ("shard %s (parameters %s to %s) is lost after %s attempts (%s). Version %s was the last one"
                    + " known; start the shard anew and restore the last checkpoint")
                .formatted(
                    index, range.from(), range.to(), failures, cause.getMessage(), knownVersion),
            cause));
    return false;
  }

  private void happened(ShardEvent.Kind kind, String message) {
    events.accept(new ShardEvent(kind, index, message));
  }

  private void finish(RuntimeException error) {
    Request<?> asked = request;
    abandon();
    if (asked != null) {
      asked.result.completeExceptionally(error);
    }
  }

  private void pause() {
    attempts++;
    pausing = true;
    sentAt = now();
  }

  /** To be called more often than a probe is due. */
  void tick() {
    long awake = nanoClock.getAsLong();
    slept += Math.max(0, awake - tickedAt - patience.probe().toNanos());
    tickedAt = awake;
    long now = now();
    Request<?> asked = request;
    if (asked == null) {
      if (leaving && now - leftAt >= patience.silence().toNanos()) {
        leaving = ++failures < patience.retries();
        sendLeave();
      }
      if (member && now - Math.max(heardAt, probedAt) >= watchNanos()) {
        // With all the care of a request: the shard may have been replaced while nothing was asked.
        probedAt = now;
        ask(0, true, ShardLink::clock)
            .thenAccept(
                clocks -> {
                  if (clocks.uncertain() || isInDoubt(releaseInDoubt)) {
                    release();
                  }
                });
      }
    } else if (pausing) {
      if (now - sentAt >= patience.probe().toNanos()) {
        pausing = false;
        again.run();
      }
    } else if (now - Math.max(heardAt, sentAt) >= silenceLimit(now)) {
      failures = Math.max(1, failures); // Worse than a broken connection: no second try.
      attempts++;
      onFailure.accept(
          new IllegalStateException(
              "it has been silent for %s ms"
                  .formatted((now - Math.max(heardAt, sentAt)) / 1_000_000)));
    } else if (now - probedAt >= patience.probe().toNanos()) {
      probe(asked, now);
    }
  }

  /** Both a process that is starting and one that is connected to first have much to load. */
  private long silenceLimit(long now) {
    long limit = suspicion.limit(now);
    return met ? limit : Math.max(limit, FIRST_SILENCES * patience.silence().toNanos());
  }

  /** Others may wait for a ruling of this worker while it asks nothing itself. */
  private long watchNanos() {
    long lease = leaseNanos / 4;
    return links.size() > 1 ? Math.min(lease, patience.silence().toNanos()) : lease;
  }

  private void probe(Request<?> asked, long now) {
    probedAt = now;
    if (!joined) {
      resend(now);
      return;
    }
    // A pull that waits for the shard's replica gets no answer: the clock says that the shard
    // lives.
    long number = attempts;
    links
        .get(current)
        .clock(caller())
        .whenComplete(
            (clocks, error) ->
                queue.run(
                    () -> {
                      if (number == attempts && error == null) {
                        alive(asked, clocks);
                      } else if (number == attempts
                          && error != null
                          && unwrapped(error) instanceof RefusedException refused) {
                        failed(refused);
                      }
                    }));
  }

  /** The shard lives; was the question lost, or the answer, or is it waiting for others? */
  private void alive(Request<?> asked, Clocks clocks) {
    heard();
    if (clocks.uncertain()) {
      release();
      if (!countFailure(
          new RefusedException(
              Refusal.UNCERTAIN,
              epoch,
              "it hears neither from its replica nor from the run's first learner, so another may have taken over: start the replica again, or resume the run"))) {
        return;
      }
    } else {
      failures = 0;
      if (isInDoubt(releaseInDoubt)) {
        release(); // It answers that nothing has changed, which settles it.
      }
    }
    probes++;
    boolean lost = clocks.received() < asked.clock || clocks.done() >= asked.clock;
    if (asked.clock == 0 || lost || Integer.bitCount(probes) == 1) { // Rarer and rarer.
      resend(heardAt);
    }
  }

  private void resend(long now) {
    long silentSince = Math.max(heardAt, sentAt);
    again.run();
    // Sending again is no sign of life.
    sentAt = Math.min(sentAt, silentSince);
    probedAt = now;
  }
}
