package org.mobula.core.algorithm;

import org.jspecify.annotations.Nullable;
import org.mobula.core.network.Network;

/**
 * A network of one gradient worker, and the parameters that the learner hands it: the worker's
 * thread takes them over when it uses the network next, and only where they are new. Allocates
 * nothing once it is made.
 */
public final class WorkerNetwork implements AutoCloseable {
  private final Network network;

  /** What the network has not been given yet. */
  private float @Nullable [] given;

  /** Closes the network with itself. */
  public WorkerNetwork(Network network) {
    this.network = network;
  }

  /**
   * Hands over parameters.
   *
   * @param parameters read when the network is used next; not to be changed while a worker computes
   */
  public void set(float[] parameters) {
    given = parameters;
  }

  /** The network, with the parameters that were handed over last. */
  public Network get() {
    float[] parameters = given;
    if (parameters != null) {
      network.setParameters(parameters);
      given = null;
    }
    return network;
  }

  @Override
  public void close() {
    network.close();
  }
}
