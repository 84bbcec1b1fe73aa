package org.mobula.parameterserver.wire;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Sends a heartbeat when nothing else was sent, and notices when nothing comes any more. */
final class Heartbeat {
  private final MessageReader reader;
  private final MessageWriter writer;
  private final int mostSilentTicks;
  private final Runnable silent;
  private final Future<?> ticks;
  private int silentTicks;

  /**
   * Starts at once.
   *
   * @param periodMillis the shorter of both sides' heartbeats
   * @param silent runs once when the peer has been silent for too long
   */
  Heartbeat(
      Channel channel,
      MessageReader reader,
      MessageWriter writer,
      WireTimes times,
      long periodMillis,
      Runnable silent) {
    this.reader = reader;
    this.writer = writer;
    this.silent = silent;
    mostSilentTicks =
        (int) Math.min(Integer.MAX_VALUE, Math.max(2, times.silence().toMillis() / periodMillis));
    // Not at a fixed rate: a loop that was held up would tick for all it has missed before it reads
    // what has come meanwhile, and take its own silence for the peer's.
    ticks =
        channel
            .eventLoop()
            .scheduleWithFixedDelay(this::tick, periodMillis, periodMillis, TimeUnit.MILLISECONDS);
  }

  private void tick() {
    if (reader.heard()) {
      silentTicks = 0;
    } else if (++silentTicks >= mostSilentTicks) {
      stop();
      silent.run();
      return;
    }
    writer.heartbeat();
  }

  void stop() {
    ticks.cancel(false);
  }
}
