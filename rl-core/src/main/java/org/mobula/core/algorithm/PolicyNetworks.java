package org.mobula.core.algorithm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkProvider;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** From what a user says of a network, and what an algorithm wants of it, to its form. */
public final class PolicyNetworks {
  private PolicyNetworks() {}

  /**
   * A network with these output columns: a multilayer perceptron, one on convolutions, or a block
   * of the user's own, which gives as many outputs.
   *
   * @throws IllegalArgumentException if it does not fit the observations
   */
  public static NetworkSpec of(
      Space observationSpace, NetworkConfig network, List<MlpSpec.Column> columns) {
    if (network.block() != null) {
      int outputs = columns.stream().mapToInt(MlpSpec.Column::width).sum();
      return NetworkProvider.find()
          .own(new NetworkProvider.OwnNetwork(network.block(), shape(observationSpace), outputs));
    }
    List<Integer> trunk = network.shared() ? network.hidden() : List.of();
    Initialization initialization = initialization(network);
    if (!network.isConvolutional()) {
      return new MlpSpec(
          observationSpace.flatSize(), trunk, columns, network.activation(), initialization);
    }
    List<Integer> image = shape(observationSpace);
    if (image.size() != 3) {
      throw new IllegalArgumentException(
          (network.preset() == null ? "network.convolutions need" : "network.preset needs")
              + " observations of shape [channels, height, width] but they are "
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
          initialization,
          network.residual(),
          observationSpace instanceof Box box && box.isPixels()
              ? ConvolutionSpec.GREATEST_PIXEL
              : 1);
    } catch (IllegalArgumentException e) {
      Optional<String> hint = ConvolutionSpec.axisOrder(observationSpace);
      throw hint.isEmpty()
          ? e
          : new IllegalArgumentException(e.getMessage() + "; observation space " + hint.get(), e);
    }
  }

  /**
   * Columns computed from the observation, on hidden layers of their own unless they are shared.
   *
   * @param gain of the last layer's weights where they start orthogonal
   */
  public static MlpSpec.Head head(String name, NetworkConfig network, int width, float gain) {
    List<Integer> own = network.shared() ? List.of() : network.hidden();
    return new MlpSpec.Head(name, own, width, network.orthogonal() ? gain : 1);
  }

  /**
   * Critics of actions in a box, side by side: from the features and then the action to the value,
   * each on hidden layers of its own.
   *
   * @param count how many; the columns are {@code critic-1}, {@code critic-2}, …
   */
  public static NetworkSpec critics(PolicySpec policy, NetworkConfig network, int count) {
    List<MlpSpec.Column> columns = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      columns.add(new MlpSpec.Head("critic-" + i, network.hidden(), 1, 1));
    }
    return new MlpSpec(
        policy.observationSpace().flatSize() + policy.actionSpace().size(),
        List.of(),
        columns,
        network.activation(),
        initialization(network));
  }

  /**
   * The policy of an algorithm with {@link #critics}: one head on the hidden layers.
   *
   * @param algorithm its key, for what is said of a space or network that it is not for
   * @param outputs a number of the action
   * @throws IllegalArgumentException if actions are in no box with finite bounds, or the network is
   *     no multilayer perceptron
   */
  public static PolicySpec bounded(
      String algorithm,
      Space observationSpace,
      Space actionSpace,
      NetworkConfig network,
      PolicyHead head,
      int outputs) {
    requireBounded(algorithm, actionSpace, network);
    MlpSpec.Head column =
        new MlpSpec.Head(
            "policy",
            network.hidden(),
            outputs * actionSpace.size(),
            network.orthogonal() ? 0.01f : 1);
    MlpSpec spec =
        new MlpSpec(
            observationSpace.flatSize(),
            List.of(),
            List.of(column),
            network.activation(),
            initialization(network));
    return new PolicySpec(observationSpace, actionSpace, spec, head);
  }

  /**
   * Refuses what an algorithm with {@link #critics} of actions in a box is not for.
   *
   * @param algorithm its key
   * @throws IllegalArgumentException if actions are in no box with finite bounds, or the network is
   *     no multilayer perceptron
   */
  public static void requireBounded(String algorithm, Space actionSpace, NetworkConfig network) {
    if (!(actionSpace instanceof Box) || !ActionHead.canScale(actionSpace)) {
      throw new IllegalArgumentException(
          "algorithm."
              + algorithm
              + " moves numbers between bounds, so it needs a Box action space with finite ones, but"
              + " actions are in "
              + actionSpace
              + (actionSpace instanceof Box
                  ? "; use algorithm.ppo or algorithm.a2c"
                  : "; use algorithm.ppo or algorithm.a2c, or where it is Discrete algorithm.dqn or"
                      + " algorithm.sac"));
    }
    if (network.block() != null || network.isConvolutional()) {
      throw new IllegalArgumentException(
          "algorithm."
              + algorithm
              + " puts observation and action side by side before its critics, so it needs a network"
              + " of hidden layers alone; leave network.preset, network.convolutions, network.residual"
              + " and network.block out, or use algorithm.ppo");
    }
  }

  private static Initialization initialization(NetworkConfig network) {
    return network.orthogonal() ? Initialization.orthogonal() : Initialization.fanInUniform();
  }

  /**
   * How many actions there are to learn the values of.
   *
   * @param key of the algorithm that learns them
   * @throws IllegalArgumentException if the space is not Discrete
   */
  public static int requireDiscrete(String key, Space actionSpace) {
    if (actionSpace instanceof Discrete discrete) {
      return discrete.n();
    }
    throw new IllegalArgumentException(
        key
            + " learns the value of each action, so it needs a Discrete action space, but actions"
            + " are in "
            + actionSpace
            + "; use algorithm.ppo"
            + (actionSpace instanceof Box
                ? ", algorithm.a2c, algorithm.sac or algorithm.td3"
                : " or algorithm.a2c"));
  }

  private static List<Integer> shape(Space space) {
    return space instanceof Box box
        ? Arrays.stream(box.shape()).boxed().toList()
        : List.of(space.flatSize());
  }
}
