package org.mobula.core.training;

import java.util.List;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.ActionValues.QuantileReturns;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** DQN as QR-DQN. */
class QuantileDqnTest extends AlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return DqnConfig.defaults()
        .withValues(new QuantileReturns(20))
        .withWarmUpSteps(200)
        .withTargetInterval(100)
        .withExplorationSteps(1000)
        .withDoubleQ(true)
        .withDueling(true)
        .withReplay(
            ReplayConfig.defaults().withCapacity(600).withReturnSteps(3).withPriorityExponent(0.6));
  }

  @Override
  protected AlgorithmConfig quick() {
    return DqnConfig.defaults()
        .withValues(new QuantileReturns(10))
        .withTrainFrequency(1)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(1e-2))
        .withTargetInterval(100)
        .withExplorationSteps(500)
        .withReplay(ReplayConfig.defaults().withCapacity(2000));
  }

  @Override
  protected List<Space> spaces() {
    return List.of(new Discrete(4));
  }
}
