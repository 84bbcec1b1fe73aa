package org.mobula.core.environment;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/** Finds steps that take longer than they should, by looking now and then. For one thread. */
public final class StepWatch {
  private final LongSupplier nanoClock;
  private final long patience;
  private final Map<StepInProgress, Long> firstSeen = new HashMap<>();
  private final Set<StepInProgress> told = new HashSet<>();

  /**
   * A watch that has seen nothing yet.
   *
   * @param nanoClock time in nanoseconds
   * @param patience how long a step may take
   */
  public StepWatch(LongSupplier nanoClock, Duration patience) {
    this.nanoClock = nanoClock;
    this.patience = patience.toNanos();
  }

  /**
   * Looks once.
   *
   * @param present the steps in progress now
   * @return those that have been in progress for too long since they were first seen; each once
   */
  public List<StepInProgress> overdue(List<StepInProgress> present) {
    long now = nanoClock.getAsLong();
    firstSeen.keySet().retainAll(present);
    told.retainAll(present);
    List<StepInProgress> overdue = new ArrayList<>();
    for (StepInProgress step : present) {
      long since = firstSeen.computeIfAbsent(step, unseen -> now);
      if (now - since >= patience && told.add(step)) {
        overdue.add(step);
      }
    }
    return overdue;
  }
}
