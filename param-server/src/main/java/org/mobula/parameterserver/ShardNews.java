package org.mobula.parameterserver;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a learner hears of its shards: what it sees itself, and what has happened to them since it
 * began, by their own accounts. Safe for several threads.
 */
final class ShardNews {
  private static final Logger LOG = LoggerFactory.getLogger(ShardNews.class);

  private final Consumer<ShardEvent> listener;
  private final LongSupplier nanoClock;
  private final long began;
  private final Map<ShardEvent.Kind, Long> counts = new EnumMap<>(ShardEvent.Kind.class);

  /** What each said last. */
  private final Map<Object, List<ShardStatus.Past>> known = new HashMap<>();

  ShardNews(Consumer<ShardEvent> listener, LongSupplier nanoClock) {
    this.listener = listener;
    this.nanoClock = nanoClock;
    began = nanoClock.getAsLong();
  }

  /** Where nobody listens otherwise. */
  static void log(ShardEvent event) {
    event.log(LOG);
  }

  synchronized void happened(ShardEvent event) {
    counts.merge(event.kind(), 1L, Long::sum);
    try {
      listener.accept(event);
    } catch (RuntimeException e) {
      // A step does not fail because nobody could be told of it.
      LOG.warn("The listener failed at the event '{}'", event, e);
    }
  }

  /**
   * Reports what is new. All shards see a learner come and go, which the first one reports.
   *
   * @param source whose account it is
   */
  synchronized void heard(Object source, ShardStatus status) {
    boolean first = !known.containsKey(source);
    List<ShardStatus.Past> before = known.getOrDefault(source, List.of());
    known.put(source, status.recentEvents());
    if (first && status.replicaMissing()) {
      missedBefore(status);
    }
    long since = nanoClock.getAsLong() - began;
    for (ShardStatus.Past past : status.recentEvents()) {
      ShardEvent event = past.event();
      boolean comesOrGoes =
          event.kind() == ShardEvent.Kind.LEARNER_JOINED
              || event.kind() == ShardEvent.Kind.LEARNER_LEFT;
      if (past.agoNanos() <= since
          && !(comesOrGoes && event.shard() > 0)
          && before.stream().noneMatch(each -> isSame(each, past))) {
        happened(event);
      }
    }
  }

  /** A replica that was missing before this learner began is missing still. */
  private void missedBefore(ShardStatus status) {
    long since = nanoClock.getAsLong() - began;
    status.recentEvents().stream()
        .filter(past -> past.event().kind() == ShardEvent.Kind.REPLICA_MISSING)
        .reduce((one, later) -> later)
        .filter(last -> last.agoNanos() > since) // else it is reported with the others
        .ifPresent(last -> happened(last.event()));
  }

  /** A shard that was started anew counts anew. */
  private static boolean isSame(ShardStatus.Past one, ShardStatus.Past other) {
    return one.number() == other.number() && one.event().equals(other.event());
  }

  /** How often each was heard of, of those that were. */
  synchronized Map<ShardEvent.Kind, Long> counts() {
    return new EnumMap<>(counts);
  }
}
