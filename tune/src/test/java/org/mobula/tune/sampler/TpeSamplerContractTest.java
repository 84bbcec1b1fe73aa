package org.mobula.tune.sampler;

class TpeSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return new TpeSampler();
  }
}
