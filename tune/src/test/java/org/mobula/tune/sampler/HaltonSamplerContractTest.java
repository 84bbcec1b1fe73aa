package org.mobula.tune.sampler;

class HaltonSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return QuasiRandomSampler.halton();
  }

  @Override
  protected boolean learns() {
    return false;
  }
}
