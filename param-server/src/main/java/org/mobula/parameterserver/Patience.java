package org.mobula.parameterserver;

import java.time.Duration;

/**
 * How long a worker waits for a shard that does not answer.
 *
 * @param probe after this time without an answer it asks whether the shard is alive
 * @param silence after this time without a sign of life it turns to the shard's replica; shorter
 *     than the shards' {@code replicaTimeout}
 * @param retries so many failures in a row and the shard is lost
 */
public record Patience(Duration probe, Duration silence, int retries) {
  /** Checks the ranges. */
  public Patience {
    if (probe.isNegative() || probe.isZero() || silence.compareTo(probe) <= 0) {
      throw new IllegalArgumentException(
          "probe is %s and silence %s but they must be > 0 and longer than probe"
              .formatted(probe, silence));
    }
    if (retries < 1) {
      throw new IllegalArgumentException("retries is " + retries + " but must be ≥ 1");
    }
  }

  /** A probe after 200 ms, the replica after 600 ms, 40 retries. */
  public static Patience defaults() {
    return new Patience(Duration.ofMillis(200), Duration.ofMillis(600), 40);
  }
}
