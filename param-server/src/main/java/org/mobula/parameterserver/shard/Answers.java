package org.mobula.parameterserver.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.Consistency.BoundedStaleness;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers of a shard that wait: for the replica, so that nothing told is lost, or for slower
 * workers.
 */
final class Answers {
  private static final Logger LOG = LoggerFactory.getLogger(Answers.class);

  /** A step that has reached one shard is on its way to the others for less than this. */
  private static final long SILENCE_NANOS = 1_000_000_000;

  private final Standing standing;
  private final Workers workers;
  private final SliceNumbers numbers;
  private final Measurements measurements;
  private final List<Held> held = new ArrayList<>();

  /** As {@link #expire} saw it last, and since when it has stood there. */
  private long lastVersion;

  private long lastStep;

  /** Who has the values but may not have read them yet. */
  private final List<SliceReader> reading = new ArrayList<>();

  /**
   * An answer that waits.
   *
   * @param sequence of the entry that must be acknowledged before
   * @param version that the values must have reached
   * @param progress that the worker has reached, where it is paced by the others
   * @param answer ends the future
   */
  private record Held(
      long sequence,
      long version,
      @Nullable Worker paced,
      long progress,
      CompletableFuture<?> future,
      Runnable answer) {}

  Answers(Standing standing, Workers workers, SliceNumbers numbers, Measurements measurements) {
    this.standing = standing;
    this.workers = workers;
    this.numbers = numbers;
    this.measurements = measurements;
  }

  void hold(long untilSequence, CompletableFuture<?> future, Runnable answer) {
    hold(untilSequence, 0, future, answer);
  }

  /**
   * Holds an answer until the values have reached a version: it is given before the next step.
   * Where no step is taken for {@link #SILENCE_NANOS}, it is given as it is.
   */
  void hold(long untilSequence, long version, CompletableFuture<?> future, Runnable answer) {
    held.add(new Held(untilSequence, version, null, 0, future, answer));
  }

  /** Waits no longer for versions that nobody brings. To be called now and then. */
  void expire(long now) {
    if (standing.version != lastVersion
        || held.stream().allMatch(each -> each.version <= lastVersion)) {
      lastVersion = standing.version;
      lastStep = now;
    } else if (now - lastStep > SILENCE_NANOS) {
      held.replaceAll(
          each -> new Held(each.sequence, 0, each.paced, each.progress, each.future, each.answer));
      lastStep = now;
    }
  }

  /**
   * Holds what a worker hears of its step.
   *
   * @param gathers whether it hears, too, what all have gathered
   */
  void holdStepped(
      Worker worker, boolean late, double[] sums, boolean gathers, Turn.Waiter waiter) {
    // Who has asked again has mostly given the former question up.
    held.removeIf(each -> each.paced == worker && each.future.isDone());
    held.add(
        new Held(
            standing.sequence,
            0,
            worker,
            worker.progress,
            waiter.future(),
            () -> {
              read(waiter.values(), waiter.future());
              waiter
                  .future()
                  .complete(
                      new Stepped(
                          standing.version, false, late, sums, gathers ? standing.gathered : null));
            }));
  }

  void read(SliceReader values, CompletableFuture<?> future) {
    if (!future.isDone()) { // Who has cancelled it may use the array for something else.
      values.read(numbers.values(), 0, standing.setup.size(), standing.version);
      reading.removeIf(SliceReader::isDone);
      if (!values.isDone()) {
        reading.add(values);
      }
    }
  }

  /** To be called before the values change. */
  void finishReading() {
    reading.forEach(SliceReader::finish);
    reading.clear();
  }

  /** Gives the answers that need not wait any more; all that can be read is acknowledged then. */
  void settle(BooleanSupplier entryIsUnderWay) {
    for (int i = 0; i < held.size() && !entryIsUnderWay.getAsBoolean(); ) {
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
    if (answer.sequence > standing.sequence || answer.version > standing.version) {
      return false;
    }
    return !(standing.consistency instanceof BoundedStaleness bound)
        || answer.paced == null
        || !answer.paced.present
        || Math.min(answer.progress, answer.paced.progress) - workers.leastProgress()
            <= bound.staleness();
  }

  /** Whether the worker has not heard of its last step. */
  boolean waits(Worker worker) {
    return held.stream().anyMatch(each -> each.paced == worker && !each.future.isDone());
  }

  int waiting() {
    return held.size();
  }

  void failAll(RuntimeException why) {
    held.forEach(answer -> fail(answer.future, why));
    held.clear();
  }

  void fail(CompletableFuture<?> future, RuntimeException why) {
    if (why instanceof RefusedException refused) {
      measurements.refused(refused.refusal());
    }
    future.completeExceptionally(why);
  }

  /** One request's trouble must not become another's. */
  void guard(CompletableFuture<?> future, Runnable answer) {
    try {
      answer.run();
    } catch (RefusedException e) {
      fail(future, e);
    } catch (NumbersLostException e) {
      fail(future, standing.lose(e));
    } catch (RuntimeException e) {
      LOG.error(
          "A request of parameters {} to {} failed.",
          standing.setup.from(),
          standing.setup.to(),
          e);
      fail(
          future,
          standing.refusal(Refusal.MALFORMED, "the shard cannot make sense of the request: " + e));
    }
  }
}
