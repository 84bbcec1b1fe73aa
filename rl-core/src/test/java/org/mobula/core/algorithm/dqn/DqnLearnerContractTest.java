package org.mobula.core.algorithm.dqn;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class DqnLearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return DqnConfig.defaults().withWarmUpSteps(16).withMinibatchSize(8).withTargetInterval(16);
  }
}
