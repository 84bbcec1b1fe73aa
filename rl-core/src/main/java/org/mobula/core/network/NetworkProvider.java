package org.mobula.core.network;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * An engine that computes networks of any form, those of users' own blocks among them. It is found
 * as a service, so that nothing else of the core depends on the library that it stands on.
 */
public interface NetworkProvider {
  /**
   * What a file says of a network of the user's own.
   *
   * @param supplier the full name of the class that makes it
   * @param inputShape sizes of one input, without the batch
   * @param outputs numbers in an output row
   */
  record OwnNetwork(String supplier, List<Integer> inputShape, int outputs) {
    /** Copies the shape. */
    public OwnNetwork {
      inputShape = List.copyOf(inputShape);
    }
  }

  /**
   * The provider on the class path; that of PyTorch comes with the core.
   *
   * @throws IllegalStateException if there is none
   */
  static NetworkProvider find() {
    return ServiceLoader.load(NetworkProvider.class, NetworkProvider.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no "
                        + NetworkProvider.class.getName()
                        + " is a service on the class path; org.mobula:rl-core holds one, so keep"
                        + " its META-INF/services"));
  }

  /**
   * A network of this form, without parameters yet.
   *
   * @throws IllegalArgumentException if it cannot be computed
   * @throws IllegalStateException if the library cannot be started, with the remedy
   */
  Network create(NetworkSpec spec);

  /**
   * The form of a network of the user's own.
   *
   * @throws IllegalArgumentException if its class cannot be found or does not fit
   */
  NetworkSpec own(OwnNetwork own);

  /**
   * What a file is to say of a network, if it is one of the user's own.
   *
   * @throws IllegalArgumentException if its supplier has no name to be found by
   */
  Optional<OwnNetwork> describe(NetworkSpec spec);
}
