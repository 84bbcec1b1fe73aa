package org.mobula.parameterserver.shard;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks one after the other, in the thread of whoever brings one: the first runs its own and
 * all that come meanwhile, the others go on at once. So nobody waits for a lock while a long step
 * is taken, and a task that brings tasks, here or to another queue, cannot deadlock.
 */
public final class SerialQueue {
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger unfinished = new AtomicInteger();
  private final Executor executor;

  /** In the threads of those who bring tasks. */
  public SerialQueue() {
    this(Runnable::run);
  }

  /**
   * In another thread, where tasks are so long that whoever brings one must not do it.
   *
   * @param executor runs one thing after the other
   */
  public SerialQueue(Executor executor) {
    this.executor = executor;
  }

  /** Runs the task, now or in the thread that is at it. What it writes, later tasks see. */
  public void run(Runnable task) {
    tasks.add(task);
    if (unfinished.getAndIncrement() == 0) {
      executor.execute(this::runAll);
    }
  }

  private void runAll() {
    @Nullable Throwable failure = null;
    do {
      try {
        tasks.remove().run();
      } catch (RuntimeException | Error e) {
        // The tasks of others must not suffer.
        failure = e;
      }
    } while (unfinished.decrementAndGet() > 0);
    if (failure instanceof Error error) {
      throw error;
    } else if (failure != null) {
      throw (RuntimeException) failure;
    }
  }
}
