package org.mobula.core.runtime.local;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives resources and threads to jobs.
 *
 * <p>Jobs that need one CPU, nearly all, go through the <em>lane</em>: a queue without locks,
 * emptied by carriers that hold one CPU each and keep it from job to job. All others wait in one
 * queue per shape (set of resources) under the lock. A carrier takes the lock only when it gets or
 * gives back resources: when it finds the lane empty, when it blocks, or when someone waits for
 * CPU.
 *
 * <p>Invariant: if the lane holds a job and a CPU is free, a carrier searches or is about to. Who
 * adds a job reads {@code searching} and {@code cpuFree} afterwards; who stops searching or frees a
 * CPU says so first and looks at the lane afterwards.
 */
final class Scheduler {
  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final String name;
  private final Resources total;
  private final boolean oneJobEach;
  private final @Nullable ClassLoader contextClassLoader =
      Thread.currentThread().getContextClassLoader();
  private final Queue<Job> lane = new ConcurrentLinkedQueue<>();
  private final AtomicInteger searching = new AtomicInteger();
  private volatile boolean cpuFree;
  private volatile boolean cpuWanted;
  private volatile boolean closed;

  private final ReentrantLock lock = new ReentrantLock();
  // Everything below is guarded by the lock.
  private final Ledger ledger;
  private final Map<Resources, Deque<Job>> shapes = new LinkedHashMap<>();
  private final Deque<Resume> resumes = new ArrayDeque<>();
  private final Deque<Carrier> idle = new ArrayDeque<>();
  private final Set<Carrier> carriers = new HashSet<>();
  private boolean laneTurn;
  private int carriersMade;

  /** A thread that was blocked and waits to have its CPU back. */
  private static final class Resume {
    final Grant grant;
    final Thread thread = Thread.currentThread();
    volatile boolean granted;

    Resume(Grant grant) {
      this.grant = grant;
    }
  }

  /**
   * The scheduler of a runtime.
   *
   * @param name of the threads
   * @param oneJobEach whether each of the first threads, {@link OwnClasses#FRESH} of them, ends
   *     after its first job, with all that was left behind there
   */
  Scheduler(String name, Resources total, boolean oneJobEach) {
    this.name = name;
    this.oneJobEach = oneJobEach;
    this.total = total;
    this.ledger = new Ledger(total);
    this.cpuFree = true;
  }

  /** Why the resources can never be had, or null. */
  @Nullable String refusal(Resources wanted) {
    for (Map.Entry<String, Long> entry : wanted.micros().entrySet()) {
      if (entry.getValue() > total.micros(entry.getKey())) {
        return "needs %s but this runtime has %s in all".formatted(wanted, total);
      }
    }
    return null;
  }

  // Handing work in.

  /** A job that needs one CPU. */
  void enqueue(Job job) {
    lane.add(job);
    if (searching.get() == 0 && cpuFree) {
      wakeCarrier();
    }
  }

  /** A job that needs these resources while it runs. */
  void enqueue(Job job, Resources shape) {
    if (shape.equals(Resources.ONE_CPU)) {
      enqueue(job);
      return;
    }
    enqueueShaped(job, shape);
  }

  /** As {@link #enqueue(Job, Resources)}, but with a grant of its own even for one CPU. */
  void enqueueShaped(Job job, Resources shape) {
    lock.lock();
    try {
      shapes.computeIfAbsent(shape, s -> new ArrayDeque<>()).add(job);
      grant();
    } finally {
      lock.unlock();
    }
  }

  /** Takes a job out that still waits for its resources; false if it has them or never waited. */
  boolean withdraw(Job job, Resources shape) {
    lock.lock();
    try {
      Deque<Job> queue = shapes.get(shape);
      return queue != null && queue.remove(job);
    } finally {
      lock.unlock();
    }
  }

  /** Runs a job on a grant that was kept. */
  void enqueueGranted(Job job, Grant grant) {
    lock.lock();
    try {
      if (!closed) {
        start(grant, job);
      }
    } finally {
      lock.unlock();
    }
  }

  /** From inside a job: its grant outlives this run. */
  Grant keepGrant(Carrier carrier) {
    lock.lock();
    try {
      Grant grant = Objects.requireNonNull(carrier.grant);
      grant.kept = true;
      return grant;
    } finally {
      lock.unlock();
    }
  }

  /** The kept grant is free for others as soon as nobody runs on it. */
  void giveUp(Grant grant) {
    lock.lock();
    try {
      if (grant.kept) {
        grant.kept = false;
        settle(grant);
      }
    } finally {
      lock.unlock();
    }
  }

