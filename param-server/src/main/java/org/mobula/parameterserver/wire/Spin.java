package org.mobula.parameterserver.wire;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;
import java.util.function.LongSupplier;

/** Looks for events without sleeping for a while after the last one came. */
final class Spin implements SelectStrategy {
  private final long nanos;
  private final LongSupplier nanoClock;
  private long lastEvent;

  Spin(long nanos, LongSupplier nanoClock) {
    this.nanos = nanos;
    this.nanoClock = nanoClock;
    lastEvent = nanoClock.getAsLong() - nanos;
  }

  @Override
  public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
    if (nanos == 0) {
      return hasTasks ? selectNow.get() : SELECT;
    }
    int events = selectNow.get();
    if (events > 0 || hasTasks) {
      lastEvent = nanoClock.getAsLong();
      return events;
    }
    return nanoClock.getAsLong() - lastEvent < nanos ? events : SELECT;
  }
}
