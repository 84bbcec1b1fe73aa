package org.mobula.tune;

import java.io.Serializable;

/** As {@link Objective}, with several values at once. */
@FunctionalInterface
public interface MultiObjective extends Serializable {
  /**
   * Evaluates one trial.
   *
   * @return a value for each of the study's directions, in their order
   * @throws Exception if it fails
   */
  double[] evaluate(Trial trial) throws Exception;
}
