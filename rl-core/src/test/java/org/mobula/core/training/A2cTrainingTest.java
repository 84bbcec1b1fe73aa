package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.network.Network;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class A2cTrainingTest extends AlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return A2cConfig.defaults().withNormalizeAdvantages(true).withGaeLambda(0.9);
  }

  @Override
  protected A2cConfig quick() {
    return A2cConfig.defaults()
        .withSteps(4)
        .withDiscount(0)
        .withLearningRate(Schedule.linear(1e-2, 1e-3))
        .withInitialLogDeviation(-1)
        .withOptimizer(OptimizerConfig.Adam.defaults());
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
        Dict.of("speed", Box.of(-1, 1, 1)).with("gear", new Discrete(3)));
  }

  /** 1 / (1 − γ) = 50 for an episode without end; 7.4 if its eighth step were its end. */
  @Test
  void bootstrapsWhereAnEpisodeIsCutOff() {
    A2cConfig a2c =
        A2cConfig.defaults()
            .withDiscount(0.98)
            .withMaxGradientNorm(0)
            .withLearningRate(Schedule.linear(1e-2, 1e-4))
            .withOptimizer(OptimizerConfig.Adam.defaults());
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(4), a2c)
            .withSeed(1)
            .withStop(StopConfig.defaults().withEnvironmentSteps(20_000));
    TrainingResult result =
        Trainer.builder(config).environment(LoopEnvironment::new).build().train();
    try (Policy policy = result.policy();
        Network network = NetworkEngine.AUTO.create(policy.spec().network())) {
      network.setParameters(policy.snapshot().parameters().values());
      float[] outputs = new float[3];
      network.forward(new float[] {1, 0, 0, 0}, 1, outputs);
      assertThat(outputs[2]).isBetween(48f, 52f);
    }
  }
}