  Resources available() {
    lock.lock();
    try {
      Resources free = ledger.snapshot();
      return free.withMicros(
          Resources.CPU, free.micros(Resources.CPU) + searching.get() * Resources.MICROS_PER_UNIT);
    } finally {
      lock.unlock();
    }
  }

  /** True when a carrier that runs a batch of work should end it early. */
  boolean isCpuWanted() {
    return cpuWanted;
  }

  private void wakeCarrier() {
    lock.lock();
    try {
      grant();
    } finally {
      lock.unlock();
    }
  }

  // Giving resources out; the lock is held.

  private void grant() {
    boolean resumeWaits = !grantResumes();
    cpuFree = !resumeWaits && ledger.fits(Resources.ONE_CPU); // before the lane is looked at
    boolean given = !closed;
    while (given) {
      given =
          laneTurn
              ? grantLane(resumeWaits) || grantShape(resumeWaits)
              : grantShape(resumeWaits) || grantLane(resumeWaits);
    }
    boolean shapeWaits = shapes.keySet().stream().anyMatch(s -> s.micros(Resources.CPU) > 0);
    cpuWanted = resumeWaits || shapeWaits;
    cpuFree = !resumeWaits && ledger.fits(Resources.ONE_CPU);
  }

  /** True if nobody is left who waits to go on. Those go first, in their order. */
  private boolean grantResumes() {
    boolean othersWait = false;
    for (Iterator<Resume> all = resumes.iterator(); all.hasNext(); ) {
      Resume resume = all.next();
      Grant grant = resume.grant;
      if (!grant.cpuHeld) {
        if (othersWait || ledger.free(Resources.CPU) < grant.cpuMicros) {
          othersWait = true;
          continue;
        }
        ledger.add(Resources.CPU, -grant.cpuMicros);
        grant.cpuHeld = true;
      }
      all.remove();
      resume.granted = true;
      LockSupport.unpark(resume.thread);
    }
    return !othersWait;
  }

  private boolean grantLane(boolean resumeWaits) {
    if (resumeWaits || lane.isEmpty() || searching.get() > 0 || !ledger.fits(Resources.ONE_CPU)) {
      return false;
    }
    ledger.take(Resources.ONE_CPU);
    searching.incrementAndGet();
    start(new Grant(Resources.ONE_CPU), null);
    laneTurn = false;
    return true;
  }

  private boolean grantShape(boolean resumeWaits) {
    for (Map.Entry<Resources, Deque<Job>> entry : List.copyOf(shapes.entrySet())) {
      Resources shape = entry.getKey();
      Deque<Job> queue = entry.getValue();
      while (!queue.isEmpty() && !queue.element().isWaiting()) {
        queue.remove();
      }
      boolean mayTakeCpu = !resumeWaits || shape.micros(Resources.CPU) == 0;
      boolean given = !queue.isEmpty() && mayTakeCpu && ledger.fits(shape);
      if (given) {
        ledger.take(shape);
        start(new Grant(shape), queue.remove());
        laneTurn = true;
        shapes.remove(shape); // to the end of the map: shapes take turns
        shapes.put(shape, queue);
      }
      if (queue.isEmpty()) {
        shapes.remove(shape);
      }
      if (given) {
        return true;
      }
    }
    return false;
  }

  private void start(Grant grant, @Nullable Job job) {
    grant.unblocked++;
    Carrier carrier = idle.pollLast();
    if (carrier != null) {
      carrier.assign(grant, job);
      LockSupport.unpark(carrier);
      return;
    }
    if (oneJobEach) {
      carriers.removeIf(ended -> ended.getState() == Thread.State.TERMINATED);
    }
    carriersMade++;
    boolean hasOneJob = oneJobEach && carriersMade <= OwnClasses.FRESH;
    carrier = new Carrier(this, name + "-carrier-" + carriersMade, contextClassLoader, hasOneJob);
    carriers.add(carrier);
    carrier.assign(grant, job);
    carrier.start();
  }

  /** Gives back what the grant no longer needs, after a thread left it or blocked on it. */
  private void settle(Grant grant) {
    if (grant.unblocked + grant.blocked == 0 && !grant.kept) {
      ledger.giveBack(
          grant.cpuHeld ? grant.resources : grant.resources.withMicros(Resources.CPU, 0));
      grant();
    } else if (grant.unblocked == 0 && grant.blocked > 0 && grant.cpuHeld && grant.cpuMicros > 0) {
      ledger.add(Resources.CPU, grant.cpuMicros);
      grant.cpuHeld = false;
      grant();
    }
  }

