package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.List;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/** The form of policies that learn a value beside the actions. */
public final class ActorCritic {
  private ActorCritic() {}

  /**
   * A multilayer perceptron with a policy head and a value head. In a box, the policy is a Gaussian
   * whose log standard deviations are parameters of their own, the same in every state.
   *
   * @param initialLogDeviation what the log standard deviations start with
   */
  public static PolicySpec policy(
      Space observationSpace,
      Space actionSpace,
      NetworkConfig network,
      double initialLogDeviation) {
    List<Integer> trunk = network.shared() ? network.hidden() : List.of();
    List<Integer> own = network.shared() ? List.of() : network.hidden();
    boolean gaussian = actionSpace instanceof Box;
    int actions = ActionHead.of(actionSpace).distribution().parameters();
    List<MlpSpec.Column> columns = new ArrayList<>();
    columns.add(
        new MlpSpec.Head(
            "policy",
            own,
            gaussian ? actions / 2 : actions,
            network.orthogonal() ? 0.01f : PYTORCH_GAIN));
    if (gaussian) {
      columns.add(new MlpSpec.Constant("log_deviation", actions / 2, (float) initialLogDeviation));
    }
    columns.add(new MlpSpec.Head("value", own, 1, network.orthogonal() ? 1 : PYTORCH_GAIN));
    return new PolicySpec(
        observationSpace,
        actionSpace,
        new MlpSpec(
            observationSpace.flatSize(),
            trunk,
            columns,
            network.activation(),
            network.orthogonal()
                ? Initialization.orthogonal()
                : new Initialization(Initialization.Kind.KAIMING_UNIFORM, PYTORCH_GAIN)));
  }

  /** √(1/3): Kaiming-uniform weights then lie within ±1/√inputs, as PyTorch's linear layers do. */
  private static final float PYTORCH_GAIN = (float) Math.sqrt(1 / 3.0);
}
