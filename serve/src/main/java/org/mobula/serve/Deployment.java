package org.mobula.serve;

import java.util.concurrent.atomic.LongAdder;
import org.mobula.serve.batch.Batcher;
import org.mobula.serve.batch.Sessions;
import org.mobula.serve.model.Signature;

/** A version of a model that takes requests. */
final class Deployment {
  /** Upper bounds of the latencies' buckets, in seconds; the last bucket has none. */
  static final double[] BOUNDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
  };

  private final String version;
  private final ModelSource source;
  private final Batcher batcher;
  private final Sessions sessions;
  private final Signature signature;
  private final LongAdder[] latencies = new LongAdder[BOUNDS.length + 1];
  private final LongAdder latencyNanos = new LongAdder();

  Deployment(String version, ModelSource source, Batcher batcher) {
    this.version = version;
    this.source = source;
    this.batcher = batcher;
    this.sessions = new Sessions(batcher);
    this.signature = batcher.model().signature();
    for (int i = 0; i < latencies.length; i++) {
      latencies[i] = new LongAdder();
    }
  }

  String version() {
    return version;
  }

  ModelSource source() {
    return source;
  }

  Batcher batcher() {
    return batcher;
  }

  /** Where requests are handed in. */
  Sessions sessions() {
    return sessions;
  }

  Signature signature() {
    return signature;
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
}
