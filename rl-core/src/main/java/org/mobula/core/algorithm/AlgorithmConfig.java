package org.mobula.core.algorithm;

import java.io.Serializable;
import java.util.Collections;
import java.util.SortedMap;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/**
 * The settings of one learning algorithm, and what follows from them: the policy, and the two
 * halves that act by it and improve it.
 */
public interface AlgorithmConfig extends Serializable {
  /** Environment steps of an iteration with several rounds, at least. */
  int LEAST_STEPS = 1000;

  /** Steps that each environment takes between two calls of the learner. */
  int steps();

  /**
   * How often it collects and learns in an iteration, after which there are measurements, and maybe
   * evaluations and checkpoints: more than once where it learns from a few steps at a time.
   *
   * @param environments of the run
   */
  default int rounds(int environments) {
    return 1;
  }

  /**
   * So many {@link #rounds} that at least a thousand environment steps lie between two
   * measurements.
   *
   * @param steps of each environment in a round
   */
  static int roundsOf(int steps, int environments) {
    long round = (long) steps * environments;
    return (int) Math.max(1, (LEAST_STEPS + round - 1) / round);
  }

  /**
   * Whether it learns from recorded episodes alone, which the learner is given with its {@link
   * LearnerSetup}: then nothing is collected, and a step of the run is one gradient of each
   * network.
   */
  default boolean learnsFromRecordings() {
    return false;
  }

  /** Discount factor γ of the returns. */
  double discount();

  /** The optimizer beside the parameters, the same for each network. */
  OptimizerConfig optimizer();

  /** Gradients are scaled down to this norm, network by network; 0 leaves them as they are. */
  double maxGradientNorm();

  /**
   * The policy that the algorithm trains.
   *
   * @throws org.mobula.core.config.InvalidValueException if a setting of the algorithm does not fit
   *     the spaces; its key is relative to these settings
   * @throws IllegalArgumentException if the algorithm is not for such spaces, or such a network
   */
  PolicySpec policy(Space observationSpace, Space actionSpace, NetworkConfig network);

  /**
   * Refuses what {@link #policy} could not know of, before a run begins: whether actions are
   * masked.
   *
   * @param policy that would be trained
   * @throws IllegalArgumentException if the algorithm cannot train it
   */
  default void check(PolicySpec policy) {}

  /**
   * The networks that are learnt beside the policy's, such as critics, by the names under which
   * their gradients are pushed. They do not travel to actors.
   *
   * @param policy as {@link #policy} gave it
   */
  default SortedMap<String, NetworkSpec> networks(PolicySpec policy, NetworkConfig network) {
    return Collections.emptySortedMap();
  }

  /** The half that acts by that policy. */
  Actor actor(ActorSetup setup);

  /** The half that learns. */
  Learner learner(LearnerSetup setup);
}
