package org.mobula.core.training;

import java.nio.file.Path;
import java.util.Map;

/** Is told what happens in a training run, in the thread that trains. An exception ends the run. */
public interface TrainingListener {
  /**
   * Before the first iteration.
   *
   * @param control what the listener may do with the run
   */
  default void onStart(TrainingControl control) {}

  /**
   * After each iteration, before its measurements are recorded.
   *
   * @param measurements by name, such as {@code rollout/episode_return_mean}; what a listener puts
   *     there is recorded, too, in the run's files and all sinks
   */
  default void onIteration(TrainingProgress progress, Map<String, Double> measurements) {}

  /** After each evaluation. */
  default void onEvaluation(TrainingProgress progress, EvaluationResult result) {}

  /** After a checkpoint was written whole. */
  default void onCheckpoint(TrainingProgress progress, Path checkpoint) {}

  /** At the end of a run that did not fail. */
  default void onEnd(TrainingResult result) {}
}
