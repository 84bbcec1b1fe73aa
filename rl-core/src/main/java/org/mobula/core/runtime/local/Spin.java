package org.mobula.core.runtime.local;

import java.util.function.BooleanSupplier;

/**
 * A short look at a condition before a thread parks. To wake a parked thread on an idle core takes
 * some 50 µs, much longer than most calls: to look for as long as that never costs more than twice
 * the better choice.
 */
final class Spin {
  private static final long LIMIT_NANOS = 50_000;
  private static final boolean ALONE = Runtime.getRuntime().availableProcessors() == 1;

  private Spin() {}

  /** Whether the condition came true within the limit. */
  static boolean until(BooleanSupplier condition) {
    if (condition.getAsBoolean()) {
      return true;
    }
    if (ALONE) {
      return false; // nobody else could make it true meanwhile
    }
    long start = System.nanoTime();
    while (System.nanoTime() - start < LIMIT_NANOS) {
      Thread.onSpinWait();
      if (condition.getAsBoolean()) {
        return true;
      }
    }
    return false;
  }
}
