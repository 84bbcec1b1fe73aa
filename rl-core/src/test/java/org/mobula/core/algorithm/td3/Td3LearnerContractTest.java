package org.mobula.core.algorithm.td3;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class Td3LearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return Td3Config.defaults().withWarmUpSteps(4).withMinibatchSize(8);
  }

  @Override
  protected String environment() {
    return "Pendulum-v1";
  }
}