  // The life of a carrier.

  /** Waits for an assignment; false if the carrier shall end. */
  boolean awaitAssignment(Carrier carrier) {
    if (carrier.hasOneJob && !carrier.isAssigned()) {
      return false;
    }
    while (true) {
      if (!closed) { // shutDown unparks after it has set this
        carrier.parkUntilAssigned(KEEP_ALIVE_NANOS);
      }
      if (carrier.isAssigned()) {
        return true;
      }
      Thread.interrupted();
      lock.lock();
      try {
        boolean expired = idle.size() > 1 && idle.peekFirst() == carrier;
        if (!carrier.isAssigned() && (closed || expired)) {
          idle.remove(carrier);
          if (!closed) { // close() joins all that are left
            carriers.remove(carrier);
          }
          return false;
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Runs jobs from the lane while there are any, on the one CPU the carrier holds. It does not spin
   * while it holds the CPU: where threads are more than cores that only delays who would bring
   * some.
   */
  void runLane(Carrier carrier) {
    boolean isSearching = true; // counted by who gave the assignment
    for (Job job = lane.poll(); job != null; job = lane.poll()) {
      if (isSearching) {
        isSearching = false;
        searching.decrementAndGet();
        if (cpuFree && !lane.isEmpty()) {
          wakeCarrier();
        }
      }
      job.run(carrier);
      if (cpuWanted || closed || carrier.hasOneJob) {
        break;
      }
    }
    lock.lock();
    try {
      if (isSearching) {
        searching.decrementAndGet();
      }
      leave(carrier);
    } finally {
      lock.unlock();
    }
  }

  /** The carrier has run its one job. */
  void finished(Carrier carrier) {
    lock.lock();
    try {
      leave(carrier);
    } finally {
      lock.unlock();
    }
  }

  private void leave(Carrier carrier) {
    Grant grant = Objects.requireNonNull(carrier.grant);
    carrier.grant = null;
    carrier.current = null;
    grant.unblocked--;
    if (!carrier.hasOneJob) {
      idle.addLast(carrier);
    }
    settle(grant);
  }

  // Blocking inside a job.

  /** The carrier is about to wait for another job: others may use its CPU. */
  void block(Carrier carrier) {
    lock.lock();
    try {
      Grant grant = Objects.requireNonNull(carrier.grant);
      grant.unblocked--;
      grant.blocked++;
      settle(grant);
    } finally {
      lock.unlock();
    }
  }

  /** The carrier has waited; returns when it has its CPU back. */
  void unblock(Carrier carrier) {
    lock.lock();
    try {
      Grant grant = Objects.requireNonNull(carrier.grant);
      grant.unblocked++;
      grant.blocked--;
    } finally {
      lock.unlock();
    }
    resume(carrier);
  }

  /** Returns when the carrier's grant has its CPU, which it may have lent out. */
  void resume(Carrier carrier) {
    Resume resume;
    lock.lock();
    try {
      resume = new Resume(Objects.requireNonNull(carrier.grant));
      if (resume.grant.cpuHeld) {
        return;
      }
      resumes.add(resume);
      grant();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (!resume.granted) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      carrier.interrupt();
    }
  }

  // The end.

  /** Starts nothing more and interrupts what runs. */
  void shutDown() {
    lock.lock();
    try {
      closed = true;
      for (Carrier carrier : carriers) {
        carrier.interrupt();
        LockSupport.unpark(carrier);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Jobs that wait for resources or a CPU; they are taken out. */
  List<Job> drain() {
    List<Job> jobs = new ArrayList<>();
    for (Job job = lane.poll(); job != null; job = lane.poll()) {
      jobs.add(job);
    }
    lock.lock();
    try {
      shapes.values().forEach(jobs::addAll);
      shapes.clear();
    } finally {
      lock.unlock();
    }
    return jobs;
  }

  /** Returns when all carriers have ended; reminds those that swallowed their interrupt. */
  void join() {
    List<Carrier> left;
    lock.lock();
    try {
      left = List.copyOf(carriers);
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    for (Carrier carrier : left) {
      for (int seconds = 1; carrier.isAlive(); seconds++) {
        try {
          carrier.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
          interrupted = true;
        }
        carrier.interrupt();
        if (seconds % 10 == 0) {
          LOG.warn("close() has waited {} s for {}, which ignores interrupts", seconds, carrier);
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
