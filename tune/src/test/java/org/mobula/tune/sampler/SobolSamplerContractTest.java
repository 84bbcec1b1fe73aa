package org.mobula.tune.sampler;

class SobolSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return QuasiRandomSampler.sobol();
  }

  @Override
  protected boolean learns() {
    return false;
  }
}
