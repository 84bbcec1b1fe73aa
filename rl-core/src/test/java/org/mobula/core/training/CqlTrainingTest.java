package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.sac.CqlConfig;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class CqlTrainingTest extends OfflineAlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return CqlConfig.defaults().withMinibatchSize(8).withActionSamples(2).withMaxGradientNorm(5);
  }

  @Test
  void followsTheBetterOfWhatWasDone() {
    RecordedEpisodes recordings = Td3BcTrainingTest.wideOfTheMark(Box.of(-1, 1, 1));
    assertThat(recordings.meanReturn()).isLessThan(50);
    CqlConfig cql =
        CqlConfig.defaults()
            .withMinibatchSize(32)
            .withActionSamples(4)
            .withConservatism(0.2)
            .withDiscount(0)
            .withTemperature(0.02)
            .withAutomaticTemperature(false)
            .withLearningRate(Schedule.constant(3e-3));
    assertThat(Td3BcTrainingTest.meanReturn(cql, recordings)).isGreaterThan(90);
  }

  @Test
  void saysWhatItIsNotFor() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                CqlConfig.defaults()
                    .policy(Box.of(-1, 1, 2), new Discrete(3), NetworkConfig.defaults()))
        .withMessageStartingWith("algorithm.cql moves numbers between bounds");
  }
}
