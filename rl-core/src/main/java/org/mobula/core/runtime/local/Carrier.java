package org.mobula.core.runtime.local;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread that runs jobs. It gets an assignment from the scheduler, either one job with its own
 * grant, or one CPU to run job after job from the lane, and is idle in between.
 */
final class Carrier extends Thread {
  private final Scheduler scheduler;

  /** Whether it ends after its first assignment. */
  final boolean hasOneJob;

  /** What the present assignment may use; guarded by the scheduler's lock. */
  @Nullable Grant grant;

  /** What it runs now; its own. */
  @Nullable LocalRef<?> current;

  private @Nullable Job job;
  private volatile boolean assigned;

  Carrier(
      Scheduler scheduler,
      String name,
      @Nullable ClassLoader contextClassLoader,
      boolean hasOneJob) {
    super(null, null, name, 0, false);
    this.scheduler = scheduler;
    this.hasOneJob = hasOneJob;
    setDaemon(true);
    setContextClassLoader(contextClassLoader);
  }

  /** Hands work over, with the scheduler's lock held; {@code newJob} is null for the lane. */
  void assign(Grant newGrant, @Nullable Job newJob) {
    grant = newGrant;
    job = newJob;
    assigned = true;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  boolean isAssigned() {
    return assigned;
  }

  @Override
  public void run() {
    while (scheduler.awaitAssignment(this)) {
      assigned = false;
      Job mine = job;
      job = null;
      if (mine == null) {
        scheduler.runLane(this);
      } else {
        scheduler.resume(this);
        mine.run(this);
        scheduler.finished(this);
      }
    }
  }

  void parkUntilAssigned(long nanos) {
    if (!Spin.until(() -> assigned)) {
      LockSupport.parkNanos(scheduler, nanos);
    }
  }
}
