package org.mobula.parameterserver.wire;

import java.time.Duration;

/**
 * When a connection counts as lost.
 *
 * @param heartbeat both sides send something at least this often
 * @param silence after this time without a byte from the peer the connection is given up; some
 *     heartbeats long
 * @param opening the handshake must be over after this time
 */
public record WireTimes(Duration heartbeat, Duration silence, Duration opening) {
  /** Checks the ranges. */
  public WireTimes {
    check("heartbeat", heartbeat);
    check("silence", silence);
    check("opening", opening);
    if (silence.compareTo(heartbeat.multipliedBy(2)) < 0) {
      throw new IllegalArgumentException(
          "silence is %s but must be at least two heartbeats of %s: one may be late"
              .formatted(silence, heartbeat));
    }
  }

  private static void check(String name, Duration duration) {
    if (duration.toMillis() < 1) {
      throw new IllegalArgumentException(name + " is " + duration + " but must be ≥ 1 ms");
    }
  }

  /** A heartbeat each 100 ms, lost after 500 ms, five seconds to open. */
  public static WireTimes defaults() {
    return new WireTimes(Duration.ofMillis(100), Duration.ofMillis(500), Duration.ofSeconds(5));
  }
}
