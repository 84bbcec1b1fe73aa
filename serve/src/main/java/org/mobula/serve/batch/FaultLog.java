package org.mobula.serve.batch;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Faults of a model, each with its stack; of many in a short time only the first, and a count. */
final class FaultLog {
  private static final Logger LOG = LoggerFactory.getLogger(FaultLog.class);
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());
  private final LongAdder unsaid = new LongAdder();

  /**
   * Something went wrong.
   *
   * @param what a sentence's beginning, such as {@code cartpole/100 failed on request 7}
   */
  void log(String what, Throwable error) {
    long now = System.nanoTime();
    long next = nextNanos.get();
    if (now - next < 0 || !nextNanos.compareAndSet(next, now + PAUSE_NANOS)) {
      unsaid.increment();
      return;
    }
    long more = unsaid.sumThenReset();
    LOG.error("{}{}", what, more == 0 ? "" : " (after " + more + " faults not logged)", error);
  }
}
