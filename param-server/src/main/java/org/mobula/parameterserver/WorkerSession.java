package org.mobula.parameterserver;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.core.parameters.Gathered;
import org.mobula.parameterserver.shard.Agreement;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Pulled;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Restored;
import org.mobula.parameterserver.shard.SerialQueue;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.shard.ShardRanges;
import org.mobula.parameterserver.shard.ShardRanges.Range;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.Stepped;

/**
 * A worker among the shards, as a state machine without threads: one thing is asked of all shards
 * at a time, and {@link #tick} lets time pass.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Each stage deals with its errors itself.
final class WorkerSession {
  /** A pause is a hang when it is so much longer than the longest one before. */
  private static final long PAUSES = 10;

  private final SerialQueue queue = new SerialQueue();
  private final LongSupplier nanoClock;
  private final List<RemoteShard> shards = new ArrayList<>();
  private final Membership membership;
  private final Patience patience;
  private final float[] values;
  private long clock;
  private long restorations;
  private long lateGradients;

  /** What was asked last, answered or not. */
  private CompletableFuture<?> asked = new CompletableFuture<>();

  /** Asks the same once more. */
  private Runnable askAgain = () -> {};

  /** How often the shards were found to have several histories since it was asked. */
  private int attempts;

  private @Nullable Runnable afterPause;
  private long pausedAt;

  /** What the next push takes along. */
  private @Nullable Gathered toGather;

  private Gathered gathered = Gathered.nothing();
  private boolean closed;

  // A learner that hangs must not keep its place: what a thread of its own renews says nothing of
  // it. These are of the learner's thread, the first also of the one that brings answers.
  private volatile long progressedAt;
  private volatile long longestPauseNanos;

  private long progressTimeoutNanos = Long.MAX_VALUE;
  private BiConsumer<Boolean, String> standing = (hangs, what) -> {};

  /** Has given its place up until it asks again. */
  private volatile boolean away;

  /**
   * A session that has asked nothing yet.
   *
   * @param links of each shard: the primary's first, then its replica's
   * @param events is told of what happens between this worker and its shards
   */
  WorkerSession(
      ParameterLayout layout,
      List<List<ShardLink>> links,
      long session,
      Patience patience,
      LongSupplier nanoClock,
      Consumer<ShardEvent> events) {
    this(
        layout,
        links,
        new Membership(session, LayoutHash.of(layout), Agreement.NONE, null, false, false),
        patience,
        nanoClock,
        events);
  }

  /**
   * A session that has asked nothing yet.
   *
   * @param links of each shard: the primary's first, then its replica's
   */
  WorkerSession(
      ParameterLayout layout,
      List<List<ShardLink>> links,
      Membership membership,
      Patience patience,
      LongSupplier nanoClock,
      Consumer<ShardEvent> events) {
    this.membership = membership;
    this.patience = patience;
    this.nanoClock = nanoClock;
    progressedAt = nanoClock.getAsLong();
    membership.whenUnsettled(this::historyChanged);
    values = new float[layout.size()];
    List<Range> ranges = ShardRanges.cut(layout, links.size()).ranges();
    for (int i = 0; i < links.size(); i++) {
      shards.add(
          new RemoteShard(
              i, ranges.get(i), links.get(i), membership, patience, nanoClock, queue, events));
    }
  }

  /**
   * From now on a learner without progress gives its place up.
   *
   * @param listener hears whether it hangs now, in a sentence: true at first, false when the
   *     learner goes on
   */
  void giveUpWithoutProgress(Duration timeout, BiConsumer<Boolean, String> listener) {
    queue.run(
        () -> {
          progressTimeoutNanos = timeout.toNanos();
          standing = listener;
        });
  }

  /** The learner has done something: in its own thread. */
  void progressed() {
    long now = nanoClock.getAsLong();
    if (!away) { // else it was no pause but a hang
      longestPauseNanos = Math.max(longestPauseNanos, now - progressedAt);
    }
    progressedAt = now;
  }

  private void giveUpIfHanging() {
    if (!asked.isDone() || away) {
      return;
    }
    long nanos = nanoClock.getAsLong() - progressedAt;
    if (nanos > progressTimeoutNanos && nanos / PAUSES > longestPauseNanos) {
      away = true;
      String why =
          "it has finished no step of its environments and no gradient for %s s and gives its place up, so that the others go on; it joins again when it does"
              .formatted(TimeUnit.NANOSECONDS.toSeconds(nanos));
      shards.forEach(shard -> shard.leave(why));
      standing.accept(true, why);
    }
  }

  private void comeBack() {
    if (away) {
      away = false;
      standing.accept(false, "it goes on and joins again; what it was at came too late");
    }
  }

  /** Hands a part over that the next push takes along; to be called while nothing is asked. */
  void gather(Gathered part) {
    Gathered waiting = toGather;
    toGather = waiting == null ? part : waiting.plus(part);
  }

  /** Whether a part waits for the next push: the last one came late. */
  boolean isToGather() {
    return toGather != null;
  }

  /** What all workers have gathered, as was heard last; to be read while nothing is asked. */
  Gathered gathered() {
    return gathered;
  }

  /** The newest values that were heard of; to be read while nothing is asked. */
  float[] values() {
    return values;
  }

  /**
   * Joins all shards under one number. Shards of several histories are joined, too: they can be
   * restored, but nothing else is done with them.
   *
   * @param worker the number, or {@code Join.ANY} for one that the first shard chooses
   */
  CompletableFuture<Integer> join(int worker) {
    return inTurn(
        false,
        result -> {
          shards.get(0).setWorker(worker);
          joinAll(
              result,
              () -> {
                membership.tookOver();
                String apart = whatSetsThemApart();
                if (apart.isEmpty()) {
                  settle();
                }
                result.complete(shards.get(0).worker());
              });
        });
  }

  /** The first shard chooses the number, and of two trainers that claim at once the first. */
  private void joinAll(CompletableFuture<?> result, Runnable then) {
    RemoteShard first = shards.get(0);
    first
        .join()
        .whenComplete(
            (nothing, error) -> {
              if (error != null) {
                giveUp(result, error);
                return;
              }
              shards.forEach(shard -> shard.setWorker(first.worker()));
              askAll(
                  RemoteShard::join,
                  joined -> {
                    for (RemoteShard shard : shards) {
                      clock = Math.max(clock, shard.lastClock());
                    }
                    adoptHistory(result, then);
                  },
                  result);
            });
  }

  /**
   * Gives shards one history whose values belong together: all are at one version, and no more than
   * one history has taken steps.
   */
  private void adoptHistory(CompletableFuture<?> result, Runnable then) {
    long[] begun =
        shards.stream()
            .filter(shard -> !shard.present().isAtBegin())
            .mapToLong(RemoteShard::history)
            .distinct()
            .toArray();
    boolean oneVersion =
        shards.stream().mapToLong(shard -> shard.present().version()).distinct().count() == 1;
    long history =
        begun.length == 1
            ? begun[0]
            : shards.stream().mapToLong(RemoteShard::history).max().orElseThrow();
    List<RemoteShard> others =
        shards.stream().filter(shard -> shard.history() != history || shard.needsEpoch()).toList();
    boolean alone = shards.size() == 1;
    if (others.isEmpty() || !(alone || (begun.length <= 1 && oneVersion && haveOneRun()))) {
      then.run();
      return;
    }
    askAll(others, shard -> shard.adopt(history), adopted -> then.run(), result);
  }

  private boolean haveOneRun() {
    return shards.stream().map(WorkerSession::run).distinct().count() == 1;
  }

  private static String run(RemoteShard shard) {
    Claim claim = shard.present().lineage().claim();
    return claim == null ? "" : claim.run();
  }

  private void settle() {
    membership.settle(shards.get(0).history());
  }

  /** Empty if the shards' values belong together. */
  private String whatSetsThemApart() {
    if (shards.stream().mapToLong(RemoteShard::history).distinct().count() == 1) {
      return "";
    }
    List<String> places = new ArrayList<>();
    for (int i = 0; i < shards.size(); i++) {
      Joined present = shards.get(i).present();
      places.add(
          "shard %s is at version %s, begun at %s"
              .formatted(i, present.version(), present.lineage().begin()));
    }
    LongSummaryStatistics versions =
        shards.stream().mapToLong(shard -> shard.present().version()).summaryStatistics();
    return ("the shards' parameters do not belong together (%s): training goes on when all are"
            + " restored from one checkpoint. Resume the run, or start every shard from it; at least"
            + " %s versions are lost")
        .formatted(String.join("; ", places), versions.getMax() - versions.getMin());
  }

  /** What was asked is asked anew when the shards are of one history again. */
  private void historyChanged() {
    shards.forEach(RemoteShard::joinAgain); // the caller's arrays are no longer read
    if (!asked.isDone()) {
      attempts = 0;
      settleThen(asked, askAgain);
    }
  }

  private void settleThen(CompletableFuture<?> result, Runnable then) {
    shards.forEach(RemoteShard::joinAgain);
    joinAll(
        result,
        () -> {
          String apart = whatSetsThemApart();
          if (apart.isEmpty()) {
            settle();
            then.run();
          } else if (membership.claim() == null && ++attempts <= patience.retries()) {
            // The run's trainer may be about to restore them all.
            pausedAt = nanoClock.getAsLong();
            afterPause = () -> settleThen(result, then);
          } else {
            giveUp(result, new RefusedException(Refusal.WRONG_HISTORY, -1, apart));
          }
        });
  }

  /**
   * One step of a network.
   *
   * @param network its place among the layout's
   * @param gradient of all networks, zero but for that one; is read until the answer
   * @param destination receives the values after the step: the session's own, or another array,
   *     which the next pull does not count on
   * @return the norm of the step's gradient, before clipping
   */
  CompletableFuture<Double> push(
      int network, float[] gradient, double learningRate, float[] destination) {
    return inTurn(result -> new Step(network, gradient, learningRate, destination, result).start());
  }

  /**
   * One step's life: pushes to all shards, then commits to those that wait for the norm. A shard
   * that has lost the push to a failing primary is pushed to again.
   */
  private final class Step {
    private final int network;
    private final float[] gradient;
    private final double learningRate;
    private final float[] destination;
    private final CompletableFuture<Double> result;
    private final long number = ++clock;
    private final @Nullable Gathered part = toGather;
    private final @Nullable Stepped[] answers = new @Nullable Stepped[shards.size()];
    private final long[] baseVersions = new long[shards.size()];
    private int unanswered;

    Step(
        int network,
        float[] gradient,
        double learningRate,
        float[] destination,
        CompletableFuture<Double> result) {
      this.network = network;
      this.gradient = gradient;
      this.learningRate = learningRate;
      this.destination = destination;
      this.result = result;
    }

    /** The round to be named; shards that have been restored meanwhile count as they are now. */
    private long base() {
      long newest = 0;
      for (int i = 0; i < baseVersions.length; i++) {
        newest = Math.max(newest, Math.min(baseVersions[i], shards.get(i).baseVersion()));
      }
      return newest;
    }

    void start() {
      for (int i = 0; i < baseVersions.length; i++) {
        // A shard that was never asked is joined first, and says what it has.
        long base = shards.get(i).baseVersion();
        baseVersions[i] = base < 0 ? Long.MAX_VALUE : base;
      }
      unanswered = shards.size();
      for (int i = 0; i < shards.size(); i++) {
        push(i);
      }
    }

    private void push(int shard) {
      RemoteShard remote = shards.get(shard);
      FloatSlice slice = slice(gradient, remote.range());
      ask(
          shard,
          (link, caller) ->
              link.pushPull(
                  new Push(caller, number, base(), learningRate, network, shard == 0 ? part : null),
                  slice,
                  slice(destination, remote.range())));
    }

    private void commit(int shard, double norm) {
      RemoteShard remote = shards.get(shard);
      ask(
          shard,
          (link, caller) ->
              link.commit(new Commit(caller, number, norm), slice(destination, remote.range())));
    }

    private void ask(int shard, BiFunction<ShardLink, Caller, CompletableFuture<Stepped>> request) {
      shards
          .get(shard)
          .ask(number, true, request)
          .whenComplete(
              (answer, error) -> {
                if (result.isDone()) {
                  return;
                } else if (error == null) {
                  answered(shard, answer);
                } else if (error instanceof RefusedException refused
                    && refused.refusal() == Refusal.NOT_PUSHED) {
                  push(shard);
                } else {
                  giveUp(result, error);
                }
              });
    }

    private void answered(int shard, Stepped answer) {
      answers[shard] = answer;
      if (shard == 0 && answer.gathered() != null) {
        gathered = answer.gathered();
      }
      if (!answer.awaitsCommit()) {
        shards.get(shard).received(answer.version(), destination == values);
      }
      if (--unanswered > 0) {
        return;
      }
      double norm = norm();
      List<Integer> waiting = new ArrayList<>();
      boolean late = false;
      for (int i = 0; i < shards.size(); i++) {
        Stepped given = answers[i];
        if (given != null && given.awaitsCommit()) {
          waiting.add(i);
        }
        late |= given != null && given.late();
      }
      if (waiting.isEmpty()) {
        lateGradients += late ? 1 : 0;
        Stepped first = answers[0];
        if (first != null && !first.late()) {
          toGather = null; // else the next push brings it
        }
        result.complete(norm);
        return;
      }
      unanswered = waiting.size();
      waiting.forEach(each -> commit(each, norm));
    }

    private double norm() {
      double[] sums = new double[BlockNorm.blocks(values.length)];
      for (int i = 0; i < shards.size(); i++) {
        Range range = shards.get(i).range();
        int block = range.from() / BlockNorm.BLOCK;
        int count = BlockNorm.blocks(range.size());
        Stepped answer = answers[i];
        if (answer != null && answer.blockSums().length == count) {
          System.arraycopy(answer.blockSums(), 0, sums, block, count);
          continue;
        }
        // A shard that was restored does not know the step that this push came too late for.
        for (int from = range.from(); from < range.to(); from += BlockNorm.BLOCK) {
          sums[from / BlockNorm.BLOCK] =
              BlockNorm.sumOfSquares(gradient, from, Math.min(from + BlockNorm.BLOCK, range.to()));
        }
      }
      return BlockNorm.norm(sums);
    }
  }

  /** Brings the newest values, and the version of the oldest among them. */
  CompletableFuture<Long> pull() {
    return inTurn(
        result ->
            askAll(
                remote -> {
                  long have = remote.have();
                  CompletableFuture<Pulled> pulled =
                      remote.ask(
                          0,
                          true,
                          (link, caller) ->
                              link.pull(new Pull(caller, have), slice(values, remote.range())));
                  return pulled.thenApply(
                      answer -> {
                        remote.received(answer.version(), true);
                        if (remote == shards.get(0) && answer.gathered() != null) {
                          gathered = answer.gathered();
                        }
                        return answer;
                      });
                },
                pulled -> result.complete(version()),
                result));
  }

  /** Of the oldest values that the worker has. */
  long version() {
    return shards.stream().mapToLong(RemoteShard::baseVersion).min().orElse(0);
  }

  /** The highest of the shards. */
  long epoch() {
    return shards.stream().mapToLong(shard -> shard.caller().epoch()).max().orElse(0);
  }

  /** The highest that was heard of. */
  long knownVersion() {
    return shards.stream().mapToLong(RemoteShard::knownVersion).max().orElse(0);
  }

  /** How many versions the last restoration that was heard of went back. */
  long lostVersions() {
    return shards.stream().mapToLong(RemoteShard::lostVersions).max().orElse(0);
  }

  /** Pushes that a shard dropped, since their round had closed. */
  long lateGradients() {
    return lateGradients;
  }

  /**
   * The shards' saved slices.
   *
   * @param known slices, of which those of the version are kept; none for a first try
   * @param version that the others wait for, unless they are there or beyond
   */
  CompletableFuture<List<ShardState>> snapshot(List<ShardState> known, long version) {
    List<Integer> behind = new ArrayList<>();
    for (int i = 0; i < shards.size(); i++) {
      if (known.isEmpty() || known.get(i).slice().parameters().version() != version) {
        behind.add(i);
      }
    }
    return inTurn(
        result ->
            askAll(
                behind.stream().map(shards::get).toList(),
                remote -> remote.ask(0, true, (link, caller) -> link.snapshot(caller, version)),
                answers -> {
                  List<ShardState> all = new ArrayList<>(known.isEmpty() ? answers : known);
                  for (int i = 0; i < behind.size(); i++) {
                    all.set(behind.get(i), answers.get(i));
                  }
                  result.complete(all);
                },
                result));
  }

  /**
   * Lets all shards go on from saved slices.
   *
   * @param slices one for each shard
   */
  CompletableFuture<List<Restored>> restore(List<ShardState> slices) {
    return inTurn(
        false,
        result -> {
          long history = nextHistory();
          askAll(
              remote -> {
                ShardState state = slices.get(shards.indexOf(remote));
                return remote
                    .ask(
                        0,
                        false,
                        (link, caller) ->
                            link.restore(
                                new Restore(caller, state.slice(), remote.knownVersion(), history)))
                    .thenApply(
                        restored -> {
                          remote.restored(restored);
                          return restored;
                        });
              },
              restored -> {
                membership.settle(history);
                gathered = slices.get(0).slice().gathered();
                result.complete(restored);
              },
              result);
        });
  }

  /** Unlike any other: with it begin values that this worker restores. */
  private long nextHistory() {
    return (membership.session ^ ++restorations * 0x9E3779B97F4A7C15L) | 1;
  }

  CompletableFuture<Void> setConsistency(Consistency consistency) {
    return inTurn(
        result ->
            askAll(
                remote ->
                    remote.<Void>ask(
                        0, true, (link, caller) -> link.setConsistency(caller, consistency)),
                done -> result.complete(null),
                result));
  }

  /** Gives the places up without waiting for the answers. */
  void leave() {
    queue.run(() -> shards.forEach(shard -> shard.leave("")));
  }

  /**
   * Leaves the shards and closes the links; what is asked now or later ends with an error.
   *
   * @return ends when the shards know and the links are closed: whoever joins next finds the place
   *     free. A shard that does not answer is not waited for longer than for any other answer
   */
  CompletableFuture<Void> close() {
    CompletableFuture<Void> left = new CompletableFuture<>();
    queue.run(
        () -> {
          closed = true;
          CompletableFuture<?>[] leaves =
              shards.stream().map(shard -> shard.leave("")).toArray(CompletableFuture<?>[]::new);
          asked.completeExceptionally(closedException());
          CompletableFuture.allOf(leaves)
              .orTimeout(patience.silence().toNanos(), TimeUnit.NANOSECONDS)
              .whenComplete(
                  (nothing, error) -> {
                    shards.forEach(shard -> shard.links().forEach(ShardLink::close));
                    left.complete(null);
                  });
        });
    return left;
  }

  private static IllegalStateException closedException() {
    return new IllegalStateException(
        "the parameter store is closed, so its worker is none any more: join the shards anew");
  }

  /** To be called every now and then: looks after shards that are silent and renews leases. */
  void tick() {
    queue.run(
        () -> {
          giveUpIfHanging();
          Runnable paused = afterPause;
          if (paused != null && nanoClock.getAsLong() - pausedAt >= patience.probe().toNanos()) {
            afterPause = null;
            paused.run();
          }
          shards.forEach(RemoteShard::tick);
        });
  }

  private <T> void askAll(
      Function<RemoteShard, CompletableFuture<T>> ask,
      Consumer<List<T>> then,
      CompletableFuture<?> result) {
    askAll(shards, ask, then, result);
  }

  private <T> void askAll(
      List<RemoteShard> some,
      Function<RemoteShard, CompletableFuture<T>> ask,
      Consumer<List<T>> then,
      CompletableFuture<?> result) {
    List<CompletableFuture<T>> answers = new ArrayList<>();
    for (RemoteShard shard : some) {
      answers.add(ask.apply(shard));
    }
    int[] unanswered = {answers.size()};
    for (CompletableFuture<T> each : answers) {
      each.whenComplete(
          (answer, error) -> {
            if (error != null) {
              giveUp(result, error);
            } else if (--unanswered[0] == 0) {
              then.accept(answers.stream().map(CompletableFuture::join).toList());
            }
          });
    }
  }

  /**
   * Ends with an error. The shards forget what was asked, and with it the caller's arrays; the next
   * request joins again.
   */
  private void giveUp(CompletableFuture<?> result, Throwable error) {
    if (!result.isDone()) {
      Throwable cause = error.getCause();
      Throwable why = error instanceof CompletionException && cause != null ? cause : error;
      String said = String.valueOf(why.getMessage());
      shards.forEach(shard -> shard.leave(said));
      result.completeExceptionally(why);
    }
  }

  private static FloatSlice slice(float[] vector, Range range) {
    return new FloatSlice(vector, range.from(), range.size());
  }

  private <T> CompletableFuture<T> inTurn(Consumer<CompletableFuture<T>> request) {
    return inTurn(true, request);
  }

  /**
   * Asks when what was asked before is done with.
   *
   * @param together whether the shards must be of one history
   */
  private <T> CompletableFuture<T> inTurn(
      boolean together, Consumer<CompletableFuture<T>> request) {
    CompletableFuture<T> result = new CompletableFuture<>();
    progressed();
    result.whenComplete((answer, error) -> progressedAt = nanoClock.getAsLong());
    queue.run(
        () -> {
          comeBack();
          if (closed) {
            result.completeExceptionally(closedException());
            return;
          }
          asked = result;
          askAgain = () -> request.accept(result);
          attempts = 0;
          afterPause = null;
          if (together && !membership.isSettled()) {
            settleThen(result, askAgain);
          } else {
            request.accept(result);
          }
        });
    return result;
  }
}
