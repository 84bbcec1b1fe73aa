package org.mobula.core.algorithm.imitation;

/** How far a cloned policy is from what was done. */
public enum CloningLoss {
  /** −log π(a|s): the cross-entropy of choices, the likelihood of a Gaussian in a box. */
  LOG_LIKELIHOOD,
  /** Squared distance of the policy's one action to the recorded one, in a box with bounds. */
  SQUARED_ERROR
}
