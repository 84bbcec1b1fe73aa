package org.mobula.core.parameters;

import java.io.Serializable;
import java.util.Map;

/**
 * All that a store holds.
 *
 * @param parameters of all networks, the newest version
 * @param optimizerSteps steps taken, of all networks
 * @param moments the optimizer's own vectors by name, each as long as the parameters
 * @param gathered what the run's learners have gathered together; nothing in a store of one learner
 */
public record StoreState(
    ParameterSnapshot parameters,
    long optimizerSteps,
    Map<String, float[]> moments,
    Gathered gathered)
    implements Serializable {
  /** Of a store of one learner. */
  public StoreState(
      ParameterSnapshot parameters, long optimizerSteps, Map<String, float[]> moments) {
    this(parameters, optimizerSteps, moments, Gathered.nothing());
  }

  /** The same with what learners have gathered. */
  public StoreState withGathered(Gathered all) {
    return new StoreState(parameters, optimizerSteps, moments, all);
  }
}
