package org.mobula.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;

class WorkersLearningTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void twoWorkersLearnCartPole(boolean asynchronous) {
    PpoConfig ppo =
        PpoConfig.defaults()
            .withSteps(32)
            .withMinibatchSize(256)
            .withEpochs(20)
            .withDiscount(0.98)
            .withGaeLambda(0.8)
            .withLearningRate(Schedule.linear(1e-3, 0))
            .withClipRange(Schedule.linear(0.2, 0));
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1").withCount(8), ppo)
            .withWorkers(
                WorkersConfig.defaults()
                    .withCount(2)
                    .withMaxRestarts(0)
                    .withAsynchronous(asynchronous))
            .withStop(StopConfig.defaults().withEnvironmentSteps(50_000));
    // One seed in a dozen ends half-way up, with workers or without.
    double[] returns = LongStream.of(1, 2, 3).mapToDouble(seed -> train(config, seed)).toArray();
    Arrays.sort(returns);
    assertThat(returns[1]).as(Arrays.toString(returns)).isGreaterThanOrEqualTo(400);
  }

  private static double train(TrainingConfig config, long seed) {
    try (TaskRuntime runtime = LocalTaskRuntime.builder().build()) {
      return Trainer.builder(config.withSeed(seed))
          .experience(RolloutWorkers.on(runtime))
          .build()
          .train()
          .evaluation()
          .orElseThrow()
          .meanReturn();
    }
  }
}
