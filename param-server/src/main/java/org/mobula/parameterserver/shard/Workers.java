package org.mobula.parameterserver.shard;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Who works with a shard: under which number, in which session, and until when. */
final class Workers {
  private final Standing standing;
  private final LongSupplier nanoClock;
  private final Map<Integer, Worker> byNumber = new TreeMap<>();

  Workers(Standing standing, LongSupplier nanoClock) {
    this.standing = standing;
    this.nanoClock = nanoClock;
  }

  /** In the order of their numbers, also those that have left. */
  Collection<Worker> all() {
    return byNumber.values();
  }

  List<Worker> present() {
    return all().stream().filter(worker -> worker.present).toList();
  }

  /** Whether a worker is present and, as far as is known, connected. */
  boolean isConnected(long session) {
    return all().stream()
        .anyMatch(worker -> worker.present && !worker.disconnected && worker.session == session);
  }

  Worker numbered(int number) {
    return byNumber.computeIfAbsent(number, Worker::new);
  }

  void forget() {
    byNumber.clear();
  }

  /** The session's own number, if it asks again. */
  int lowestFree(long session) {
    for (Worker worker : present()) {
      if (worker.session == session) {
        return worker.number;
      }
    }
    for (int number = 0; ; number++) {
      Worker taken = byNumber.get(number);
      if (taken == null || !taken.present) {
        return number;
      }
    }
  }

  void renew(Worker worker) {
    worker.disconnected = false;
    worker.leaseEnds = nanoClock.getAsLong() + standing.setup.lease().toNanos();
  }

  /** Lets the lease end soon, if its connection is the worker's own. */
  void disconnected(int number, long session) {
    Worker worker = byNumber.get(number);
    if (worker != null && worker.session == session) {
      worker.disconnected = true;
      long end = nanoClock.getAsLong() + standing.setup.reconnectWithin().toNanos();
      if (end - worker.leaseEnds < 0) {
        worker.leaseEnds = end;
      }
    }
  }

  List<Worker> overdue(long now) {
    return present().stream().filter(worker -> now - worker.leaseEnds >= 0).toList();
  }

  /** Of those present, as bounded staleness counts. */
  long leastProgress() {
    long least = Long.MAX_VALUE;
    for (Worker worker : all()) {
      if (worker.present) {
        least = Math.min(least, worker.progress);
      }
    }
    return least == Long.MAX_VALUE ? 0 : least;
  }

  /** The caller as a worker; none if its number is that of another session, or nobody's. */
  @Nullable Worker of(Caller caller) {
    Worker worker = byNumber.get(caller.worker());
    return worker != null && worker.session == caller.session() ? worker : null;
  }

  /** Refuses a caller that is mistaken about the shard; renews the lease of one that is present. */
  void checkCaller(Caller caller) {
    standing.checkPrimary();
    if (caller.epoch() > standing.epoch) {
      throw standing.fenced();
    } else if (caller.epoch() < standing.epoch) {
      throw standing.wrongEpoch(caller.epoch());
    }
    standing.arbiter.heard(caller.session(), nanoClock.getAsLong());
    Worker worker = of(caller);
    if (worker != null && worker.present) {
      renew(worker);
    }
  }

  /** Refuses moreover a caller that is not present. */
  Worker checkPresent(Caller caller) {
    checkCaller(caller);
    Worker worker = of(caller);
    if (worker == null || !worker.present) {
      throw standing.refusal(
          Refusal.NOT_JOINED,
          "worker %s is not present: it never joined, has left, or was silent for longer than its lease of %s; join again"
              .formatted(caller.worker(), standing.setup.lease()));
    }
    return worker;
  }
}
