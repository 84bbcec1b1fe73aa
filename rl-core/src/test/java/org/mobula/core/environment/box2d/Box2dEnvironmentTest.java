package org.mobula.core.environment.box2d;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class Box2dEnvironmentTest {
  private static final EnvironmentCatalogue CATALOGUE = EnvironmentCatalogue.standard();

  private static Environment lander(Object... options) {
    Map<String, Object> named = new HashMap<>();
    for (int i = 0; i < options.length; i += 2) {
      named.put((String) options[i], options[i + 1]);
    }
    return CATALOGUE.factory("LunarLander-v3", named).create();
  }

  private static FixedPolicy.Outcome play(Environment environment, String kind, long seed) {
    return FixedPolicy.of(
            kind, "LunarLander", environment.actionSpace(), new float[] {0, 0, 0, 0}, seed)
        .play(environment, seed);
  }

  @Test
  void theLanderHasGymnasiumsSpaces() {
    float turn = (float) (2 * Math.PI);
    Box seen =
        Box.of(
            new float[] {-2.5f, -2.5f, -10, -10, -turn, -10, 0, 0},
            new float[] {2.5f, 2.5f, 10, 10, turn, 10, 1, 1});
    for (Environment each : new Environment[] {lander(), lander("continuous", true)}) {
      assertThat(each.observationSpace()).isEqualTo(seen);
    }
    assertThat(lander().actionSpace()).isEqualTo(new Discrete(4));
    assertThat(lander("continuous", true).actionSpace()).isEqualTo(Box.of(-1, 1, 2));
    assertThat(CATALOGUE.factory("LunarLanderContinuous-v3").create().actionSpace())
        .isEqualTo(Box.of(-1, 1, 2));
  }

  @Test
  void whoDoesNothingCrashesAndWhoIsCarefulLands() {
    Environment environment = lander();
    assertThat(play(environment, "constant", 1).sum()).isBetween(-500.0, -50.0);
    double sum = 0;
    for (int seed = 0; seed < 10; seed++) {
      sum += play(environment, "heuristic", seed).sum();
    }
    assertThat(sum / 10).isGreaterThan(200);
  }

  @Test
  void anEpisodeThatNobodyEndsIsTruncated() {
    Environment environment = lander("max-episode-steps", 20);
    assertThat(play(environment, "constant", 1).length()).isEqualTo(20);
  }

  @Test
  void gravityAndWindMoveTheLander() {
    assertThat(fallen(lander("gravity", -1))).isGreaterThan(fallen(lander()) + 0.2f);
    assertThat(drifted(lander("enable-wind", true, "wind-power", 0, "turbulence-power", 0)))
        .isEqualTo(drifted(lander()));
    assertThat(drifted(lander("enable-wind", true))).isNotEqualTo(drifted(lander()));
  }

  private static float fallen(Environment environment) {
    return after(environment, 30)[1];
  }

  private static float drifted(Environment environment) {
    return after(environment, 30)[0];
  }

  /** What is seen after so many steps in which nothing is done. */
  private static float[] after(Environment environment, int steps) {
    Step step = new Step(environment.observationSpace());
    environment.reset(Reset.seeded(3), step.observation);
    for (int i = 0; i < steps; i++) {
      step.clear();
      environment.step(new float[environment.actionSpace().size()], step);
    }
    return step.observation;
  }

  @Test
  void mistakesAreExplained() {
    assertThatThrownBy(() -> lander("gravity", 1))
        .hasMessage("gravity is 1.0 but must be between -12 and 0: it points downwards");
    assertThatThrownBy(() -> lander("wind-power", Double.NaN))
        .hasMessage("the wind's power is NaN but must be finite");
    LunarLander environment = new LunarLander();
    Step step = new Step(environment.observationSpace());
    assertThatThrownBy(() -> environment.step(new float[] {0}, step))
        .hasMessage("no episode has begun: reset before the first step");
    environment.reset(Reset.seeded(1), step.observation);
    assertThatThrownBy(() -> environment.step(new float[] {0.5f}, step))
        .hasMessage("action is 0.5 but must be a whole number from 0 to 3");
    BipedalWalker walker = new BipedalWalker();
    Step walked = new Step(walker.observationSpace());
    walker.reset(Reset.seeded(1), walked.observation);
    assertThatThrownBy(() -> walker.step(new float[] {0, Float.NaN, 0, 0}, walked))
        .hasMessage("action 1 is NaN but must be finite");
  }

  @ParameterizedTest
  @ValueSource(strings = {"LunarLander-v3", "BipedalWalkerHardcore-v3"})
  void anEpisodeDependsOnNothingBeforeIt(String name) {
    Environment used = CATALOGUE.factory(name).create();
    for (int seed = 0; seed < 20; seed++) {
      FixedPolicy.Outcome again =
          FixedPolicy.of("random", name, used.actionSpace(), new float[0], seed).play(used, seed);
      Environment fresh = CATALOGUE.factory(name).create();
      assertThat(
              FixedPolicy.of("random", name, fresh.actionSpace(), new float[0], seed)
                  .play(fresh, seed))
          .isEqualTo(again);
    }
  }

  /** On the ground, in the wind, and before the first reset. */
  @ParameterizedTest
  @CsvSource({"150,true", "0,true", "-1,false"})
  void aSavedEpisodeIsRestoredWhole(int steps, boolean begun) throws IOException {
    Environment original = lander("enable-wind", true);
    Environment restored = lander("enable-wind", true);
    Step step = new Step(original.observationSpace());
    if (begun) {
      original.reset(Reset.seeded(5), step.observation);
      FixedPolicy careful = careful(original);
      float[] action = new float[1];
      for (int i = 0; i < steps; i++) {
        step.clear();
        careful.act(step.observation, action);
        original.step(action, step);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    original.writeState(new DataOutputStream(bytes));
    restored.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    assertThat(rest(restored, step.observation.clone(), begun))
        .isEqualTo(rest(original, step.observation.clone(), begun));
  }

  private static FixedPolicy careful(Environment environment) {
    return FixedPolicy.of("heuristic", "LunarLander", environment.actionSpace(), new float[0], 0);
  }

  private static String rest(Environment environment, float[] seen, boolean begun) {
    Step step = new Step(environment.observationSpace());
    System.arraycopy(seen, 0, step.observation, 0, seen.length);
    if (!begun) {
      environment.reset(Reset.unseeded(), step.observation);
    }
    FixedPolicy careful = careful(environment);
    float[] action = new float[1];
    StringBuilder rest = new StringBuilder();
    for (int i = 0; i < 400; i++) {
      step.clear();
      careful.act(step.observation, action);
      environment.step(action, step);
      rest.append(Arrays.toString(step.observation)).append(step.reward).append('\n');
      if (step.done()) {
        environment.reset(Reset.unseeded(), step.observation);
      }
    }
    return rest.toString();
  }

  /** On every JVM and processor: sines are StrictMath's, and all else is exact by IEEE 754. */
  @ParameterizedTest
  @CsvSource({
    "LunarLander-v3,3116042524",
    "LunarLanderContinuous-v3,2940876189",
    "BipedalWalkerHardcore-v3,1776064358"
  })
  void aSeedGivesTheSameBitsEverywhere(String name, long bits) {
    Environment environment = CATALOGUE.factory(name).create();
    FixedPolicy policy = FixedPolicy.of("random", name, environment.actionSpace(), new float[0], 3);
    Step step = new Step(environment.observationSpace());
    float[] action = new float[environment.actionSpace().size()];
    environment.reset(Reset.seeded(3), step.observation);
    CRC32 code = new CRC32();
    for (int i = 0; i < 1000; i++) {
      policy.act(step.observation, action);
      step.clear();
      environment.step(action, step);
      for (float number : step.observation) {
        code.update(ByteBuffer.allocate(4).putFloat(number).array());
      }
      code.update(ByteBuffer.allocate(8).putDouble(step.reward).array());
      if (step.done()) {
        environment.reset(Reset.unseeded(), step.observation);
      }
    }
    assertThat(code.getValue()).isEqualTo(bits);
  }

  /** None of its own; the sines of newer JDKs leave 32 bytes each, until they are compiled. */
  @Test
  void aStepLeavesNoGarbage() {
    LunarLander environment = new LunarLander();
    Step step = new Step(environment.observationSpace());
    float[] action = new float[1];
    FixedPolicy careful = careful(environment);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int seed = 0; seed < 5; seed++) {
      environment.reset(Reset.seeded(seed), step.observation);
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 120; i++) {
        step.clear();
        careful.act(step.observation, action);
        environment.step(action, step);
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(least).isLessThan(120 * 4096);
  }
}
