package org.mobula.core.training;

import java.util.Map;

/**
 * Decides before each iteration how the episodes that start in it are reset. It is asked in the
 * thread that trains, once for each iteration. What it returned last is part of a checkpoint, so
 * that a curriculum without a state of its own continues in a resumed run as if the run had never
 * stopped.
 */
@FunctionalInterface
public interface Curriculum {
  /**
   * The options of the next episodes' resets.
   *
   * @param progress of the run, with the returns of its last episodes
   * @param present what was returned last, at first {@code environment.reset-options}; with the
   *     present values of those that are scheduled there
   * @return numbers, truths and texts by name; all of them, not only what changes
   */
  Map<String, Object> next(TrainingProgress progress, Map<String, Object> present);
}
