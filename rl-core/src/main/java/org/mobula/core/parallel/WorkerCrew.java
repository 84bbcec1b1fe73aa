package org.mobula.core.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Threads that share out a range of indices, the caller's among them: each has a block of its own,
 * always the same, and {@link #run} returns when all blocks are done. For work of microseconds,
 * over and over on memory that the threads share, where a task or a call of an actor would cost
 * more than it is worth: handing out work is one write and one read of a number, and allocates
 * nothing.
 *
 * <p>Whoever waits looks for a moment, then lets others have the processor but looks again, and
 * then parks. Where there are fewer processors than threads it parks at once. One caller at a time.
 */
public final class WorkerCrew implements AutoCloseable {
  /** Longer than one thread's part takes than another's. */
  private static final long LOOK_NANOS = 20_000;

  /** Longer than the caller needs from one turn to the next, and than waking a thread takes. */
  private static final long YIELD_NANOS = 200_000;

  /** What is done to a block; must not throw. */
  @FunctionalInterface
  public interface Work {
    /** Does the indices {@code [from, to)}. */
    void run(int from, int to);
  }

  private final int indices;
  private final Worker[] workers;
  private final boolean looks;
  private final AtomicInteger unfinished = new AtomicInteger();

  private @Nullable Work work;
  private volatile long turn;
  private volatile @Nullable Thread waiting;
  private boolean closed;

  /**
   * Starts the threads, daemons that end with {@link #close}.
   *
   * @param name of the threads, with their number
   * @param indices to be shared out
   * @param threads the caller's included; at least 1
   */
  public WorkerCrew(String name, int indices, int threads) {
    this.indices = indices;
    this.looks = threads <= Runtime.getRuntime().availableProcessors();
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

  /** Does the work on all indices; what it wrote is visible to the caller afterwards. */
  public void run(Work work) {
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
    if (looks) {
      long start = System.nanoTime();
      long waited = 0;
      while (unfinished.get() != 0 && waited < YIELD_NANOS) {
        pause(waited);
        waited = System.nanoTime() - start;
      }
    }
    if (unfinished.get() == 0) {
      return;
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

  @SuppressWarnings("ThreadPriorityCheck") // only speed depends on it
  private static void pause(long waited) {
    if (waited < LOOK_NANOS) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
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
      if (looks) {
        long start = System.nanoTime();
        long waited = 0;
        while (turn == seen && waited < YIELD_NANOS) {
          pause(waited);
          waited = System.nanoTime() - start;
        }
      }
      if (turn != seen) {
        return;
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
