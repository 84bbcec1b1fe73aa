package org.mobula.core.training;

import java.util.List;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Soft actor-critic where actions are choices. */
class DiscreteSacTrainingTest extends AlgorithmContract {
  @Override
  protected SacConfig busy() {
    return SacConfig.defaults()
        .withTrainFrequency(8)
        .withGradientSteps(2)
        .withWarmUpSteps(200)
        .withMinibatchSize(32)
        .withReplay(ReplayConfig.defaults().withCapacity(600).withReturnSteps(3));
  }

  @Override
  protected SacConfig quick() {
    return SacConfig.defaults()
        .withTrainFrequency(2)
        .withMinibatchSize(64)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(3e-3))
        .withReplay(ReplayConfig.defaults().withCapacity(2000));
  }

  @Override
  protected List<Space> spaces() {
    return List.of(new Discrete(9));
  }
}
