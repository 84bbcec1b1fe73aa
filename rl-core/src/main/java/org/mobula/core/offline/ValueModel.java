package org.mobula.core.offline;

/** What is believed of a policy's returns, such as {@link FittedQEvaluation} learns it. */
public interface ValueModel {
  /**
   * The discounted return after an action, with the policy acting from then on.
   *
   * @param observation {@code observationSpace.size()} numbers
   * @param action in the environment's units
   */
  double actionValue(float[] observation, float[] action);

  /** The discounted return with the policy acting from here on. */
  double stateValue(float[] observation);
}
