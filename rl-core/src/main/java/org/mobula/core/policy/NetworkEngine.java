package org.mobula.core.policy;

import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkProvider;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.simd.MlpNetwork;
import org.mobula.core.network.simd.Simd;

/** What computes a network. */
public enum NetworkEngine {
  /**
   * The Vector API for multilayer perceptrons where the JVM has it or {@link Simd#load} brings it,
   * else PyTorch, with a warning, once: by SLF4J, or to standard error where it has no provider.
   */
  AUTO,
  /** The JVM's Vector API; for multilayer perceptrons. */
  SIMD,
  /** PyTorch through Deep Java Library. */
  DJL;

  /**
   * A network of this form, without parameters yet.
   *
   * @throws IllegalArgumentException if this engine cannot compute it here
   * @throws IllegalStateException if PyTorch is needed and cannot be started
   */
  public Network create(NetworkSpec spec) {
    return switch (this) {
      case AUTO -> {
        if (!(spec instanceof MlpSpec)) {
          yield DJL.create(spec);
        }
        if (Simd.load().isEmpty()) {
          yield SIMD.create(spec);
        }
        Network network = DJL.create(spec);
        SlowNetworks.note();
        yield network;
      }
      case SIMD -> {
        if (Simd.load().isPresent()) {
          throw new IllegalArgumentException(
              "network.engine is simd but this JVM was started without the Vector API; start it"
                  + " with --add-modules jdk.incubator.vector, or use engine auto or djl");
        }
        if (!(spec instanceof MlpSpec mlp)) {
          throw new IllegalArgumentException(
              "network.engine is simd but the network is no multilayer perceptron; use engine auto"
                  + " or djl");
        }
        yield new MlpNetwork(mlp);
      }
      case DJL -> NetworkProvider.find().create(spec);
    };
  }
}
