package org.mobula.core.training;

import java.util.List;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

class PpoTrainingTest extends AlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return PpoConfig.defaults().withSteps(128).withMinibatchSize(64).withEpochs(2);
  }

  @Override
  protected PpoConfig quick() {
    return PpoConfig.defaults()
        .withSteps(16)
        .withMinibatchSize(64)
        .withEpochs(16)
        .withEntropyCoefficient(0.02)
        .withDiscount(0)
        .withLearningRate(Schedule.linear(5e-3, 1e-3))
        .withInitialLogDeviation(-1);
  }

  @Override
  protected int quickEnvironments() {
    return 4;
  }

  @Override
  protected List<Space> spaces() {
    return List.of(
        new Discrete(4),
        new MultiDiscrete(2, 3),
        new MultiBinary(2),
        Box.of(-1, 1, 1),
        Dict.of("speed", Box.of(-1, 1, 1)).with("gear", new Discrete(3)),
        Tuple.of(new Discrete(2), Tuple.of(Box.of(-1, 1, 1), new MultiBinary(1))));
  }
}
