package org.mobula.parameterserver.shard;

/**
 * When silence is suspicious. A peer that has been seen to be slow is given more time: four times
 * its longest silence of late, and never less than a given time. What was seen is forgotten by
 * halves, so a machine that was busy for a while is trusted for longer a while, too.
 *
 * <p>It begins with four times the least: nothing is known of a peer that is starting. A suspicion
 * is never proof: what is decided by it must be right also when the peer lives.
 */
public final class Suspicion {
  private static final int FACTOR = 4;
  private static final int MOST = 50;

  /** After so many times the least, half of the longest silence is forgotten. */
  private static final int HALF_LIFE = 10;

  private final long leastNanos;
  private double longest;
  private long seenAt;

  /**
   * Of a peer that nothing is known of.
   *
   * @param leastNanos no shorter silence is suspicious
   */
  public Suspicion(long leastNanos, long now) {
    this.leastNanos = leastNanos;
    longest = leastNanos;
    seenAt = now;
  }

  /** The peer was heard of after so long a silence while an answer was waited for. */
  public void heard(long silentNanos, long now) {
    double left = longest(now);
    if (silentNanos > left) {
      longest = silentNanos;
      seenAt = now;
    }
  }

  private double longest(long now) {
    double halves = (double) Math.max(0, now - seenAt) / HALF_LIFE / leastNanos;
    return longest * Math.pow(2, -halves);
  }

  /** From how long a silence on the peer is suspected. */
  public long limit(long now) {
    double limit = Math.max((double) leastNanos, FACTOR * longest(now));
    return (long) Math.min(limit, (double) MOST * leastNanos);
  }
}
