package org.mobula.core.runtime.local;

import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The current thread's wait until so many references are done. */
final class Latch {
  private final Thread thread = Thread.currentThread();
  private final AtomicInteger missing;
  private volatile boolean abandoned;

  Latch(int count) {
    missing = new AtomicInteger(count);
  }

  /** Lets the reference count for this latch, at once if it is done already. */
  void watch(LocalRef<?> ref) {
    if (!ref.tell(new Entry())) {
      missing.decrementAndGet();
    }
  }

  /**
   * Blocks until the references are done.
   *
   * @param deadlineNanos on the clock of {@code System.nanoTime()}; ignored unless {@code timed}
   * @return false if the time is over
   * @throws InterruptedException if interrupted before
   */
  boolean await(boolean timed, long deadlineNanos) throws InterruptedException {
    try {
      Spin.until(() -> missing.get() <= 0);
      while (missing.get() > 0) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (timed) {
          long left = deadlineNanos - System.nanoTime();
          if (left <= 0) {
            return missing.get() <= 0;
          }
          LockSupport.parkNanos(this, left);
        } else {
          LockSupport.park(this);
        }
      }
      return true;
    } finally {
      abandoned = true;
    }
  }

  private final class Entry extends Waiter {
    @Override
    boolean isAbandoned() {
      return abandoned;
    }

    @Override
    void done(LocalRef<?> ref, Deque<LocalRef<?>> finished) {
      if (missing.decrementAndGet() == 0) {
        LockSupport.unpark(thread);
      }
    }
  }
}
