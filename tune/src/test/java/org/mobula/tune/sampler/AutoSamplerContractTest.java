package org.mobula.tune.sampler;

class AutoSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return new AutoSampler(100);
  }
}
