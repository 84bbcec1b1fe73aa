package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.config.ConfigException;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.ActionValues.CategoricalReturns;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;
import org.mobula.core.training.config.TrainingConfig;

/** DQN as C51. */
class CategoricalDqnTest extends AlgorithmContract {
  @Override
  protected AlgorithmConfig busy() {
    return DqnConfig.defaults()
        .withValues(new CategoricalReturns(21, 0, 100))
        .withWarmUpSteps(200)
        .withTargetInterval(100)
        .withExplorationSteps(1000)
        .withDoubleQ(true)
        .withDueling(true)
        .withReplay(
            ReplayConfig.defaults().withCapacity(600).withReturnSteps(3).withPriorityExponent(0.6));
  }

  @Override
  protected AlgorithmConfig quick() {
    return DqnConfig.defaults()
        .withValues(new CategoricalReturns(11, -1, 2))
        .withTrainFrequency(1)
        .withDiscount(0)
        .withLearningRate(Schedule.constant(1e-2))
        .withTargetInterval(100)
        .withExplorationSteps(500)
        .withReplay(ReplayConfig.defaults().withCapacity(2000));
  }

  @Override
  protected List<Space> spaces() {
    return List.of(new Discrete(4));
  }

  private static TrainingConfig read(Path folder, String values) throws Exception {
    Path file = folder.resolve("c51.yaml");
    Files.writeString(
        file,
        """
        environment: {name: CartPole-v1}
        algorithm:
          dqn:
            values: %s
        """
            .formatted(values));
    return TrainingConfig.read(file);
  }

  @Test
  void isReadFromAFileWithThePlaceOfEachMistake(@TempDir Path folder) throws Exception {
    assertThat(read(folder, "{categorical: {atoms: 21, greatest: 100}}").algorithm())
        .isEqualTo(DqnConfig.defaults().withValues(new CategoricalReturns(21, -10, 100)));
    assertThat(read(folder, "{expected: {}}").algorithm()).isEqualTo(DqnConfig.defaults());
    assertThatThrownBy(() -> read(folder, "{categorical: {greatest: -20}}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("c51.yaml:4:")
        .hasMessageContaining("greatest is -20 but must be greater than least");
    assertThatThrownBy(() -> read(folder, "{categorical: {}, quantiles: {}}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("c51.yaml:4:")
        .hasMessageContaining(
            "takes exactly one of [categorical, expected, quantiles], but has categorical and");
  }
}
