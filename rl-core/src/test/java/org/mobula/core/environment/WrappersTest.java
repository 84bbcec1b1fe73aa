package org.mobula.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.classic.Pendulum;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

class WrappersTest {
  private static Step reset(Environment environment) {
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(1), step.observation);
    return step;
  }

  private static Step act(Environment environment, float action, Step step) {
    step.clear();
    environment.step(new float[] {action}, step);
    return step;
  }

  @Test
  void aTimeLimitTruncatesAndStartsAnew() {
    Environment environment = new TimeLimit(CountingEnvironment.until(100), 2);
    for (int episode = 0; episode < 2; episode++) {
      Step step = reset(environment);
      assertThat(act(environment, 0, step).done()).isFalse();
      assertThat(act(environment, 0, step).truncated).isTrue();
      assertThat(step.terminated).isFalse();
    }
    assertThatThrownBy(() -> new TimeLimit(CountingEnvironment.until(1), 0))
        .hasMessage("a time limit is 0 steps but must be >= 1");
  }

  @Test
  void normalizedObservationsFollowTheRunningMoments() {
    NormalizeObservation environment = new NormalizeObservation(CountingEnvironment.until(100));
    Step step = reset(environment);
    assertThat(step.observation[0]).isZero();
    act(environment, 0, step);
    // After the observations 0 and 1: mean 1/2, variance 1/4, but for the weight of the start.
    assertThat(step.observation[0]).isCloseTo(1, within(1e-3f));
    environment.freeze(true);
    act(environment, 0, step);
    assertThat(step.observation[0]).isCloseTo(3, within(1e-3f));
    assertThat(environment.statistics().count()).isCloseTo(2.0001, within(1e-9));
    assertThat(environment.observationSpace()).isEqualTo(Box.of(-10, 10, 1));
  }

  @Test
  void normalizedRewardsAreDividedByTheDeviationOfTheReturn() {
    NormalizeReward environment = new NormalizeReward(CountingEnvironment.until(3), 0.5);
    Step step = reset(environment);
    act(environment, 4, step);
    // One return, 4, merged into a start of weight 1e-4 with variance 1.
    double total = 1.0001;
    double variance = (1e-4 + 16 * 1e-4 / total) / total;
    assertThat(step.reward).isEqualTo(10);
    assertThat(environment.statistics().variance(0)).isCloseTo(variance, within(1e-15));
    act(environment, -2, step);
    act(environment, 6, step);
    // The returns were 4, 4/2 - 2 = 0 and 0/2 + 6 = 6; the third is used before it is forgotten.
    assertThat(step.terminated).isTrue();
    double mean = 10 / 3.0;
    double three = (Math.pow(4 - mean, 2) + Math.pow(mean, 2) + Math.pow(6 - mean, 2)) / 3;
    assertThat(step.reward).isCloseTo(6 / Math.sqrt(three), within(1e-3));
    assertThatThrownBy(() -> new NormalizeReward(CountingEnvironment.until(1), 1.5))
        .hasMessage("gamma is 1.5 but must be in [0, 1]");
  }

  @Test
  void rescaledActionsMeetTheInnerBounds() {
    Environment environment = new RescaleAction(CountingEnvironment.until(100), -1, 1);
    Step step = reset(environment);
    assertThat(act(environment, 1, step).reward).isEqualTo(1000);
    assertThat(act(environment, -1, step).reward).isEqualTo(-1000);
    assertThat(act(environment, 0.5f, step).reward).isEqualTo(500);
    assertThat(act(environment, 2, step).reward).isEqualTo(1000);
    assertThatThrownBy(() -> new RescaleAction(new CartPole(), -1, 1))
        .hasMessage(
            "RescaleAction needs actions in a Box with finite bounds but they are Discrete(2)");
  }

  @Test
  void framesStackUp() {
    Environment environment = new FrameStack(CountingEnvironment.until(3), 3);
    assertThat(environment.observationSpace()).isEqualTo(Box.of(0, 1000, 3, 1));
    Step step = reset(environment);
    assertThat(step.observation).containsExactly(0, 0, 0);
    act(environment, 5, step);
    assertThat(act(environment, 5, step).observation).containsExactly(0, 1, 2);
    act(environment, 5, step);
    assertThat(step.observation).containsExactly(1, 2, 3);
    assertThat(step.reward).isEqualTo(5);
    assertThat(step.terminated).isTrue();
    assertThat(step.info()).isEqualTo(Map.of("length", 3));
  }

  @Test
  void framesOfImagesAreStackedAsChannels() {
    assertThat(stacked(1, 84, 84)).isEqualTo(Box.of(0, 255, 4, 84, 84));
    assertThat(stacked(3, 6, 5)).isEqualTo(Box.of(0, 255, 12, 6, 5));
    assertThat(stacked(84, 84)).isEqualTo(Box.of(0, 255, 4, 84, 84));
    assertThat(stacked(7)).isEqualTo(Box.of(0, 255, 4, 7));
  }

  private static Space stacked(int... shape) {
    return new FrameStack(
            new EnvironmentWrapper(CountingEnvironment.until(1)) {
              @Override
              public Space observationSpace() {
                return Box.of(0, 255, shape);
              }
            },
            4)
        .observationSpace();
  }

  @Test
  void episodesAreAddedUp() {
    Environment environment = new EpisodeStatistics(CountingEnvironment.until(2));
    Step step = reset(environment);
    assertThat(act(environment, 1.5f, step).info()).isEmpty();
    act(environment, 2, step);
    assertThat(step.info())
        .containsEntry(EpisodeStatistics.RETURN, 3.5)
        .containsEntry(EpisodeStatistics.LENGTH, 2);
  }

  @Test
  void wrappersReadAsTheyAreNested() {
    assertThat(new TimeLimit(new NormalizeReward(new CartPole(), 1), 5))
        .hasToString("TimeLimit(NormalizeReward(CartPole))");
  }

  @Test
  void picturesShowTheState() {
    for (Environment environment : List.of(new CartPole(), new Pendulum())) {
      reset(environment);
      assertThat(environment.renderText()).hasValueSatisfying(p -> assertThat(p).contains("angle"));
    }
  }

  @Test
  void runningStatisticsAreState() throws IOException {
    Environment original = normalized();
    Environment restored = normalized();
    Step step = reset(original);
    for (int i = 0; i < 20; i++) {
      act(original, 1, step);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    original.writeState(new DataOutputStream(bytes));
    restored.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    Step other = new Step(restored.observationSpace());
    for (int i = 0; i < 20; i++) {
      act(original, 1, step);
      act(restored, 1, other);
      assertThat(other.observation).isEqualTo(step.observation);
      assertThat(other.reward).isEqualTo(step.reward);
    }
  }

  private static Environment normalized() {
    return new NormalizeReward(new NormalizeObservation(new Pendulum()), 0.99);
  }

  /** With the normalisers frozen: else a seed does not bring back what they learnt since. */
  @Nested
  class AllTogether extends EnvironmentContract {
    @Override
    protected EnvironmentFactory factory() {
      return () -> {
        Environment limited = new TimeLimit(new Pendulum(), 50);
        NormalizeObservation observation =
            new NormalizeObservation(new RescaleAction(limited, -1, 1));
        NormalizeReward reward = new NormalizeReward(observation, 0.99);
        observation.freeze(true);
        reward.freeze(true);
        return new EpisodeStatistics(new FrameStack(reward, 2));
      };
    }
  }
}
