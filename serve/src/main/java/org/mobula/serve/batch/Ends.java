package org.mobula.serve.batch;

import java.util.concurrent.atomic.LongAdder;

/** How requests have ended. Counters only grow. */
public final class Ends {
  final LongAdder succeeded = new LongAdder();
  final LongAdder abandoned = new LongAdder();
  private final LongAdder[] failed = new LongAdder[Failure.values().length];

  Ends() {
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

  void add(Ends other) {
    succeeded.add(other.succeeded());
    abandoned.add(other.abandoned());
    for (Failure failure : Failure.values()) {
      failures(failure).add(other.failed(failure));
    }
  }
}
