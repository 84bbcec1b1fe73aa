package org.mobula.serve.batch;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.GetTimeoutException;
import org.mobula.core.runtime.TaskException;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.serve.model.Model;
import org.mobula.serve.model.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A version of a model at work: a bounded queue of requests, and replicas that take from it. An
 * idle replica takes what is there at once, so a lone request never waits for others; while a
 * replica computes, requests gather, so batches form under load by themselves.
 *
 * <p>A request ends exactly once: with its outputs, or with a {@link Failure}, at its deadline at
 * the latest (give or take {@value #TICK_MILLIS} ms), whatever its replica does.
 */
public final class Batcher {
  /** Milliseconds between looks at deadlines and the number of replicas. */
  public static final int TICK_MILLIS = 20;

  /** Looks in a row that must find the queue long before a replica is added. */
  private static final int LONG_TICKS = 5;

  /** Between attempts to replace a replica whose thread has ended. */
  private static final long LOST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final Logger LOG = LoggerFactory.getLogger(Batcher.class);

  private final TaskRuntime runtime;
  private final String name;
  private final Model model;
  private final BatchingConfig config;
  private final BatcherStatistics statistics;
  private final LongSupplier nanoClock;
  private final FaultLog faults = new FaultLog();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock.
  private final ArrayDeque<Work> queue = new ArrayDeque<>();
  private final List<Replica> replicas = new ArrayList<>();
  private int queuedRows;
  private int idle;
  private int replicasMade;
  private int longTicks;
  private boolean growing;
  private long lastScarceNanos;
  private long lastGrownNanos;
  private boolean closed;
  private @Nullable ScheduledFuture<?> ticks;

  private volatile boolean ready;

  private Batcher(
      TaskRuntime runtime,
      String name,
      Model model,
      BatchingConfig config,
      BatcherStatistics statistics,
      LongSupplier nanoClock) {
    this.statistics = statistics;
    this.nanoClock = nanoClock;
    this.lastGrownNanos = nanoClock.getAsLong();
    this.runtime = runtime;
    this.name = name;
    this.model = model;
    this.config = config;
  }

  /**
   * Starts replicas and waits until each has computed once.
   *
   * @param name for threads, actors and errors: {@code cartpole/102400}
   * @param clock runs what is to be done from time to time; it may be shared
   * @throws IllegalStateException if the model cannot be started
   */
  public static Batcher start(
      TaskRuntime runtime,
      ScheduledExecutorService clock,
      String name,
      Model model,
      BatchingConfig config) {
    return start(runtime, clock, name, model, config, new BatcherStatistics());
  }

  /**
   * As {@link #start(TaskRuntime, ScheduledExecutorService, String, Model, BatchingConfig)}.
   *
   * @param statistics that go on counting
   */
  public static Batcher start(
      TaskRuntime runtime,
      ScheduledExecutorService clock,
      String name,
      Model model,
      BatchingConfig config,
      BatcherStatistics statistics) {
    return start(runtime, clock, name, model, config, statistics, System::nanoTime);
  }

  /**
   * As {@link #start(TaskRuntime, ScheduledExecutorService, String, Model, BatchingConfig,
   * BatcherStatistics)}.
   *
   * @param nanoClock tells when a request, a call or an idle replica has had its time
   */
  static Batcher start(
      TaskRuntime runtime,
      ScheduledExecutorService clock,
      String name,
      Model model,
      BatchingConfig config,
      BatcherStatistics statistics,
      LongSupplier nanoClock) {
    Batcher batcher = new Batcher(runtime, name, model, config, statistics, nanoClock);
    try {
      for (int i = 0; i < config.minReplicas(); i++) {
        Replica replica = batcher.newReplica();
        replica.warmUp();
        batcher.add(replica);
      }
    } catch (TaskException | GetTimeoutException e) {
      batcher.close(Duration.ZERO);
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(name + " cannot be started: " + cause, e);
    }
    batcher.ready = true;
    batcher.tickOn(clock);
    return batcher;
  }

  private void tickOn(ScheduledExecutorService clock) {
    lock.lock();
    try {
      ticks =
          clock.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    } finally {
      lock.unlock();
    }
  }

  private Replica newReplica() {
    lock.lock();
    try {
      return new Replica(this, runtime, model, name + "/" + replicasMade++);
    } finally {
      lock.unlock();
    }
  }

  /** Lets a replica take requests. */
  private void add(Replica replica) {
    lock.lock();
    try {
      if (!closed) {
        replicas.add(replica);
        replica.start();
        return;
      }
    } finally {
      lock.unlock();
    }
    replica.kill();
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** The settings. */
  public BatchingConfig config() {
    return config;
  }

  /** Counters. */
  public BatcherStatistics statistics() {
    return statistics;
  }

  /** Whether it takes requests, and as many replicas as there must be at least compute them. */
  public boolean isReady() {
    if (!ready) {
      return false;
    }
    lock.lock();
    try {
      return replicas.stream().filter(Replica::isServing).count() >= config.minReplicas();
    } finally {
      lock.unlock();
    }
  }

  /** The time by which deadlines pass, in nanoseconds. */
  long now() {
    return nanoClock.getAsLong();
  }

  FaultLog faults() {
    return faults;
  }

  /** Requests that wait now. */
  public int queued() {
    lock.lock();
    try {
      return queue.size();
    } finally {
      lock.unlock();
    }
  }

  /** Replicas there are now. */
  public int replicas() {
    lock.lock();
    try {
      return replicas.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Hands in a request.
   *
   * @param inputs checked by the model
   * @param acceptedNanos when the request came, as {@link System#nanoTime}
   * @param timeout from then on; longer ones than the config's are cut
   * @return false if this batcher is closed: the completion was not told and will not be
   */
  public boolean submit(
      List<Tensor> inputs,
      Map<String, Object> parameters,
      long acceptedNanos,
      @Nullable Duration timeout,
      Completion completion) {
    Duration limit = config.requestTimeout();
    // Compared as durations: a client's may have more nanoseconds than fit into 64 bits.
    Duration patience = timeout == null || timeout.compareTo(limit) > 0 ? limit : timeout;
    long nanos = patience.toNanos();
    Work work = new Work(inputs, parameters, acceptedNanos, acceptedNanos + nanos, completion);
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      if (queue.size() < config.queueCapacity()) {
        queue.add(work);
        queuedRows += work.rows();
        if (idle > 0) {
          arrived.signal();
        }
        return true;
      }
    } finally {
      lock.unlock();
    }
    fail(work, Failure.OVERLOADED);
    return true;
  }

  /**
   * Waits for work and takes a batch of it.
   *
   * @param batch receives the requests
   * @return false if the replica is to end
   */
  boolean take(Replica replica, List<Work> batch) throws InterruptedException {
    batch.clear();
    lock.lockInterruptibly();
    try {
      while (batch.isEmpty()) {
        while (queue.isEmpty()) {
          if (closed || !replicas.contains(replica)) {
            return false;
          }
          idle++;
          try {
            arrived.await();
          } finally {
            idle--;
          }
        }
        awaitFuller();
        fill(batch);
      }
      replica.working = List.copyOf(batch);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a fuller batch, where the configuration says so. */
  private void awaitFuller() throws InterruptedException {
    long left = config.maxBatchDelay().toNanos();
    if (left > 0 && !queue.isEmpty()) {
      left -= now() - queue.element().acceptedNanos;
    }
    while (left > 0 && queuedRows < config.maxBatchRows() && !closed) {
      idle++;
      try {
        left = arrived.awaitNanos(left);
      } finally {
        idle--;
      }
    }
  }

  private void fill(List<Work> batch) {
    long now = now();
    int rows = 0;
    while (!queue.isEmpty()) {
      Work next = queue.element();
      boolean fits = rows == 0 || rows + next.rows() <= config.maxBatchRows();
      if (!fits || (!batch.isEmpty() && !isLike(next, batch.get(0)))) {
        return;
      }
      queue.remove();
      queuedRows -= next.rows();
      if (next.completion.isAbandoned()) {
        drop(next);
      } else if (next.isExpired(now)) {
        fail(next, Failure.EXPIRED);
      } else if (!next.get()) {
        batch.add(next);
        rows += next.rows();
      }
    }
  }

  /** Whether the rows of two requests can be put together. */
  private static boolean isLike(Work one, Work other) {
    for (int i = 0; i < one.inputs.size(); i++) {
      int[] a = one.inputs.get(i).shape();
      int[] b = other.inputs.get(i).shape();
      for (int d = 1; d < a.length; d++) {
        if (a[d] != b[d]) {
          return false;
        }
      }
    }
    return true;
  }

  void drop(Work work) {
    if (work.end()) {
      statistics.of(work.completion).abandoned.increment();
      tell(() -> work.completion.fail(Failure.EXPIRED));
    }
  }

  void succeed(Work work, List<Tensor> outputs) {
    if (work.end()) {
      statistics.of(work.completion).succeeded.increment();
      tell(() -> work.completion.succeed(outputs));
    }
  }

  void fail(Work work, Failure failure) {
    if (work.end()) {
      statistics.of(work.completion).failures(failure).increment();
      tell(() -> work.completion.fail(failure));
    }
  }

  /** A completion's own error is no reason for a replica to stop. */
  private static void tell(Runnable completion) {
    try {
      completion.run();
    } catch (RuntimeException | LinkageError e) {
      LOG.error("a result could not be delivered", e);
    }
  }

  /** A replica has ended. */
  void ended(Replica replica) {
    lock.lock();
    try {
      replicas.remove(replica);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // From time to time.

  /** An error must not end the looks: deadlines hang on them. */
  private void tick() {
    try {
      look();
    } catch (RuntimeException | LinkageError e) {
      LOG.error("{} could not be looked after", name, e);
    }
  }

  private void look() {
    long now = now();
    List<Work> late = new ArrayList<>();
    List<Replica> hung = new ArrayList<>();
    boolean grow;
    lock.lock();
    try {
      for (Iterator<Work> waiting = queue.iterator(); waiting.hasNext(); ) {
        Work work = waiting.next();
        if (work.isExpired(now) || work.completion.isAbandoned()) {
          waiting.remove();
          queuedRows -= work.rows();
          late.add(work);
        }
      }
      for (Replica replica : replicas) {
        for (Work work : replica.working) {
          if (!work.get() && work.isExpired(now)) {
            late.add(work);
          }
        }
        if (replica.isHung(now)) {
          hung.add(replica);
        }
      }
      grow = scale(now);
    } finally {
      lock.unlock();
    }
    for (Work work : late) {
      if (work.isExpired(now)) {
        fail(work, Failure.EXPIRED);
      } else {
        drop(work);
      }
    }
    hung.forEach(Replica::giveUp);
    if (grow) { // apart, since a model may take its time to start
      Thread thread = new Thread(this::grow, "serve-" + name + "-grow");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Decides on the number of replicas; true if one is to be added. */
  private boolean scale(long now) {
    int count = replicas.size();
    if (closed) {
      return false;
    }
    boolean isLong = queuedRows > (long) config.maxBatchRows() * count;
    longTicks = isLong ? longTicks + 1 : 0;
    if (idle == 0 || queuedRows > 0) {
      lastScarceNanos = now;
    }
    if (count > config.minReplicas() && now - lastScarceNanos > config.scaleDownDelay().toNanos()) {
      lastScarceNanos = now;
      replicas.remove(count - 1);
      arrived.signalAll();
    }
    boolean lost = count < config.minReplicas() && now - lastGrownNanos > LOST_PAUSE_NANOS;
    boolean grow = !growing && (lost || (longTicks >= LONG_TICKS && count < config.maxReplicas()));
    if (grow) {
      lastGrownNanos = now;
      longTicks = 0;
      growing = true;
    }
    return grow;
  }

  private void grow() {
    Replica replica = newReplica();
    try {
      replica.warmUp();
      add(replica);
    } catch (TaskException | GetTimeoutException e) {
      LOG.warn("another replica of {} cannot be started", name, e);
      replica.kill(); // the others go on; the queue will ask again
    } finally {
      lock.lock();
      try {
        growing = false;
      } finally {
        lock.unlock();
      }
    }
  }

  // The end.

  /**
   * Takes no new requests, finishes those there are as long as the time allows, and ends.
   *
   * @param patience after which requests fail
   * @return whether nothing was left to end
   */
  @SuppressWarnings("CanIgnoreReturnValueSuggester") // who ignores it does so on purpose
  public boolean close(Duration patience) {
    boolean all = false;
    List<Work> left = new ArrayList<>();
    List<Replica> ending;
    lock.lock();
    try {
      closed = true;
      ready = false;
      arrived.signalAll();
      ending = new ArrayList<>(replicas);
      long nanos = patience.toNanos();
      while (nanos > 0 && !replicas.isEmpty()) {
        nanos = changed.awaitNanos(nanos);
      }
      if (ticks != null) {
        ticks.cancel(false);
      }
      left.addAll(queue);
      queue.clear();
      queuedRows = 0;
      all = left.isEmpty() && replicas.isEmpty();
      for (Replica replica : replicas) {
        left.addAll(replica.working);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ending = new ArrayList<>();
    } finally {
      lock.unlock();
    }
    left.forEach(work -> fail(work, Failure.CLOSED));
    ending.forEach(Replica::kill);
    return all;
  }
}
