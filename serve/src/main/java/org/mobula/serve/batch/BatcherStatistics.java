package org.mobula.serve.batch;

import java.util.concurrent.atomic.LongAdder;

/** What a batcher has done, for metrics. Counters only grow. */
public final class BatcherStatistics {
  final LongAdder succeeded = new LongAdder();
  final LongAdder rows = new LongAdder();
  final LongAdder batches = new LongAdder();
  final LongAdder computeNanos = new LongAdder();
  final LongAdder abandoned = new LongAdder();
  private final LongAdder[] failed = new LongAdder[Failure.values().length];

  BatcherStatistics() {
    for (int i = 0; i < failed.length; i++) {
      failed[i] = new LongAdder();
    }
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

  /** Batches computed. */
  public long batches() {
    return batches.sum();
  }

  /** Time that replicas computed, hand-over included. */
  public long computeNanos() {
    return computeNanos.sum();
  }
}
