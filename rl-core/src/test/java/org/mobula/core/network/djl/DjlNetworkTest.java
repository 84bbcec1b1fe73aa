package org.mobula.core.network.djl;

import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkContract;

class DjlNetworkTest extends NetworkContract {
  @Override
  protected Network create(MlpSpec spec) {
    return DjlNetwork.of(spec);
  }
}
