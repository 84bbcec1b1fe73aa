package org.mobula.core.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The workspaces of a policy, lent to those who act at this moment: as many as ever acted at once,
 * and no more than a limit, at which a thread waits until another is done. How many threads there
 * ever were has no part in it.
 *
 * <p>Each workspace has a place of its own, which holds it while nobody uses it. The thread that
 * takes it out with one atomic exchange has it alone; the lock is for what is rare.
 */
final class Workspaces implements AutoCloseable {
  /** Places lie so far apart that two threads do not write to the same line of the cache. */
  private static final int STRIDE = 32;

  private final Supplier<PolicyRunner> maker;
  private final int limit;
  private final AtomicReferenceArray<@Nullable Workspace> places;

  /**
   * Where threads of one hash look first: where they found one last, which is still in their cache.
   * Written without order between threads; any number in it serves.
   */
  private final int[] hints;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private final List<Workspace> open = new ArrayList<>(); // guarded by the lock
  private final AtomicInteger made = new AtomicInteger();
  private final AtomicInteger waiting = new AtomicInteger(); // in take() or close()
  private volatile boolean closed;

  /**
   * Makes the first one, so that what cannot be made fails here.
   *
   * @param limit how many there may be, at least 1
   * @param maker called with a lock held; what it makes is closed with this
   */
  Workspaces(int limit, Supplier<PolicyRunner> maker) {
    this.limit = limit;
    this.maker = maker;
    this.places = new AtomicReferenceArray<>((limit + 1) * STRIDE);
    this.hints = new int[Integer.highestOneBit(32 * limit)];
    giveBack(take());
  }

  /** What one thread at a time computes with. */
  static final class Workspace {
    final PolicyRunner runner;
    private final int place;
    float[] features = new float[0];
    float[] outputs = new float[0];

    private Workspace(PolicyRunner runner, int place) {
      this.runner = runner;
      this.place = place;
      reserve(1);
    }

    /** Makes room for so many rows. */
    void reserve(int rows) {
      PolicySpec spec = runner.spec();
      int outputSize = spec.network().outputs();
      if (outputs.length < rows * outputSize) {
        features = new float[rows * spec.observationSpace().flatSize()];
        outputs = new float[rows * outputSize];
      }
    }
  }

  /**
   * One that nobody else has until it is given back.
   *
   * @throws IllegalStateException if this is closed
   */
  Workspace take() {
    Workspace free = closed ? null : free();
    return free != null ? free : makeOrAwait();
  }

  void giveBack(Workspace workspace) {
    places.set(workspace.place, workspace);
    if (waiting.get()
        > 0) { // a thread that begins to wait later than this looks at the place first
      lock.lock();
      try {
        returned.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  private @Nullable Workspace free() {
    int all = made.get();
    if (all == 0) {
      return null;
    }
    int hint = System.identityHashCode(Thread.currentThread()) & (hints.length - 1);
    int first = hints[hint] % all;
    int index = first;
    do {
      int place = (index + 1) * STRIDE;
      if (places.get(place) != null) {
        Workspace free = places.getAndSet(place, null);
        if (free != null) {
          if (index != first) {
            hints[hint] = index;
          }
          return free;
        }
      }
      index = index + 1 == all ? 0 : index + 1;
    } while (index != first);
    return null;
  }

  private Workspace makeOrAwait() {
    lock.lock();
    waiting.incrementAndGet();
    try {
      while (!closed) {
        Workspace free = free();
        if (free != null) {
          return free;
        }
        if (made.get() < limit) {
          return make();
        }
        returned.awaitUninterruptibly();
      }
      throw new IllegalStateException("the policy is closed; load it again to act with it");
    } finally {
      waiting.decrementAndGet();
      lock.unlock();
    }
  }

  private Workspace make() {
    Workspace workspace = new Workspace(maker.get(), (made.get() + 1) * STRIDE);
    open.add(workspace);
    made.incrementAndGet();
    return workspace;
  }

  /** Lends none from now on, waits for those that are lent, and frees them all, once. */
  @Override
  public void close() {
    lock.lock();
    waiting.incrementAndGet();
    try {
      closed = true;
      returned.signalAll();
      while (!open.isEmpty()) {
        Workspace free = free();
        if (free == null) {
          returned.awaitUninterruptibly();
        } else {
          open.remove(free);
          free.runner.close();
          returned.signalAll(); // another may close too
        }
      }
    } finally {
      waiting.decrementAndGet();
      lock.unlock();
    }
  }
}
