package org.mobula.core.environment.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.training.Curriculum;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class GridWorldTest {
  private static final GridRules RULES = GridRules.defaults();

  private static GridWorld world(GridRules rules, String... rows) {
    return new GridWorld(List.of(rows), rules);
  }

  private static float[] reset(GridWorld world, Reset reset) {
    float[] observation = new float[world.observationSpace().size()];
    world.reset(reset, observation);
    return observation;
  }

  private static Step step(GridWorld world, float action) {
    Step step = new Step(world.observationSpace());
    world.step(new float[] {action}, step);
    return step;
  }

  @Test
  void wallsStopTrapsEndAndGoalsPay() {
    GridWorld world = world(RULES, "S#G", "..X", "..3");
    assertThat(world.observationSpace()).isEqualTo(new Discrete(9));
    assertThat(reset(world, Reset.seeded(1))).containsExactly(0);
    Step wall = step(world, 1);
    assertThat(wall.observation).containsExactly(0);
    assertThat(wall.reward).isEqualTo(-0.01);
    assertThat(step(world, 0).observation).as("against the border").containsExactly(0);
    step(world, 2);
    step(world, 1);
    Step trap = step(world, 1);
    assertThat(trap.observation).containsExactly(5);
    assertThat(trap.reward).isCloseTo(-1.01, within(1e-12));
    assertThat(trap.terminated).isTrue();
    reset(world, Reset.unseeded());
    step(world, 2);
    step(world, 2);
    assertThat(world.renderText()).hasValue(" S  #  G \n .  .  X \n[.] .  3 \n");
    step(world, 1);
    Step goal = step(world, 1);
    assertThat(goal.reward).isCloseTo(2.99, within(1e-12));
    assertThat(goal.terminated).isTrue();
  }

  @Test
  void masksForbidMovesAgainstWalls() {
    GridWorld world = world(RULES.withActionMask(true), "S#G", "...");
    reset(world, Reset.seeded(1));
    boolean[] mask = new boolean[4];
    world.actionMask(mask);
    assertThat(mask).containsExactly(false, false, true, false);
    step(world, 2);
    world.actionMask(mask);
    assertThat(mask).containsExactly(true, true, false, false);
    assertThat(world.masksActions()).isTrue();
    assertThat(world(RULES, "SG").masksActions()).isFalse();
  }

  @Test
  void movesSlipToEitherSide() {
    GridWorld world = world(RULES.withSlip(0.4), "...", ".S.", "..G");
    int[] reached = new int[9];
    reset(world, Reset.seeded(1));
    for (int i = 0; i < 5000; i++) {
      reached[(int) step(world, 1).observation[0]]++;
      reset(world, Reset.unseeded());
    }
    assertThat(reached[5]).isBetween(2850, 3150);
    assertThat(reached[1]).isBetween(900, 1100);
    assertThat(reached[7]).isBetween(900, 1100);
  }

  @Test
  void anEpisodesGoalIsObserved() {
    GridWorld world = world(RULES.withOneGoal(true), "G.S.G", "X...X");
    assertThat(world.observationSpace()).isEqualTo(new MultiDiscrete(10, 10));
    Set<Float> goals = new TreeSet<>();
    for (long seed = 0; seed < 20; seed++) {
      float[] seen = reset(world, Reset.seeded(seed));
      assertThat(seen[0]).isEqualTo(2);
      goals.add(seen[1]);
      step(world, 1);
      Step right = step(world, 1);
      assertThat(right.terminated).as("another goal is floor").isEqualTo(seen[1] == 4);
    }
    assertThat(goals).containsExactly(0f, 4f);
    assertThat(reset(world, new Reset(null, Map.of("goal", 1)))[1]).isEqualTo(4);
    assertThat(reset(world, new Reset(null, Map.of("goal", 0)))[1]).isEqualTo(0);
    assertThatThrownBy(() -> reset(world, new Reset(null, Map.of("goal", 2))))
        .hasMessage("goal is 2.0 but must be a whole number from 0 to 1");
  }

  @Test
  void aPictureHasAChannelForEachKindOfCell() {
    GridWorld world = world(RULES.withPicture(true), "S#X", "..G");
    assertThat(world.observationSpace()).isEqualTo(Box.of(0, 1, 4, 2, 3));
    float[] agent = {1, 0, 0, 0, 0, 0};
    float[] walls = {0, 1, 0, 0, 0, 0};
    float[] goals = {0, 0, 0, 0, 0, 1};
    float[] traps = {0, 0, 1, 0, 0, 0};
    float[] seen = reset(world, Reset.seeded(1));
    int channel = 0;
    for (float[] expected : new float[][] {agent, walls, goals, traps}) {
      assertThat(Arrays.copyOfRange(seen, 6 * channel, 6 * channel + 6)).isEqualTo(expected);
      channel++;
    }
    assertThat(Arrays.copyOf(step(world, 2).observation, 6)).containsExactly(0, 0, 0, 1, 0, 0);
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> world(RULES, "S.", "G"))
        .hasMessage("row 1 of the map, G, has 1 cells but row 0 has 2");
    assertThatThrownBy(() -> world(RULES, "S0G"))
        .hasMessage("row 0 of the map is S0G but a cell is #, ., S, G, X or a digit from 1 to 9");
    assertThatThrownBy(() -> world(RULES, "S.."))
        .hasMessage("the map [S..] has no goal: mark it with G");
    assertThatThrownBy(() -> world(RULES, "SXG")).hasMessageStartingWith("no way leads from the");
    assertThatThrownBy(() -> world(RULES, "S#G"))
        .hasMessage("no way leads from the start in row 0, column 0 to a goal on the map [S#G]");
    assertThatThrownBy(() -> world(RULES, "#G"))
        .hasMessage("no way leads to a goal on the map [#G]");
    assertThatThrownBy(() -> RULES.withSlip(2)).hasMessage("slip is 2.0 but must be from 0 to 1");
    assertThatThrownBy(() -> RULES.withGoalReward(Double.NaN))
        .hasMessage("the reward of a goal is NaN but must be finite");
    GridWorld world = world(RULES, "S..G");
    assertThatThrownBy(() -> reset(world, new Reset(null, Map.of("start-distance", 0))))
        .hasMessage("start-distance is 0.0 but no cell is that near to a goal: it must be >= 1");
  }

  /** Notes how far from the goal, at the end of a corridor, each episode begins. */
  private static final class Starts extends EnvironmentWrapper {
    private final List<Integer> distances;

    Starts(List<Integer> distances) {
      super(new TimeLimit(world(RULES, "S......G"), 30));
      this.distances = distances;
    }

    @Override
    public void reset(Reset reset, float[] observation) {
      inner().reset(reset, observation);
      distances.add(7 - (int) observation[0]);
    }
  }

  private static TrainingConfig config(Map<String, Object> resetOptions) {
    return TrainingConfig.defaults(
            EnvironmentConfig.defaults("given in Java").withResetOptions(resetOptions),
            PpoConfig.defaults().withSteps(128).withMinibatchSize(64).withEpochs(4))
        .withSeed(1)
        .withStop(StopConfig.defaults().withEnvironmentSteps(2048));
  }

  @Test
  void aScheduleLeadsFartherFromTheGoal() {
    List<Integer> distances = new ArrayList<>();
    Trainer.builder(config(Map.of("start-distance", new Schedule.Linear(1, 7))))
        .environment(() -> new Starts(distances))
        .evaluationEnvironment(() -> new Starts(new ArrayList<>()))
        .build()
        .train();
    int half = distances.size() / 2;
    assertThat(distances.subList(0, 10)).containsOnly(1);
    assertThat(distances.subList(half, distances.size())).anyMatch(distance -> distance > 3);
  }

  @Test
  void aCallbackLeadsFartherOnceItIsDone() {
    List<Integer> distances = new ArrayList<>();
    Curriculum farther =
        (progress, present) -> {
          double distance = ((Number) present.getOrDefault("start-distance", 1)).doubleValue();
          boolean done = progress.recentReturnMean() > 0.8;
          return Map.of("start-distance", done ? Math.min(7, distance + 1) : distance);
        };
    Trainer.builder(config(Map.of("start-distance", 1)))
        .environment(() -> new Starts(distances))
        .evaluationEnvironment(() -> new Starts(new ArrayList<>()))
        .curriculum(farther)
        .build()
        .train();
    assertThat(distances.subList(0, 10)).containsOnly(1);
    assertThat(distances).anyMatch(distance -> distance > 1);
  }
}
