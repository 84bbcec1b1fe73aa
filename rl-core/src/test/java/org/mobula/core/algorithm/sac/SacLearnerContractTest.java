package org.mobula.core.algorithm.sac;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class SacLearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return SacConfig.defaults().withWarmUpSteps(4).withMinibatchSize(8);
  }

  @Override
  protected String environment() {
    return "Pendulum-v1";
  }
}
