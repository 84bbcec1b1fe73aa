package org.mobula.core.policy;

import java.io.Serializable;
import java.util.List;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.network.Activation;

/** The shape of a policy's network. */
public record NetworkConfig(
    @Doc("widths of the hidden layers") List<Integer> hidden,
    @Doc("between the layers") Activation activation,
    @Doc("whether policy and value share the hidden layers") boolean shared,
    @Doc("whether weights start orthogonal (gain √2, policy 0.01, value 1); else as PyTorch's")
        boolean orthogonal,
    @Doc("what computes the network") NetworkEngine engine)
    implements Serializable {

  /** Checks the widths. */
  public NetworkConfig {
    hidden = List.copyOf(hidden);
    for (int width : hidden) {
      Constraints.require(width >= 1, "hidden", width, "must be ≥ 1");
    }
  }

  /** Two hidden layers of 64 tanh units, for policy and value apart. */
  public static NetworkConfig defaults() {
    return new NetworkConfig(List.of(64, 64), Activation.TANH, false, true, NetworkEngine.AUTO);
  }
}
