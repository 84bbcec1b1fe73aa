package org.mobula.core.runtime.local;

import java.util.concurrent.atomic.LongAdder;
import org.mobula.core.runtime.RuntimeMetrics;

/** What happened so far, countable from many threads at once. */
final class Counters {
  final LongAdder submitted = new LongAdder();
  final LongAdder started = new LongAdder(); // attempts
  final LongAdder ended = new LongAdder(); // attempts whose code has returned
  final LongAdder unstarted = new LongAdder(); // ended while they waited
  final LongAdder succeeded = new LongAdder();
  final LongAdder failed = new LongAdder();
  final LongAdder cancelled = new LongAdder();
  final LongAdder retried = new LongAdder();
  final LongAdder actorRestarts = new LongAdder();
  final LongAdder actorStartFailures = new LongAdder();

  RuntimeMetrics read(long liveActors) {
    long begun = started.sum();
    return new RuntimeMetrics(
        submitted.sum(),
        Math.max(0, submitted.sum() + retried.sum() - begun - unstarted.sum()),
        Math.max(0, begun - ended.sum()),
        succeeded.sum(),
        failed.sum(),
        cancelled.sum(),
        retried.sum(),
        actorRestarts.sum(),
        actorStartFailures.sum(),
        liveActors);
  }
}
