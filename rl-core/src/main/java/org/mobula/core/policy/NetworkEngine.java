package org.mobula.core.policy;

import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.djl.DjlNetwork;

/** What computes a network. */
public enum NetworkEngine {
  /** The Vector API for multilayer perceptrons where the JVM has it, else PyTorch. */
  AUTO,
  /** PyTorch through Deep Java Library. */
  DJL;

  /** A network of this form, without parameters yet. */
  public Network create(NetworkSpec spec) {
    return DjlNetwork.of(spec);
  }
}
