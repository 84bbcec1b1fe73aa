package org.mobula.tune.sampler;

import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.space.SearchSpace;

class GridSamplerContractTest extends SamplerContract {
  @Override
  protected Sampler create() {
    return new GridSampler(3);
  }

  @Override
  protected boolean learns() {
    return false;
  }

  @Override
  protected SearchSpace space() {
    return SearchSpace.of(
        FloatParameter.uniform("float", -2, 3),
        FloatParameter.log("log", 1e-5, 10),
        FloatParameter.stepped("step", 0.1, 0.9, 0.1),
        IntParameter.log("int-log", 1, 4),
        CategoricalParameter.of("choice", "a", "b", "c"),
        FloatParameter.uniform("one", 2, 2));
  }
}
