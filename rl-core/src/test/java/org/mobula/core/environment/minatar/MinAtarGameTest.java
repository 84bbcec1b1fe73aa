package org.mobula.core.environment.minatar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class MinAtarGameTest {
  @ParameterizedTest
  @CsvSource({"Breakout,4,3", "Asterix,4,5", "Freeway,7,3", "Seaquest,10,6", "SpaceInvaders,6,4"})
  void aGameHasItsChannelsAndActions(String game, int channels, int minimal) {
    EnvironmentCatalogue catalogue = EnvironmentCatalogue.standard();
    String name = "MinAtar/" + game + "-v1";
    try (Environment some = catalogue.factory(name).create();
        Environment all = catalogue.factory(name, Map.of("minimal-actions", false)).create()) {
      assertThat(some.observationSpace()).isEqualTo(Box.of(0, 1, channels, 10, 10));
      assertThat(some.actionSpace()).isEqualTo(new Discrete(minimal));
      assertThat(all.actionSpace()).isEqualTo(new Discrete(6));
    }
  }

  /** The column of the paddle after three equal actions. */
  private static int paddleAfter(MinAtarRules rules, float action) {
    Breakout game = new Breakout(rules);
    Step step = new Step(game.observationSpace());
    game.reset(Reset.seeded(1), step.observation);
    for (int i = 0; i < 3; i++) {
      game.step(new float[] {action}, step);
    }
    for (int column = 0; column < 10; column++) {
      if (step.observation[90 + column] == 1) {
        return column;
      }
    }
    throw new AssertionError("no paddle in " + game.renderText());
  }

  @Test
  void minimalActionsAreThoseThatDoSomething() {
    MinAtarRules minimal = MinAtarRules.defaults().withStickyActionProbability(0);
    MinAtarRules all = minimal.withMinimalActions(false);
    assertThat(paddleAfter(minimal, 1)).as("left").isEqualTo(1);
    assertThat(paddleAfter(minimal, 2)).as("right").isEqualTo(7);
    assertThat(paddleAfter(all, 3)).as("right").isEqualTo(7);
    assertThat(paddleAfter(all, 5)).as("fire").isEqualTo(4);
  }

  @Test
  void anActionThatAlwaysSticksIsTheFirstOne() {
    MinAtarRules stuck = MinAtarRules.defaults().withStickyActionProbability(1);
    assertThat(paddleAfter(stuck, 1)).as("none was taken before the first").isEqualTo(4);
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> MinAtarRules.defaults().withStickyActionProbability(1.5))
        .hasMessage("the probability of sticky actions is 1.5 but must be from 0 to 1");
    Freeway game = new Freeway();
    Step step = new Step(game.observationSpace());
    assertThatThrownBy(() -> game.step(new float[] {0}, step))
        .hasMessage("no episode has begun: reset before the first step");
    game.reset(Reset.seeded(1), step.observation);
    assertThatThrownBy(() -> game.step(new float[] {3}, step))
        .hasMessage("action is 3.0 but must be a whole number from 0 to 2");
    EnvironmentCatalogue catalogue = EnvironmentCatalogue.standard();
    assertThatThrownBy(() -> catalogue.factory("MinAtar/Freeway-v1", Map.of("ramping", true)))
        .hasMessageStartingWith("MinAtar/Freeway-v1 has no option \"ramping\"");
  }
}
