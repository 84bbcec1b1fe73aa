package org.mobula.core.environment;

import java.util.List;
import org.mobula.core.parallel.WorkerCrew;

/**
 * Steps its environments on several threads, always the same block of them on the same thread. The
 * results are the same bits as {@link SyncVectorEnvironment}'s.
 *
 * <p>The caller's thread is one of the threads and takes the first block; the others are daemons
 * that park between steps and end with {@link #close}. One caller at a time.
 */
public final class ThreadedVectorEnvironment extends LaneVectorEnvironment {
  private final WorkerCrew crew;

  /**
   * Steps these environments, which must have equal spaces, and closes them in the end.
   *
   * @param threads how many threads, the caller's included; no more than environments are used
   */
  public ThreadedVectorEnvironment(
      List<? extends Environment> environments, AutoresetMode mode, int threads) {
    super(environments, mode);
    if (threads < 1) {
      throw new IllegalArgumentException("threads is " + threads + " but must be >= 1");
    }
    crew = new WorkerCrew("vector-environment", count(), Math.min(threads, count()));
  }

  /** Makes {@code count} environments and steps them on {@code threads} threads. */
  public ThreadedVectorEnvironment(
      EnvironmentFactory factory, int count, AutoresetMode mode, int threads) {
    this(Lanes.create(factory, count), mode, threads);
  }

  @Override
  void run(WorkerCrew.Work work) {
    crew.run(work);
  }

  @Override
  public void close() {
    crew.close();
    super.close();
  }
}
