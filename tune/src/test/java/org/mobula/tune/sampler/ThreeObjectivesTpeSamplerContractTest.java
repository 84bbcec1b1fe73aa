package org.mobula.tune.sampler;

class ThreeObjectivesTpeSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return new TpeSampler();
  }

  @Override
  protected int objectives() {
    return 3;
  }
}
