package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.imitation.BcConfig;
import org.mobula.core.algorithm.imitation.MarwilConfig;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class MarwilTrainingTest extends OfflineAlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return MarwilConfig.defaults().withMinibatchSize(32).withMaxGradientNorm(5);
  }

  @Override
  protected String environment() {
    return "CartPole-v1";
  }

  @Override
  protected Recordings.Controller controller() {
    return Recordings.cartPole(0.5);
  }

  private static double meanReturn(AlgorithmConfig algorithm, RecordedEpisodes recordings) {
    TrainingConfig config =
        TrainingConfig.defaults(EnvironmentConfig.defaults("given in Java"), algorithm)
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

  /** One in eight actions is rewarded, another twice as frequent: the latter is cloned. */
  @Test
  void followsWhatTurnedOutWell() {
    Discrete space = new Discrete(4);
    Pcg64 random = new Pcg64(1);
    RecordedEpisodes.Builder recorded = RecordedEpisodes.builder(space, space);
    for (int episode = 0; episode < 20; episode++) {
      int seen = random.nextInt(4);
      recorded.start(new float[] {seen});
      for (int step = 0; step < 100; step++) {
        int draw = random.nextInt(8);
        int action = draw == 0 ? seen : (seen + 1 + draw % 3) % 4;
        float reward = action == seen ? 1 : 0;
        seen = random.nextInt(4);
        recorded.step(new float[] {action}, reward, false, step == 99, new float[] {seen});
      }
    }
    RecordedEpisodes episodes = recorded.build();
    assertThat(episodes.meanReturn()).isBetween(10.0, 16.0);
    assertThat(meanReturn(BcConfig.defaults().withMinibatchSize(64), episodes)).isLessThan(10);
    MarwilConfig marwil =
        MarwilConfig.defaults().withMinibatchSize(64).withDiscount(0).withAdvantageScale(2);
    assertThat(meanReturn(marwil, episodes)).isGreaterThan(90);
    assertThat(meanReturn(marwil.withAdvantageScale(0), episodes)).as("cloning").isLessThan(10);
  }
}
