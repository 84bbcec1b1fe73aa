package org.mobula.core.algorithm;

import java.io.Serializable;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/** The settings of one learning algorithm, and what follows from them. */
public interface AlgorithmConfig extends Serializable {
  /** Steps that each environment takes between two calls of the learner. */
  int steps();

  /** Discount factor γ of the returns. */
  double discount();

  /** The optimizer beside the parameters. */
  OptimizerConfig optimizer();

  /** Gradients are scaled down to this global norm; 0 leaves them as they are. */
  double maxGradientNorm();

  /** The policy that the algorithm trains. */
  PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network);

  /** A learner of that policy. */
  Learner learner(LearnerSetup setup);
}
