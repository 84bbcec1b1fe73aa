package org.mobula.notebook;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class LiveTest {
  private final List<String> shown = new ArrayList<>();
  private final AtomicLong nanos = new AtomicLong();

  private final Live.Screen screen =
      new Live.Screen() {
        @Override
        public String display(Object value) {
          assertThat(shown).isEmpty();
          shown.add(((Html) value).text());
          return "the only one";
        }

        @Override
        public void update(String id, Object value) {
          assertThat(id).isEqualTo("the only one");
          shown.add(((Html) value).text());
        }
      };

  private TrainingResult train(long nanosEachLook) {
    TrainingConfig config =
        TrainingConfig.defaults(
                EnvironmentConfig.defaults("CartPole-v1").withCount(4),
                PpoConfig.defaults().withSteps(16).withMinibatchSize(32).withEpochs(1))
            .withStop(StopConfig.defaults().withEnvironmentSteps(640))
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(2));
    Live live = new Live(screen, () -> nanos.addAndGet(nanosEachLook));
    return Trainer.builder(config).listener(Live.curve("CartPole-v1", live)).build().train();
  }

  @Test
  void replacesOnePictureTwiceASecondAndAtTheEnd() {
    TrainingResult result = train(100_000_000); // ten iterations in a second

    assertThat(shown).hasSize(3);
    assertThat(shown.get(0)).startsWith("<svg").contains("64 environment steps", "training");
    assertThat(shown.get(2)).contains("640 environment steps", result.reason());
  }

  @Test
  void lastPictureHasTheLastEvaluation() {
    train(1);

    assertThat(shown).hasSize(2);
    assertThat(shown.get(1)).contains("<circle");
  }
}
