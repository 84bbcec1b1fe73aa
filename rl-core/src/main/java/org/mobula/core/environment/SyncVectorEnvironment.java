package org.mobula.core.environment;

import java.util.List;
import org.mobula.core.parallel.WorkerCrew;

/**
 * Steps its environments one after the other in the caller's thread.
 *
 * <p>When environments throw, the others still take their step; then the first of the failures is
 * thrown as an {@link EnvironmentException}. One thread at a time.
 */
public final class SyncVectorEnvironment extends LaneVectorEnvironment {
  /** Steps these environments, which must have equal spaces, and closes them in the end. */
  public SyncVectorEnvironment(List<? extends Environment> environments, AutoresetMode mode) {
    super(environments, mode);
  }

  /** Makes {@code count} environments and steps them. */
  public SyncVectorEnvironment(EnvironmentFactory factory, int count, AutoresetMode mode) {
    this(Lanes.create(factory, count), mode);
  }

  @Override
  void run(WorkerCrew.Work work) {
    work.run(0, count());
  }
}
