package org.mobula.core.algorithm.ppo;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.training.config.TrainingConfig;

class PpoConfigTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "clip-range: {linear: {from: 0.2, to: -0.6}} | clip-range is -0.6 at its least but must be ≥ 0",
        "learning-rate: {cosine: {from: 0.001, to: -0.001}} | learning-rate is -0.001 at its least but must be ≥ 0",
        "clip-range: {piecewise: {points: [{progress: 0, value: 0.2}, {progress: 0.5, value: -1}, {progress: 1, value: 0.1}]}} | clip-range is -1 at its least but must be ≥ 0",
        "learning-rate: -1 | learning-rate is -1 but must be ≥ 0",
        "learning-rate: 0 | learning-rate is 0 but must be > 0",
        "clip-range: {linear: {from: 0, to: 1}} | clip-range is 0 but must be > 0",
      })
  void aCourseIsCheckedFromStartToEnd(String setting, String mistake) {
    String yaml = "environment: {name: CartPole-v1}\nalgorithm:\n  ppo:\n    " + setting + "\n";
    assertThatThrownBy(
            () ->
                ConfigReader.read(
                    yaml, "run.yaml", TrainingConfig.class, List.of(), TrainingConfig.algorithms()))
        .hasMessageContaining("run.yaml:4:5: " + mistake);
  }

  @Test
  void theBuilderSaysTheSame() {
    assertThatThrownBy(() -> PpoConfig.defaults().withClipRange(Schedule.linear(0.2, -0.6)))
        .hasMessage("clip-range is -0.6 at its least but must be ≥ 0");
  }
}
