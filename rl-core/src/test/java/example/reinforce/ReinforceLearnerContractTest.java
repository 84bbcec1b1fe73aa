package example.reinforce;

import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.LearnerContract;

class ReinforceLearnerContractTest extends LearnerContract {
  @Override
  protected AlgorithmConfig config() {
    return ReinforceConfig.defaults();
  }
}
