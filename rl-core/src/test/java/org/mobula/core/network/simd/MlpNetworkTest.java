package org.mobula.core.network.simd;

import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.Network;
import org.mobula.core.network.NetworkContract;

class MlpNetworkTest extends NetworkContract {
  @Override
  protected Network create(MlpSpec spec) {
    return new MlpNetwork(spec);
  }
}
