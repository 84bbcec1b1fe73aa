package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.network.Network;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** PPO learns what is easy to learn. */
class PpoLearningTest {
  @Test
  void bootstrapsWhereAnEpisodeIsCutOff() {
    PpoConfig ppo =
        PpoConfig.defaults()
            .withSteps(64)
            .withMinibatchSize(64)
            .withEpochs(10)
            .withDiscount(0.98)
            .withMaxGradientNorm(0)
            .withLearningRate(Schedule.linear(1e-2, 1e-3))
            .withNormalizeAdvantages(false);
    EnvironmentFactory loop = LoopEnvironment::new;
    TrainingResult result =
        Trainer.builder(config(ppo, 4, 80_000)).environment(loop).build().train();

    // 1 / (1 − γ) = 50 for an episode without end; 7.4 if its eighth step were its end.
    assertThat(value(result, 1, 0, 0, 0)).isBetween(49f, 51f);
  }

  @Test
  void solvesCartPole() {
    PpoConfig ppo =
        PpoConfig.defaults()
            .withSteps(32)
            .withMinibatchSize(256)
            .withEpochs(20)
            .withDiscount(0.98)
            .withGaeLambda(0.8)
            .withLearningRate(Schedule.linear(1e-3, 0))
            .withClipRange(Schedule.linear(0.2, 0));
    TrainingConfig config = config(ppo, 8, 50_000);
    TrainingResult result =
        Trainer.builder(config.withEnvironment(config.environment().withName("CartPole-v1")))
            .build()
            .train();

    assertThat(result.evaluation().orElseThrow().meanReturn()).isGreaterThanOrEqualTo(400);
  }

  private static TrainingConfig config(PpoConfig ppo, int environments, long steps) {
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("given in Java").withCount(environments), ppo)
        .withSeed(1)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps));
  }

  private static float value(TrainingResult result, float... observation) {
    try (var policy = result.policy();
        Network network = NetworkEngine.AUTO.create(policy.spec().network())) {
      PolicySnapshot snapshot = policy.snapshot();
      network.setParameters(snapshot.parameters().values());
      float[] outputs = new float[network.outputs()];
      network.forward(observation, 1, outputs);
      return outputs[outputs.length - 1];
    }
  }
}
