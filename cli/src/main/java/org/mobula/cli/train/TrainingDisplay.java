package org.mobula.cli.train;

import org.mobula.core.training.TrainingListener;
import org.mobula.parameterserver.shard.ShardEvent;

/**
 * Shows a run while it goes on; {@link #stopping} and {@link #happened} may come from other
 * threads.
 */
interface TrainingDisplay extends TrainingListener, AutoCloseable {
  /** A signal asks for the end. */
  void stopping(String signal);

  /** A rollout worker failed and may be started again, or a learner failed. */
  void workerFailed(String message);

  /** Something has happened to a shard or a learner. */
  void happened(ShardEvent event);

  /** Leaves nothing half drawn behind. */
  @Override
  void close();
}
