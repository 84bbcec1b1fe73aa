package org.mobula.serve.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How long a client may take for what it is at. Moving on costs a field; somebody looks now and
 * then.
 */
final class Deadlines {
  /** How often one looks within the shortest of the timeouts. */
  private static final int LOOKS = 4;

  /** What a client is at. */
  enum Phase {
    BETWEEN,
    HEAD,
    BODY
  }

  /** What a look finds. */
  enum Finding {
    IN_TIME,
    HEAD_LATE,
    BODY_LATE,
    IDLE
  }

  private final ConnectionsConfig config;
  private Phase phase = Phase.HEAD;
  private long sinceNanos;
  private long stuckBytes;
  private long stuckNanos;

  Deadlines(ConnectionsConfig config, long now) {
    this.config = config;
    sinceNanos = now;
  }

  long lookNanos() {
    long shortest =
        Stream.of(
                config.headerTimeout(),
                config.bodyTimeout(),
                config.idleTimeout(),
                config.sendTimeout())
            .mapToLong(Duration::toNanos)
            .min()
            .getAsLong();
    return Math.max(TimeUnit.MILLISECONDS.toNanos(1), shortest / LOOKS);
  }

  Phase phase() {
    return phase;
  }

  void enter(Phase next, long now) {
    phase = next;
    sinceNanos = now;
  }

  /** Starts the time of what the client is at anew: it was not its delay. */
  void excuse(long now) {
    sinceNanos = now;
  }

  Finding look(long now) {
    Duration spent = Duration.ofNanos(now - sinceNanos);
    return switch (phase) {
      case HEAD ->
          spent.compareTo(config.headerTimeout()) > 0 ? Finding.HEAD_LATE : Finding.IN_TIME;
      case BODY -> spent.compareTo(config.bodyTimeout()) > 0 ? Finding.BODY_LATE : Finding.IN_TIME;
      case BETWEEN -> spent.compareTo(config.idleTimeout()) > 0 ? Finding.IDLE : Finding.IN_TIME;
    };
  }

  /** Whether the client has for long taken nothing of what is to be sent. */
  boolean isStuck(Channel channel, long now) {
    ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
    long pending = out == null ? 0 : out.totalPendingWriteBytes();
    if (pending == 0 || pending != stuckBytes) {
      stuckBytes = pending;
      stuckNanos = now;
      return false;
    }
    return now - stuckNanos > config.sendTimeout().toNanos();
  }
}
