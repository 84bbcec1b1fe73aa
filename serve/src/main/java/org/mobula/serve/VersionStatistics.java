package org.mobula.serve;

import java.util.concurrent.atomic.LongAdder;
import org.mobula.serve.batch.BatcherStatistics;

/** What a version of a model has done since the server's start, however often it was loaded. */
final class VersionStatistics {
  /** Upper bounds of the latencies' buckets, in seconds; the last bucket has none. */
  static final double[] BOUNDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
  };

  private final String version;
  private final BatcherStatistics batches = new BatcherStatistics();
  private final LongAdder[] latencies = new LongAdder[BOUNDS.length + 1];
  private final LongAdder latencyNanos = new LongAdder();

  VersionStatistics(String version) {
    this.version = version;
    for (int i = 0; i < latencies.length; i++) {
      latencies[i] = new LongAdder();
    }
  }

  String version() {
    return version;
  }

  BatcherStatistics batches() {
    return batches;
  }

  /** Counts an answer's time since its request came. */
  void answered(long nanos) {
    int bucket = 0;
    while (bucket < BOUNDS.length && nanos > BOUNDS[bucket] * 1e9) {
      bucket++;
    }
    latencies[bucket].increment();
    latencyNanos.add(nanos);
  }

  /** Answers in a bucket, not in those below it. */
  long answersIn(int bucket) {
    return latencies[bucket].sum();
  }

  double latencySeconds() {
    return latencyNanos.sum() * 1e-9;
  }

  /** Counts what another has counted, too. */
  void add(VersionStatistics other) {
    batches.add(other.batches);
    latencyNanos.add(other.latencyNanos.sum());
    for (int i = 0; i < latencies.length; i++) {
      latencies[i].add(other.latencies[i].sum());
    }
  }
}
