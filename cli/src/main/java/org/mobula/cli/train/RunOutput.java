package org.mobula.cli.train;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;

/** How {@code train} speaks: to a person or to a machine. */
interface RunOutput {
  /** Before the first iteration. */
  void begin(Path run, TrainingConfig config, long stepsBefore);

  /** Before the first iteration, where episodes come from other processes: they ask there. */
  void listening(String url);

  /** Shows the iterations. */
  TrainingDisplay display(Pace pace);

  /** After a run that did not fail. */
  void end(Path run, TrainingConfig config, TrainingResult result);

  /** After a learner that had joined a parameter server and did not fail. */
  void endJoined(TrainingResult result);

  /**
   * After a run that failed; the error itself goes to standard error.
   *
   * @param run null for a learner that had joined another run, and where no run was begun
   */
  void failed(@Nullable Path run, String message);
}
