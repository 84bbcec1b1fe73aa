package org.mobula.core.environment.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.classic.CartPole;

class MemoryTasksTest {
  private static Step step(Environment environment, float action) {
    Step step = new Step(environment.observationSpace());
    environment.step(new float[] {action}, step);
    return step;
  }

  @Test
  void theSignAtTheStartSaysWhereTheGoalIs() {
    TMaze maze = new TMaze(3);
    float[] sign = new float[3];
    int ups = 0;
    for (long seed = 0; seed < 20; seed++) {
      maze.reset(Reset.seeded(seed), sign);
      boolean up = sign[0] == 0;
      assertThat(sign).containsExactly(up ? new float[] {0, 1, 1} : new float[] {1, 1, 0});
      ups += up ? 1 : 0;
      assertThat(step(maze, 0).reward).as("against a wall").isEqualTo(-0.1);
      assertThat(step(maze, 3).reward).as("back from the start").isEqualTo(-0.1);
      assertThat(step(maze, 1).observation).containsExactly(1, 0, 1);
      assertThat(step(maze, 1).reward).isZero();
      assertThat(step(maze, 3).observation).containsExactly(1, 0, 1);
      step(maze, 1);
      Step junction = step(maze, 1);
      assertThat(junction.observation).containsExactly(0, 1, 0);
      assertThat(junction.terminated).isFalse();
      assertThat(step(maze, 1).reward).as("beyond the junction").isEqualTo(-0.1);
      Step end = step(maze, seed % 2 == 0 == up ? 0 : 2);
      assertThat(end.terminated).isTrue();
      assertThat(end.reward).isEqualTo(seed % 2 == 0 ? 4 : -0.1);
    }
    assertThat(ups).isBetween(5, 15);
  }

  @Test
  void theCorridorsLengthIsAnOptionOfTheReset() {
    TMaze maze = new TMaze(3);
    maze.reset(new Reset(1L, Map.of("length", 1.2)), new float[3]);
    assertThat(step(maze, 1).observation).containsExactly(0, 1, 0);
    maze.reset(Reset.unseeded(), new float[3]);
    assertThat(step(maze, 1).observation).containsExactly(1, 0, 1);
    assertThatThrownBy(() -> maze.reset(new Reset(1L, Map.of("length", 0)), new float[3]))
        .hasMessage("the corridor's length is 0.0 but must be from 1 to 1000");
    assertThatThrownBy(() -> maze.reset(new Reset(1L, Map.of("length", "long")), new float[3]))
        .hasMessage("reset option length is long but must be a number");
  }

  @Test
  void whoRemembersTheCardsIsPaidOne() {
    RepeatPrevious deck = new RepeatPrevious(4, 1);
    Step step = new Step(deck.observationSpace());
    deck.reset(Reset.seeded(1), step.observation);
    int[] suits = new int[4];
    float[] seen = new float[52];
    double right = 0;
    double wrong = 0;
    for (int card = 0; card < 52; card++) {
      seen[card] = step.observation[0];
      suits[(int) seen[card]]++;
      step.clear();
      deck.step(new float[] {card < 4 ? 0 : seen[card - 4]}, step);
      assertThat(step.terminated).isEqualTo(card == 51);
      right += step.reward;
    }
    assertThat(suits).containsExactly(13, 13, 13, 13);
    assertThat(right).isCloseTo(1, within(1e-12));
    deck.reset(Reset.seeded(1), step.observation);
    for (int card = 0; card < 52; card++) {
      step.clear();
      deck.step(new float[] {card < 4 ? 0 : (seen[card - 4] + 1) % 4}, step);
      wrong += step.reward;
    }
    assertThat(wrong).isCloseTo(-1, within(1e-12));
    assertThatThrownBy(() -> deck.step(new float[] {0}, step))
        .hasMessage("the deck is at its end: reset before the next step");
    assertThatThrownBy(() -> new RepeatPrevious(52, 1))
        .hasMessage("the delay is 52.0 but must be from 0 to 51, one less than there are cards");
    assertThatThrownBy(() -> new RepeatPrevious(4, 0))
        .hasMessage("decks is 0 but must be from 1 to 100");
  }

  @Test
  void theCartIsTheSameWhoeverSeesItsSpeed() {
    Environment whole = new CartPole();
    Environment part = EnvironmentCatalogue.standard().factory("PositionOnlyCartPole-v1").create();
    float[] all = new float[4];
    float[] some = new float[2];
    whole.reset(Reset.seeded(3), all);
    part.reset(Reset.seeded(3), some);
    assertThat(some).containsExactly(all[0], all[2]);
    for (int i = 0; i < 20; i++) {
      Step step = step(whole, i % 2);
      Step seen = step(part, i % 2);
      assertThat(seen.observation).containsExactly(step.observation[0], step.observation[2]);
      assertThat(seen.terminated).isEqualTo(step.terminated);
    }
  }
}
