package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.td3.Td3BcConfig;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.network.Activation;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class Td3BcTrainingTest extends OfflineAlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return Td3BcConfig.defaults().withMinibatchSize(16).withMaxGradientNorm(5);
  }

  /** Random steps of which the better ones are nearer to what was seen. */
  static RecordedEpisodes wideOfTheMark(Box space) {
    Pcg64 random = new Pcg64(1);
    RecordedEpisodes.Builder recorded = RecordedEpisodes.builder(space, space);
    float[] seen = new float[1];
    for (int episode = 0; episode < 20; episode++) {
      space.sample(random, seen, 0);
      recorded.start(seen);
      for (int step = 0; step < 100; step++) {
        float[] action = {(float) Math.tanh(seen[0] + 0.8 + 0.8 * random.nextGaussian())};
        float reward = 1 - Math.abs(action[0] - seen[0]);
        space.sample(random, seen, 0);
        recorded.step(action, reward, false, step == 99, seen);
      }
    }
    return recorded.build();
  }

  static double meanReturn(AlgorithmConfig algorithm, RecordedEpisodes recordings) {
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java"), algorithm)
            .withNetwork(
                NetworkConfig.defaults()
                    .withHidden(List.of(32, 32))
                    .withActivation(Activation.RELU)
                    .withOrthogonal(false))
            .withStop(StopConfig.defaults().withEnvironmentSteps(2000));
    return Trainer.builder(config)
        .environment(() -> new IdentityEnvironment(recordings.actionSpace()))
        .recordings(recordings)
        .build()
        .train()
        .evaluation()
        .orElseThrow()
        .meanReturn();
  }

  @Test
  void followsTheValuesOrTheRecordings() {
    RecordedEpisodes recordings = wideOfTheMark(Box.of(-1, 1, 1));
    Td3BcConfig td3Bc =
        Td3BcConfig.defaults()
            .withMinibatchSize(64)
            .withDiscount(0)
            .withLearningRate(Schedule.constant(3e-3));
    double cloned = meanReturn(td3Bc.withValueScale(1e-3), recordings);
    assertThat(cloned).as("nearly cloning").isLessThan(75);
    assertThat(meanReturn(td3Bc, recordings)).isGreaterThan(90);
  }

  @Test
  void saysWhatItIsNotFor() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Td3BcConfig.defaults()
                    .policy(Box.of(-1, 1, 2), new Discrete(3), NetworkConfig.defaults()))
        .withMessageStartingWith("algorithm.td3-bc moves numbers between bounds");
  }
}
