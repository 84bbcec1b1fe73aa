package org.mobula.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestNameTest {
  @Test
  void forgivesATypingSlip() {
    List<String> names = List.of("clip-range", "gamma", "steps");

    assertThat(NearestName.of("clip-rnge", names)).contains("clip-range");
    assertThat(NearestName.of("clip-rnage", names)).contains("clip-range");
    assertThat(NearestName.of("CLIP-RNAGE", names)).contains("clip-range");
    assertThat(NearestName.of("clip_range", names)).contains("clip-range");
    assertThat(NearestName.of("step", names)).contains("steps");
  }

  @Test
  void forgivesOneEditInAShortName() {
    assertThat(NearestName.of("do", List.of("dqn", "ppo"))).isEmpty();
    assertThat(NearestName.of("pp", List.of("dqn", "ppo"))).contains("ppo");
  }

  @Test
  void completesWhatIsTooFarToBeATypingSlip() {
    List<String> names = List.of("CartPole-v1", "Pendulum-v1", "clip-range", "clip");

    assertThat(NearestName.of("cartpole", names)).contains("CartPole-v1");
    assertThat(NearestName.of("clip-ra", names)).contains("clip-range");
    assertThat(NearestName.of("ca", names)).isEmpty();
  }

  @Test
  void staysSilentWhereNothingIsNear() {
    assertThat(NearestName.of("batch-size", List.of("gamma", "steps"))).isEmpty();
    assertThat(NearestName.of("anything", List.of())).isEmpty();
  }

  @Test
  void takesTheNearestThenTheAlphabeticallyFirst() {
    assertThat(NearestName.of("lambda", List.of("lambdas", "lambda"))).contains("lambda");
    assertThat(NearestName.of("gamm", List.of("gammb", "gamma"))).contains("gamma");
  }
}
