package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.pqn.PqnConfig;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.network.Network;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class PqnTrainingTest extends AlgorithmContract {
  /** Minibatches that do not divide the rows, the last one of fewer rows than there are threads. */
  @Override
  protected AlgorithmConfig busy() {
    return PqnConfig.defaults()
        .withSteps(75)
        .withMinibatchSize(149)
        .withEpochs(2)
        .withExplorationSteps(1000);
  }

  @Override
  protected PqnConfig quick() {
    return PqnConfig.defaults()
        .withSteps(16)
        .withMinibatchSize(16)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(1e-2))
        .withExplorationSteps(1000);
  }

  @Override
  protected int quickEnvironments() {
    return 4;
  }

  @Override
  protected List<Space> spaces() {
    return List.of(new Discrete(4), new Discrete(9));
  }

  /** 1 / (1 − γ) = 50 for an episode without end; 7.4 if its eighth step were its end. */
  @Test
  void bootstrapsWhereAnEpisodeIsCutOff() {
    PqnConfig pqn =
        PqnConfig.defaults()
            .withSteps(32)
            .withMinibatchSize(32)
            .withDiscount(0.98)
            .withMaxGradientNorm(0)
            .withLearningRate(Schedule.linear(1e-2, 1e-4))
            .withExplorationSteps(1000);
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java").withCount(4), pqn)
            .withSeed(1)
            .withStop(StopConfig.defaults().withEnvironmentSteps(20_000));
    TrainingResult result =
        Trainer.builder(config).environment(LoopEnvironment::new).build().train();
    try (Policy policy = result.policy();
        Network network = NetworkEngine.AUTO.create(policy.spec().network())) {
      network.setParameters(policy.snapshot().parameters().values());
      float[] outputs = new float[2];
      network.forward(new float[] {1, 0, 0, 0}, 1, outputs);
      assertThat(Math.max(outputs[0], outputs[1])).isBetween(48f, 52f);
    }
  }

  @Test
  void saysWhichActionsItIsFor() {
    Space box = Box.of(-1, 1, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PqnConfig.defaults().policy(box, box, NetworkConfig.defaults()))
        .withMessage(
            "algorithm.pqn learns the value of each action, so it needs a Discrete action space, but"
                + " actions are in "
                + box
                + "; use algorithm.ppo, algorithm.a2c, algorithm.sac or algorithm.td3");
  }

  @Test
  void namesTheAlgorithmsForSeveralChoicesAtOnce() {
    Space choices = new MultiDiscrete(2, 3);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PqnConfig.defaults().policy(choices, choices, NetworkConfig.defaults()))
        .withMessageEndingWith("; use algorithm.ppo or algorithm.a2c");
  }

  @Test
  void saysWhatIsWrongWithASetting() {
    assertThatThrownBy(() -> PqnConfig.defaults().withTraceDecay(1.5))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("trace-decay");
    assertThatThrownBy(() -> PqnConfig.defaults().withLearningRate(Schedule.linear(0, 1)))
        .isInstanceOf(InvalidValueException.class)
        .hasMessageContaining("learning-rate is 0 but must be > 0");
  }
}
