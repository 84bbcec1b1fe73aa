package org.mobula.core.runtime.local;

import java.util.concurrent.TimeUnit;

/**
 * How long to wait before something that has failed is tried again: 10 ms after the first failure,
 * twice as long after each further one, 10 s at most. Without jitter: whoever fails inside one
 * process keeps nobody else's server busy, and the pauses can be foretold.
 */
final class Backoff {
  private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);

  private Backoff() {}

  /** What measures and spends the pauses: the machine's clock, or a test's. */
  interface Clock {
    Clock MACHINE =
        new Clock() {
          @Override
          public long nanoTime() {
            return System.nanoTime();
          }

          @Override
          public void sleep(long nanos) throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(nanos);
          }
        };

    long nanoTime();

    void sleep(long nanos) throws InterruptedException;
  }

  /**
   * The pause after the last of so many failures in a row.
   *
   * @param failures at least 1
   */
  static long nanos(int failures) {
    return Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(failures - 1, 30));
  }
}
