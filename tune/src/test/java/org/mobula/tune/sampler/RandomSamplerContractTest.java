package org.mobula.tune.sampler;

class RandomSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return new RandomSampler();
  }

  @Override
  protected boolean learns() {
    return false;
  }
}
