package org.mobula.parameterserver.shard;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What a shard counts. */
final class Measurements {
  /** The last counts all that were staler. */
  private static final int STALENESS_BUCKETS = 65;

  private final long[] staleness = new long[STALENESS_BUCKETS];
  private final Map<Refusal, Long> refusals = new EnumMap<>(Refusal.class);
  long pushes;
  long lateGradients;
  long duplicates;
  long applyNanos;
  long bytesIn;
  long bytesOut;

  void applied(long versionsBehind) {
    pushes++;
    staleness[(int) Math.min(Math.max(versionsBehind, 0), STALENESS_BUCKETS - 1)]++;
  }

  void refused(Refusal reason) {
    refusals.merge(reason, 1L, Long::sum);
  }

  /** Without the zeros at the end. */
  List<Long> staleness() {
    List<Long> counts = new ArrayList<>();
    for (long count : staleness) {
      counts.add(count);
    }
    while (!counts.isEmpty() && counts.get(counts.size() - 1) == 0) {
      counts.remove(counts.size() - 1);
    }
    return counts;
  }

  Map<Refusal, Long> refusals() {
    return refusals;
  }
}
