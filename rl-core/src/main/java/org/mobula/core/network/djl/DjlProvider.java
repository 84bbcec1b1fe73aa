package org.mobula.core.network.djl;

import java.util.Optional;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkProvider;
import org.mobula.core.network.NetworkSpec;

/** PyTorch through Deep Java Library, as a service. */
public final class DjlProvider implements NetworkProvider {
  @Override
  public Network create(NetworkSpec spec) {
    try {
      return DjlNetwork.of(spec);
    } catch (NoClassDefFoundError e) {
      throw new IllegalStateException(
          "Deep Java Library, on which org.mobula:rl-core depends, is not on the class path: "
              + PyTorchLibrary.remedy(),
          e);
    }
  }

  @Override
  public NetworkSpec own(OwnNetwork own) {
    return BlockSpec.named(own.supplier(), own.inputShape(), own.outputs());
  }

  @Override
  public Optional<OwnNetwork> describe(NetworkSpec spec) {
    if (!(spec instanceof BlockSpec block)) {
      return Optional.empty();
    }
    Class<?> supplier = block.block().getClass();
    if (supplier.isHidden() || supplier.isAnonymousClass()) {
      throw new IllegalArgumentException(
          "a policy with a block of your own can only be saved if the block's supplier is a named"
              + " class with a public constructor without arguments");
    }
    return Optional.of(new OwnNetwork(supplier.getName(), block.inputShape(), block.outputs()));
  }
}
