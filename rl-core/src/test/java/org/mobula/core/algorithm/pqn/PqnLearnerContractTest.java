package org.mobula.core.algorithm.pqn;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class PqnLearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return PqnConfig.defaults().withSteps(8).withMinibatchSize(8).withEpochs(2);
  }
}
