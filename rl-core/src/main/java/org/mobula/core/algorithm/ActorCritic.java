package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.djl.BlockSpec;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/** The form of policies that learn a value beside the actions. */
public final class ActorCritic {
  /** √(1/3): Kaiming-uniform weights then lie within ±1/√inputs, as PyTorch's linear layers do. */
  private static final float PYTORCH_GAIN = (float) Math.sqrt(1 / 3.0);

  private ActorCritic() {}

  /**
   * A policy head and a value head on a multilayer perceptron, on convolutions, or a block of the
   * user's own. In a box, the policy is a Gaussian whose log standard deviations are parameters of
   * their own, the same in every state; a user's block computes them.
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
        network(observationSpace, actionSpace, network, initialLogDeviation));
  }

  private static NetworkSpec network(
      Space observationSpace, Space actionSpace, NetworkConfig network, double logDeviation) {
    if (network.block() != null) {
      int outputs = ActionHead.of(actionSpace).distribution().parameters() + 1;
      return BlockSpec.named(network.block(), shape(observationSpace), outputs);
    }
    List<Integer> trunk = network.shared() ? network.hidden() : List.of();
    List<MlpSpec.Column> columns = columns(actionSpace, network, logDeviation);
    Initialization initialization =
        network.orthogonal()
            ? Initialization.orthogonal()
            : new Initialization(Initialization.Kind.KAIMING_UNIFORM, PYTORCH_GAIN);
    if (network.convolutions().isEmpty()) {
      return new MlpSpec(
          observationSpace.flatSize(), trunk, columns, network.activation(), initialization);
    }
    List<Integer> image = shape(observationSpace);
    if (image.size() != 3) {
      throw new IllegalArgumentException(
          "network.convolutions need observations of shape [channels, height, width] but they are "
              + observationSpace);
    }
    try {
      return new ConvolutionSpec(
          image.get(0),
          image.get(1),
          image.get(2),
          network.convolutions(),
          trunk,
          columns,
          network.activation(),
          initialization);
    } catch (IllegalArgumentException e) {
      Optional<String> hint = ConvolutionSpec.axisOrder(observationSpace);
      throw hint.isEmpty()
          ? e
          : new IllegalArgumentException(e.getMessage() + "; observation space " + hint.get(), e);
    }
  }

  private static List<MlpSpec.Column> columns(
      Space actionSpace, NetworkConfig network, double logDeviation) {
    List<Integer> own = network.shared() ? List.of() : network.hidden();
    boolean gaussian = actionSpace instanceof Box;
    int parameters = ActionHead.of(actionSpace).distribution().parameters();
    int actions = gaussian ? parameters / 2 : parameters;
    List<MlpSpec.Column> columns = new ArrayList<>();
    columns.add(
        new MlpSpec.Head("policy", own, actions, network.orthogonal() ? 0.01f : PYTORCH_GAIN));
    if (gaussian) {
      columns.add(new MlpSpec.Constant("log_deviation", actions, (float) logDeviation));
    }
    columns.add(new MlpSpec.Head("value", own, 1, network.orthogonal() ? 1 : PYTORCH_GAIN));
    return columns;
  }

  private static List<Integer> shape(Space space) {
    return space instanceof Box box
        ? Arrays.stream(box.shape()).boxed().toList()
        : List.of(space.flatSize());
  }
}
