package org.mobula.core.experience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class RecordedEpisodesTest {
  private static RecordedEpisodes.Builder builder() {
    return RecordedEpisodes.builder(Box.of(-9, 9, 2), new Discrete(3));
  }

  private static float[] numbers(float... numbers) {
    return numbers;
  }

  @Test
  void keepsEpisodesStepByStep() {
    RecordedEpisodes recorded =
        builder()
            .start(numbers(1, 2))
            .step(numbers(0), -0.5f, 1, false, false, numbers(3, 4))
            .step(numbers(2), -1.5f, 2, true, false, numbers(5, 6))
            .start(numbers(7, 8))
            .step(numbers(1), 3, false, true, numbers(-1, -2))
            .start(numbers(0, 0))
            .step(numbers(1), 4, false, false, numbers(0, 1))
            .build();
    assertThat(recorded.episodes()).hasSize(3);
    assertThat(recorded.steps()).isEqualTo(4);
    RecordedEpisode first = recorded.episodes().get(0);
    assertThat(first.steps()).isEqualTo(2);
    assertThat(first.observations()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(first.actions()).containsExactly(0, 2);
    assertThat(first.rewards()).containsExactly(1, 2);
    assertThat(first.logProbabilities()).containsExactly(-0.5f, -1.5f);
    assertThat(first.terminated()).isTrue();
    assertThat(first.truncated()).isFalse();
    assertThat(first.episodeReturn()).isEqualTo(3);
    RecordedEpisode second = recorded.episodes().get(1);
    assertThat(second.truncated()).isTrue();
    assertThat(second.logProbabilities()).isEmpty();
    RecordedEpisode third = recorded.episodes().get(2);
    assertThat(third.terminated() || third.truncated()).as("the recording ends in it").isFalse();
    assertThat(recorded.hasLogProbabilities()).isFalse();
    assertThat(recorded.meanReturn()).isEqualTo(10 / 3.0);
    assertThat(recorded)
        .hasToString(
            "3 episodes of 4 steps together, with observations %s and actions Discrete(3)"
                .formatted(recorded.observationSpace()));
  }

  @Test
  void takesWholeEpisodes() {
    RecordedEpisode episode =
        new RecordedEpisode(numbers(1, 2, 3, 4), numbers(1), numbers(5), numbers(-1), true, false);
    RecordedEpisodes recorded = builder().add(episode).build();
    assertThat(recorded.episodes()).containsExactly(episode);
    assertThat(recorded.hasLogProbabilities()).isTrue();
    assertThat(builder().build().meanReturn()).isNaN();
  }

  @Test
  void theChecksumTellsEpisodesApart() {
    RecordedEpisode one =
        new RecordedEpisode(numbers(1, 2, 3, 4), numbers(1), numbers(5), true, false);
    RecordedEpisode other =
        new RecordedEpisode(numbers(1, 2, 3, 4), numbers(1), numbers(6), true, false);
    long checksum = builder().add(one).build().checksum();
    assertThat(builder().add(one).build().checksum()).isEqualTo(checksum);
    assertThat(builder().add(other).build().checksum()).isNotEqualTo(checksum);
    assertThat(builder().add(one).add(other).build().checksum()).isNotEqualTo(checksum);
  }

  @Test
  void saysWhatDoesNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RecordedEpisode(numbers(1), numbers(), numbers(), true, false))
        .withMessage("an episode has no steps but must have at least one");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new RecordedEpisode(numbers(1, 2, 3), numbers(1), numbers(1), true, false))
        .withMessage(
            "the observations of an episode are 3 numbers, which are not 2 rows: there is one action"
                + " and one reward a step, and one observation more");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new RecordedEpisode(
                    numbers(1, 2), numbers(1), numbers(1), numbers(1, 2), true, false))
        .withMessage(
            "an episode of 1 steps has 2 log-probabilities; give one for each step, or none");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                builder()
                    .add(new RecordedEpisode(numbers(1, 2), numbers(1), numbers(1), true, false)))
        .withMessageStartingWith("the observations of episode 0 have 1 numbers each but ")
        .withMessageEndingWith(" has 2");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                builder().start(numbers(1, 2)).step(numbers(1, 1), 0, false, false, numbers(1, 2)))
        .withMessage("the actions of episode 0 have 2 numbers each but Discrete(3) has 1");
    assertThatIllegalStateException()
        .isThrownBy(() -> builder().step(numbers(1), 0, false, false, numbers(1, 2)))
        .withMessage(
            "a step was recorded but no episode has started; give its first observation to start");
  }

  @Test
  void saysWhatCannotBeLearntFrom() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().build().requireLearnable())
        .withMessage("the recordings hold no episode, so there is nothing to learn from");
    RecordedEpisodes.Builder outside =
        builder()
            .start(numbers(1, 2))
            .step(numbers(0), 0, false, false, numbers(1, 2))
            .step(numbers(3), 0, true, false, numbers(1, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> outside.build().requireLearnable())
        .withMessage(
            "the action at step 1 of episode 0 is [3.0] but must be in Discrete(3): leave the episode"
                + " out, or record the actions as the environment was given them");
    RecordedEpisodes.Builder gap =
        builder().start(numbers(1, 2)).step(numbers(0), 0, false, true, numbers(1, Float.NaN));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> gap.build().requireLearnable())
        .withMessage(
            "number 1 of the observation at step 1 of episode 0 is NaN but must be finite: leave the"
                + " episode out, or mend it where it is recorded");
    RecordedEpisodes terminal =
        builder()
            .start(numbers(1, 2))
            .step(numbers(0), 0, true, false, numbers(1, Float.NaN))
            .build();
    assertThatCode(terminal::requireLearnable).doesNotThrowAnyException();
  }
}
