package org.mobula.core.algorithm;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkProvider;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.space.Box;
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
    Initialization initialization =
        network.orthogonal() ? Initialization.orthogonal() : Initialization.fanInUniform();
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

  /**
   * Columns computed from the observation, on hidden layers of their own unless they are shared.
   *
   * @param gain of the last layer's weights where they start orthogonal
   */
  public static MlpSpec.Head head(String name, NetworkConfig network, int width, float gain) {
    List<Integer> own = network.shared() ? List.of() : network.hidden();
    return new MlpSpec.Head(name, own, width, network.orthogonal() ? gain : 1);
  }

  private static List<Integer> shape(Space space) {
    return space instanceof Box box
        ? Arrays.stream(box.shape()).boxed().toList()
        : List.of(space.flatSize());
  }
}
