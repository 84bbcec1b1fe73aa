package org.mobula.core.runtime.local;

import java.util.function.BooleanSupplier;

/**
 * A short look at a condition before a thread parks. To wake a parked thread on an idle core takes
 * some 50 µs, much longer than most calls: to look for as long as that never costs more than twice
 * the better choice. For a while longer it looks in turn with whatever else wants the core, which
 * takes little from threads that have work and catches calls about as long as a wake-up.
 */
final class Spin {
  private static final long BUSY_NANOS = 50_000;
  private static final long LIMIT_NANOS = 150_000;
  private static final boolean ONE_CORE = Runtime.getRuntime().availableProcessors() == 1;

  private Spin() {}

  /** Whether the condition came true within the limit. */
  @SuppressWarnings("ThreadPriorityCheck") // yields to those that have work, orders nothing
  static boolean until(BooleanSupplier condition) {
    if (condition.getAsBoolean()) {
      return true;
    }
    if (ONE_CORE) {
      return false; // nobody else could make it true meanwhile
    }
    long start = System.nanoTime();
    for (long spent = 0; spent < LIMIT_NANOS; spent = System.nanoTime() - start) {
      if (spent < BUSY_NANOS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
      if (condition.getAsBoolean()) {
        return true;
      }
    }
    return false;
  }
}
