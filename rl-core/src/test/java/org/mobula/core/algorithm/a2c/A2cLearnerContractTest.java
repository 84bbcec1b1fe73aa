package org.mobula.core.algorithm.a2c;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class A2cLearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return A2cConfig.defaults();
  }
}
