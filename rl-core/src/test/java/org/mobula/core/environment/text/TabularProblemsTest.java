package org.mobula.core.environment.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.space.Discrete;

class TabularProblemsTest {
  private static Environment lake(Map<String, Object> options) {
    return EnvironmentCatalogue.standard().factory("FrozenLake-v1", options).create();
  }

  /** The last step of these actions on firm ice. */
  private static Step walk(Environment environment, int... actions) {
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(1), step.observation);
    for (int action : actions) {
      step.clear();
      environment.step(new float[] {action}, step);
    }
    return step;
  }

  @Test
  void aLakeOfOnesOwnHasItsMapAndRewards() {
    Environment environment =
        lake(
            Map.of(
                "map", "SFF\nFHG", "is-slippery", false, "goal-reward", 7, "frozen-reward", -0.5));
    assertThat(environment.observationSpace()).isEqualTo(new Discrete(6));
    Step step = walk(environment, 2, 2);
    assertThat(step.observation[0]).isEqualTo(2);
    assertThat(step.reward).isEqualTo(-0.5);
    assertThat(environment.renderText()).hasValue(" S  F [F]\n F  H  G \nrow 0, column 2\n");
    step.clear();
    environment.step(new float[] {1}, step);
    assertThat(step.reward).isEqualTo(7);
    assertThat(step.terminated).isTrue();
    Step drowned = walk(lake(Map.of("map", "SFF/FHG", "is-slippery", false)), 1, 2);
    assertThat(drowned.terminated).isTrue();
    assertThat(drowned.reward).isZero();
  }

  @Test
  void slipsAsOftenAsItSays() {
    Environment environment = lake(Map.of("map", "FFF/FSF/FFF", "success-rate", 0.5));
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(5), step.observation);
    int[] reached = new int[9];
    for (int i = 0; i < 4000; i++) {
      environment.step(new float[] {2}, step);
      reached[(int) step.observation[0]]++;
      environment.reset(Reset.unseeded(), step.observation);
    }
    assertThat(reached[5]).isBetween(1900, 2100);
    assertThat(reached[1]).isBetween(900, 1100);
    assertThat(reached[7]).isBetween(900, 1100);
  }

  @Test
  void randomMapsHaveAWayToTheGoal() {
    List<String> map = FrozenLake.randomMap(8, 0.6, 3);
    assertThat(map).hasSize(8).allMatch(row -> row.length() == 8);
    assertThat(map.get(0)).startsWith("S");
    assertThat(map.get(7)).endsWith("G");
    assertThat(FrozenLake.randomMap(8, 0.6, 3)).isEqualTo(map);
    assertThat(FrozenLake.randomMap(8, 0.6, 4)).isNotEqualTo(map);
  }

  @Test
  void aTaxiForbidsWhatChangesNothing() {
    Taxi taxi = new Taxi(true);
    float[] state = new float[1];
    taxi.reset(Reset.seeded(42), state);
    assertThat(state[0]).as("row 3, column 4, passenger at stand 1, to 2").isEqualTo(386);
    boolean[] mask = new boolean[6];
    taxi.actionMask(mask);
    assertThat(mask).containsExactly(true, true, false, true, false, false);
    assertThat(taxi.masksActions()).isTrue();
    assertThat(new Taxi().masksActions()).isFalse();
    assertThat(taxi.renderText().orElseThrow())
        .contains("| | : | :O|", "passenger at green, to yellow");
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> lake(Map.of("map", "SF/F")))
        .hasMessage("row 1 of the map, F, has 1 cells but row 0 has 2");
    assertThatThrownBy(() -> lake(Map.of("map", "SX")))
        .hasMessage("row 0 of the map is SX but a cell is S, F, H or G");
    assertThatThrownBy(() -> lake(Map.of("map", "FG")))
        .hasMessage("the map [FG] has no start: mark it with S");
    assertThatThrownBy(() -> lake(Map.of("map-name", "9x9")))
        .hasMessage("no map is called \"9x9\"; there are 4x4, 8x8 and, by a seed, random");
    assertThatThrownBy(() -> lake(Map.of("success-rate", 1.5)))
        .hasMessage("the success rate is 1.5 but must be from 0 to 1");
    assertThatThrownBy(() -> FrozenLake.randomMap(1, 0.8, 0))
        .hasMessage("a map's size is 1 but must be from 2 to 1000");
    assertThatThrownBy(() -> FrozenLake.randomMap(4, 0, 0))
        .hasMessage("the probability of ice is 0.0 but must be above 0 and at most 1");
    Taxi taxi = new Taxi();
    Step step = new Step(taxi.observationSpace());
    assertThatThrownBy(() -> taxi.step(new float[] {0}, step))
        .hasMessage("no episode has begun: reset before the first step");
    taxi.reset(Reset.seeded(1), step.observation);
    assertThatThrownBy(() -> taxi.step(new float[] {6}, step))
        .hasMessage("action is 6.0 but must be a whole number from 0 to 5");
  }
}
