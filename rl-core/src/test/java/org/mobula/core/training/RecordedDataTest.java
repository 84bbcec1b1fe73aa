package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.imitation.BcConfig;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.recording.RecordingReader;
import org.mobula.core.recording.RecordingWriter;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class RecordedDataTest {
  @Test
  void aTrainerLearnsFromFilesThatWereWritten(@TempDir Path folder) throws IOException {
    RecordedEpisodes expert = Recordings.play("CartPole-v1", Recordings.cartPole(0.3), 5, 1);
    RecordingWriter.Source source =
        new RecordingWriter.Source(
            "a",
            "expert",
            "1",
            false,
            expert.observationSpace(),
            expert.actionSpace(),
            false,
            true,
            false);
    try (RecordingWriter writer = RecordingWriter.open(folder, source, InstantSource.system())) {
      writer.write(expert);
    }
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1"),
                BcConfig.defaults().withMinibatchSize(16))
            .withStop(StopConfig.defaults().withEnvironmentSteps(1000))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    Map<String, Double> last = new TreeMap<>();
    Trainer.builder(config)
        .recordings(RecordingReader.read(folder, expert.observationSpace(), expert.actionSpace()))
        .listener(
            new TrainingListener() {
              @Override
              public void onIteration(TrainingProgress progress, Map<String, Double> measured) {
                last.putAll(measured);
              }
            })
        .build()
        .train();
    assertThat(last).containsEntry("replay/transitions", (double) expert.steps());
    assertThat(last.get("estimate/recorded_return")).isEqualTo(expert.meanReturn());
    assertThat(last.get("loss/policy")).isLessThan(Math.log(2));
  }
}
