package org.mobula.core.algorithm.ppo;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class PpoLearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return PpoConfig.defaults().withSteps(8).withMinibatchSize(8).withEpochs(2);
  }
}
