package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.iql.IqlConfig;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class IqlTrainingTest extends OfflineAlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return IqlConfig.defaults().withMinibatchSize(16).withMaxGradientNorm(5);
  }

  @Test
  void followsTheBetterOfWhatWasDone() {
    RecordedEpisodes recordings = Td3BcTrainingTest.wideOfTheMark(Box.of(-1, 1, 1));
    IqlConfig iql =
        IqlConfig.defaults()
            .withMinibatchSize(64)
            .withDiscount(0)
            .withAdvantageScale(10)
            .withLearningRate(Schedule.constant(3e-3));
    double cloned = Td3BcTrainingTest.meanReturn(iql.withAdvantageScale(0), recordings);
    assertThat(cloned).as("cloning").isLessThan(75);
    assertThat(Td3BcTrainingTest.meanReturn(iql, recordings)).isGreaterThan(90);
  }

  @Test
  void saysWhatItIsNotFor() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                IqlConfig.defaults()
                    .policy(Box.of(-1, 1, 2), new Discrete(3), NetworkConfig.defaults()))
        .withMessageStartingWith("algorithm.iql moves numbers between bounds");
  }
}
