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
    @Doc(
            "a published network for images, in place of hidden, activation, shared, convolutions and"
                + " residual: nature-cnn or impala")
        @Nullable NetworkPreset preset,
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
            "convolutions before the hidden layers, for observations of shape [channels, height, width];"
                + " pixels of 0 to 255 are divided by 255 first")
        List<Convolution> convolutions,
    @Doc(
            "residual sections behind the convolutions, by their numbers of filters; each halves the"
                + " sides of the image, and has five convolutions; 16 to 64")
        @Range(min = 1)
        List<Integer> residual,
    @Doc(
            "in place of all this a network of your own: a class on the class path that implements"
                + " org.mobula.core.network.djl.BlockSpec.BlockSupplier; its outputs are the parameters"
                + " of the action distribution, then the value")
        @Nullable String block,
    @Doc("what computes the network") NetworkEngine engine)
    implements Serializable, NetworkConfigBuilder.With {
  private static final List<Integer> HIDDEN = List.of(64, 64);

  /** Checks the widths, and takes over what a preset says. */
  public NetworkConfig {
    hidden = List.copyOf(hidden);
    convolutions = List.copyOf(convolutions);
    residual = List.copyOf(residual);
    Constraints.check(
        NetworkConfig.class,
        preset,
        hidden,
        activation,
        shared,
        orthogonal,
        convolutions,
        residual,
        block,
        engine);
    if (preset != null) {
      String rule = "must be left out, since network.preset says it: ";
      require(block == null, "block", block, "must be left out, or network.preset");
      hidden = taken("hidden", hidden, HIDDEN, preset.hidden(), rule);
      activation = taken("activation", activation, Activation.TANH, Activation.RELU, rule);
      convolutions = taken("convolutions", convolutions, List.of(), preset.convolutions(), rule);
      residual = taken("residual", residual, List.of(), preset.residual(), rule);
      shared = true;
    }
  }

  private static <T> T taken(String key, T given, T usual, T wanted, String rule) {
    require(given.equals(usual) || given.equals(wanted), key, given, rule + wanted);
    return wanted;
  }

  private static void require(boolean holds, String key, @Nullable Object value, String rule) {
    Constraints.require(holds, key, value, rule);
  }

  /** Two hidden layers of 64 tanh units, for policy and value apart. */
  public static NetworkConfig defaults() {
    return new NetworkConfig(
        null, HIDDEN, Activation.TANH, false, true, List.of(), List.of(), null, NetworkEngine.AUTO);
  }

  /** Whether it begins with convolutions. */
  public boolean isConvolutional() {
    return !convolutions.isEmpty() || !residual.isEmpty();
  }
}
