package org.mobula.parameterserver.shard;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has happened to a shard: counted, the last of it remembered, and all of it reported. */
final class ShardEvents {
  private static final Logger LOG = LoggerFactory.getLogger(Shard.class);

  /** A learner asks several times a second: it misses nothing. */
  private static final int REMEMBERED = 16;

  private final int shard;
  private final LongSupplier nanoClock;
  private final Map<ShardEvent.Kind, Long> counts = new EnumMap<>(ShardEvent.Kind.class);
  private final Deque<At> recent = new ArrayDeque<>();
  private Consumer<ShardEvent> listener = event -> event.log(LOG);

  private record At(long nanos, ShardEvent event) {}

  ShardEvents(int shard, LongSupplier nanoClock) {
    this.shard = shard;
    this.nanoClock = nanoClock;
  }

  /** Reports to this listener, in place of the log. */
  void listen(Consumer<ShardEvent> other) {
    listener = other;
  }

  void happened(ShardEvent.Kind kind, String message) {
    ShardEvent event = new ShardEvent(kind, shard, message);
    counts.merge(kind, 1L, Long::sum);
    if (recent.size() == REMEMBERED) {
      recent.removeFirst();
    }
    recent.addLast(new At(nanoClock.getAsLong(), event));
    try {
      listener.accept(event);
    } catch (RuntimeException e) {
      // A step does not fail because nobody could be told of it.
      LOG.warn("The listener failed at the event '{}'", event, e);
    }
  }

  Map<ShardEvent.Kind, Long> counts() {
    return counts;
  }

  /** Oldest first. */
  List<ShardStatus.Past> recent() {
    long all = counts.values().stream().mapToLong(Long::longValue).sum();
    long[] number = {all - recent.size()};
    long now = nanoClock.getAsLong();
    return recent.stream()
        .map(at -> new ShardStatus.Past(number[0]++, now - at.nanos, at.event))
        .toList();
  }
}
