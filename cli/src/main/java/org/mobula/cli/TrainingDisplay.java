package org.mobula.cli;

import org.mobula.core.training.TrainingListener;

/** Shows a run while it goes on; {@link #stopping} may come from another thread. */
interface TrainingDisplay extends TrainingListener, AutoCloseable {
  /** A signal asks for the end. */
  void stopping(String signal);

  /** A rollout worker failed and may be started again, or a learner failed. */
  void workerFailed(String message);

  /** Leaves nothing half drawn behind. */
  @Override
  void close();
}
