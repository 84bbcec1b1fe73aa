package org.mobula.serve.batch;

import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/** What a batcher has done, for metrics. Counters only grow. */
public final class BatcherStatistics {
  /** Powers of two to 2¹⁴, and one bucket for what is larger. */
  private static final int SIZES = 16;

  final LongAdder succeeded = new LongAdder();
  final LongAdder computeNanos = new LongAdder();
  final LongAdder abandoned = new LongAdder();
  private final LongAdder rows = new LongAdder();
  private final LongAdder[] batches = new LongAdder[SIZES];
  private final LongAdder[] failed = new LongAdder[Failure.values().length];

  BatcherStatistics() {
    for (int i = 0; i < failed.length; i++) {
      failed[i] = new LongAdder();
    }
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

  @SuppressWarnings("EnumOrdinal") // an array by kind; nothing is kept beyond the process
  LongAdder failures(Failure failure) {
    return failed[failure.ordinal()];
  }

  /** Requests with a result. */
  public long succeeded() {
    return succeeded.sum();
  }

  /** Requests that failed so. */
  public long failed(Failure failure) {
    return failures(failure).sum();
  }

  /** Requests that were dropped, since nobody waited for them any longer. */
  public long abandoned() {
    return abandoned.sum();
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
