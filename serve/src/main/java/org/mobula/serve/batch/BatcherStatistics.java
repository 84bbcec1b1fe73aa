package org.mobula.serve.batch;

import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/** What a batcher has done, for metrics. Counters only grow. */
public final class BatcherStatistics {
  /** Powers of two to 2¹⁴, and one bucket for what is larger. */
  private static final int SIZES = 16;

  final LongAdder computeNanos = new LongAdder();
  final LongAdder died = new LongAdder();
  final LongAdder hung = new LongAdder();
  private final Ends answers = new Ends();
  private final Ends shadow = new Ends();
  private final LongAdder rows = new LongAdder();
  private final LongAdder[] batches = new LongAdder[SIZES];

  /** Nothing has been done. */
  public BatcherStatistics() {
    for (int i = 0; i < SIZES; i++) {
      batches[i] = new LongAdder();
    }
  }

  /** A batch of so many rows, from 1, was computed. */
  void computed(int batchRows) {
    int power = Integer.SIZE - Integer.numberOfLeadingZeros(batchRows - 1);
    batches[Math.min(power, SIZES - 1)].increment();
    rows.add(batchRows);
  }

  Ends of(Completion completion) {
    return completion.isHeard() ? answers : shadow;
  }

  /** How requests ended whose answer somebody hears. */
  public Ends answers() {
    return answers;
  }

  /** How those ended that were only computed to compare. */
  public Ends shadow() {
    return shadow;
  }

  /** Requests with a result that somebody hears. */
  public long succeeded() {
    return answers.succeeded();
  }

  /** Requests that failed so, and somebody hears of it. */
  public long failed(Failure failure) {
    return answers.failed(failure);
  }

  /** Requests that were dropped, since nobody waited for them any longer. */
  public long abandoned() {
    return answers.abandoned();
  }

  /** Replicas that died and whose place another one took. */
  public long died() {
    return died.sum();
  }

  /** Replicas that were given up in a call that did not return, and replaced. */
  public long hung() {
    return hung.sum();
  }

  /** Counts what another has counted, too. */
  public void add(BatcherStatistics other) {
    answers.add(other.answers);
    shadow.add(other.shadow);
    computeNanos.add(other.computeNanos());
    died.add(other.died());
    hung.add(other.hung());
    rows.add(other.rows());
    for (int i = 0; i < SIZES; i++) {
      batches[i].add(other.batches[i].sum());
    }
  }

  /** Rows computed. */
  public long rows() {
    return rows.sum();
  }

  /**
   * Batches computed, by size: those of 1 row, of 2, of 3 and 4, of 5 to 8 and so on to 2¹⁴, and
   * those of more.
   */
  public long[] batchesBySize() {
    return Arrays.stream(batches).mapToLong(LongAdder::sum).toArray();
  }

  /** Time that replicas computed, hand-over included. */
  public long computeNanos() {
    return computeNanos.sum();
  }
}
