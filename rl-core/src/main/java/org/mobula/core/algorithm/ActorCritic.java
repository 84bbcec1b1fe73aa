package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/** The form of policies that sample, mostly with a value beside the actions. */
public final class ActorCritic {
  private ActorCritic() {}

  /**
   * A policy head and a value head on a multilayer perceptron, on convolutions, or a block of the
   * user's own. In a box, the policy is a Gaussian whose log standard deviations are parameters of
   * their own, the same in every state; a user's block computes them. In a dictionary or tuple it
   * is the product of the parts' policies on the same hidden layers.
   *
   * @param initialLogDeviation what the log standard deviations start with
   * @throws IllegalArgumentException if the network does not fit the observations
   */
  public static PolicySpec policy(
      Space observationSpace,
      Space actionSpace,
      NetworkConfig network,
      double initialLogDeviation) {
    return new PolicySpec(
        observationSpace,
        actionSpace,
        PolicyNetworks.of(
            observationSpace, network, columns(actionSpace, network, initialLogDeviation)));
  }

  /**
   * The same without a value: a policy that learns from nothing but what was done.
   *
   * @param initialLogDeviation what the log standard deviations start with
   * @throws IllegalArgumentException if the network does not fit the observations
   */
  public static PolicySpec actor(
      Space observationSpace,
      Space actionSpace,
      NetworkConfig network,
      double initialLogDeviation) {
    List<MlpSpec.Column> columns = columns(actionSpace, network, initialLogDeviation);
    return new PolicySpec(
        observationSpace,
        actionSpace,
        PolicyNetworks.of(observationSpace, network, columns.subList(0, columns.size() - 1)));
  }

  private static List<MlpSpec.Column> columns(
      Space actionSpace, NetworkConfig network, double logDeviation) {
    int deviations = ActionHead.gaussians(actionSpace);
    int others = ActionHead.of(actionSpace).parameters() - deviations;
    List<MlpSpec.Column> columns = new ArrayList<>();
    columns.add(PolicyNetworks.head("policy", network, others, 0.01f));
    if (deviations > 0) {
      columns.add(new MlpSpec.Constant("log_deviation", deviations, (float) logDeviation));
    }
    columns.add(PolicyNetworks.head("value", network, 1, 1));
    return columns;
  }
}
