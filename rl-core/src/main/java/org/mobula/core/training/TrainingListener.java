package org.mobula.core.training;

import java.nio.file.Path;
import java.util.Map;

/** Is told what happens in a training run, in the thread that trains. An exception ends the run. */
public interface TrainingListener {
  /** After each iteration, with what was measured in it by name. */
  default void onIteration(TrainingProgress progress, Map<String, Double> measurements) {}

  /** After each evaluation. */
  default void onEvaluation(TrainingProgress progress, EvaluationResult result) {}

  /** After a checkpoint was written whole. */
  default void onCheckpoint(TrainingProgress progress, Path checkpoint) {}

  /** At the end of a run that did not fail. */
  default void onEnd(TrainingResult result) {}
}
