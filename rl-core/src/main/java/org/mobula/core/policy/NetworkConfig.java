package org.mobula.core.policy;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec.Convolution;

/** The shape of a policy's network. */
@RecordBuilder
public record NetworkConfig(
    @Doc("widths of the hidden layers") @Elsewhere({"net_arch", "fcnet_hiddens"}) @Range(min = 1)
        List<Integer> hidden,
    @Doc("between the layers") @Elsewhere({"activation_fn", "fcnet_activation"})
        Activation activation,
    @Doc("whether policy and value share the hidden layers") boolean shared,
    @Doc(
            "whether weights start orthogonal (gain √2, policy 0.01, value 1) and biases at 0; else both"
                + " as PyTorch's, which algorithms that learn values want")
        boolean orthogonal,
    @Doc(
            "convolutions before the hidden layers, for observations of shape [channels, height, width]")
        List<Convolution> convolutions,
    @Doc(
            "in place of all this a network of your own: a class on the class path that implements"
                + " org.mobula.core.network.djl.BlockSpec.BlockSupplier; its outputs are the parameters"
                + " of the action distribution, then the value")
        @Nullable String block,
    @Doc("what computes the network") NetworkEngine engine)
    implements Serializable, NetworkConfigBuilder.With {

  /** Checks the widths. */
  public NetworkConfig {
    hidden = List.copyOf(hidden);
    convolutions = List.copyOf(convolutions);
    Constraints.check(
        NetworkConfig.class, hidden, activation, shared, orthogonal, convolutions, block, engine);
  }

  /** Two hidden layers of 64 tanh units, for policy and value apart. */
  public static NetworkConfig defaults() {
    return new NetworkConfig(
        List.of(64, 64), Activation.TANH, false, true, List.of(), null, NetworkEngine.AUTO);
  }
}
