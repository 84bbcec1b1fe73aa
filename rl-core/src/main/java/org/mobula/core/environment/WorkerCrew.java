package org.mobula.core.environment;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share out a range of indices, the caller's among them: each has a block of its own
 * and {@link #run} returns when all blocks are done. Handing out work allocates nothing.
 *
 * <p>Waiting spins for some microseconds, about what a step of small environments takes, and then
 * parks. Where there are fewer processors than threads it parks at once.
 */
final class WorkerCrew implements AutoCloseable {
  private static final int SPINS = 1000;

  /** What is done to a block; must not throw. */
  interface Work {
    void run(int from, int to);
  }

  private final int indices;
  private final Worker[] workers;
  private final int spins;
  private final AtomicInteger unfinished = new AtomicInteger();

  private @Nullable Work work;
  private volatile long turn;
  private volatile @Nullable Thread waiting;
  private boolean closed;

  WorkerCrew(String name, int indices, int threads) {
    this.indices = indices;
    this.spins = threads <= Runtime.getRuntime().availableProcessors() ? SPINS : 0;
    this.workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(name + "-" + (i + 1), start(i + 1, threads), start(i + 2, threads));
    }
    for (Worker worker : workers) {
      worker.start();
    }
  }

  private int start(int block, int threads) {
    return (int) ((long) indices * block / threads);
  }

  void run(Work work) {
    if (workers.length == 0) {
      work.run(0, indices);
      return;
    }
    this.work = work;
    unfinished.set(workers.length);
    nextTurn();
    work.run(0, start(1, workers.length + 1));
    await();
    this.work = null;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // only the one caller writes
  private void nextTurn() {
    turn++;
    for (Worker worker : workers) {
      if (worker.parked) {
        LockSupport.unpark(worker);
      }
    }
  }

  private void await() {
    for (int i = 0; i < spins; i++) {
      if (unfinished.get() == 0) {
        return;
      }
      Thread.onSpinWait();
    }
    boolean interrupted = false;
    waiting = Thread.currentThread();
    while (unfinished.get() != 0) {
      LockSupport.park(this);
      // Half a step cannot be left behind: the interrupt waits until it is whole.
      interrupted |= Thread.interrupted();
    }
    waiting = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the threads; a second call does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    work = null;
    nextTurn();
    boolean interrupted = false;
    for (Worker worker : workers) {
      while (worker.isAlive()) {
        try {
          worker.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Worker extends Thread {
    private final int from;
    private final int to;
    private volatile boolean parked;

    Worker(String name, int from, int to) {
      super(name);
      this.from = from;
      this.to = to;
      setDaemon(true);
    }

    @Override
    public void run() {
      long seen = 0;
      while (true) {
        awaitTurnAfter(seen);
        seen++;
        Work task = work;
        if (task == null) {
          return;
        }
        task.run(from, to);
        if (unfinished.decrementAndGet() == 0) {
          Thread caller = waiting;
          if (caller != null) {
            LockSupport.unpark(caller);
          }
        }
      }
    }

    private void awaitTurnAfter(long seen) {
      for (int i = 0; i < spins; i++) {
        if (turn != seen) {
          return;
        }
        Thread.onSpinWait();
      }
      parked = true;
      while (turn == seen) {
        LockSupport.park(WorkerCrew.this);
        // An interrupt from outside would turn parking into spinning.
        Thread.interrupted();
      }
      parked = false;
    }
  }
}
