package org.mobula.core.returns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GeneralizedAdvantageTest {
  private static final Offset<Float> CLOSE = within(1e-3f);

  private final SplittableRandom random = new SplittableRandom(1);

  /** The vectors of RLax's multistep test. */
  @Test
  void agreesWithRlax() {
    checkRlax(1, new double[][] {{-1.45118, -4.4557, 2.5396, .5249, -.49}, {3, 2, 1, 0, -4.9}});
    checkRlax(
        .7f,
        new double[][] {{-.676979, -5.248167, 2.4846, .6704, -.49}, {2.2899, 1.73, 1, 0, -4.9}});
    checkRlax(
        .4f, new double[][] {{.56731, -6.042, 2.3431, .815, -.49}, {1.725, 1.46, 1, 0, -4.9}});
  }

  private static void checkRlax(float lambda, double[][] expected) {
    float[] rewards = Traces.timeMajor(new double[][] {{0, 0, 1, 0, -.5}, {0, 0, 0, 0, 1}});
    float[] discounts =
        Traces.timeMajor(new double[][] {{.99, .99, .99, .99, .99}, {.9, .9, .9, 0, .9}});
    float[] values = Traces.timeMajor(new double[][] {{1, 4, -3, -2, -1}, {-3, -2, -1, 0, 5}});
    float[] advantages = new float[10];
    float[] returns = new float[10];
    new GeneralizedAdvantage(1, lambda)
        .compute(
            new Trace(
                5,
                2,
                rewards,
                new boolean[0],
                new boolean[0],
                values,
                values,
                new float[] {-1, -1}),
            rewards,
            discounts,
            advantages,
            returns);
    assertThat(advantages).containsExactly(Traces.timeMajor(expected), CLOSE);
    for (int i = 0; i < 10; i++) {
      assertThat(returns[i]).isEqualTo(advantages[i] + values[i]);
    }
  }

  /** Stable-Baselines3's test: one reward at step 64, constant values, one or three episodes. */
  @ParameterizedTest
  @CsvSource({
    "0,1,1,1",
    "0,1,.9f,1",
    "0,.99f,1,1",
    "0,.99f,.9f,1",
    "1,1,1,1",
    "1,.99f,.9f,1",
    "1,1,.9f,3",
    "0,.99f,1,3",
    "1,.99f,1,3",
    "1,.99f,.9f,3"
  })
  void oneRewardTravelsBackInClosedForm(float value, float discount, float lambda, int episodes) {
    int length = 64;
    int steps = length * episodes;
    float[] rewards = new float[steps];
    boolean[] terminated = new boolean[steps];
    for (int t = length - 1; t < steps; t += length) {
      rewards[t] = 1;
      terminated[t] = true;
    }
    float[] values = Traces.constant(steps, value);
    float[] advantages = new float[steps];
    float[] returns = new float[steps];
    new GeneralizedAdvantage(discount, lambda)
        .compute(
            new Trace(
                steps,
                1,
                rewards,
                terminated,
                new boolean[steps],
                values,
                Traces.constant(steps, Float.NaN),
                new float[] {value}),
            advantages,
            returns);
    double decay = (double) discount * lambda;
    for (int t = 0; t < steps; t++) {
      int left = length - 1 - t % length;
      double expected = Math.pow(decay, left) * (1 - value);
      for (int k = 0; k < left; k++) {
        expected += Math.pow(decay, k) * (discount * value - value);
      }
      assertThat((double) advantages[t]).isCloseTo(expected, within(1e-4));
      assertThat((double) returns[t]).isCloseTo(expected + value, within(1e-4));
    }
  }

  @Test
  void lambdaOneIsMonteCarloAndLambdaZeroIsTemporalDifference() {
    Episodes e = new Episodes(40, 3);
    e.compute(1);
    float[] monteCarlo = new float[e.cells];
    Returns.discounted(
        e.steps, e.environments, e.foldedRewards, e.discounts, e.lastValues, monteCarlo);
    assertThat(e.returns).containsExactly(monteCarlo, within(1e-4f));

    e.compute(0);
    for (int i = 0; i < e.cells; i++) {
      float expected = e.foldedRewards[i] + e.discounts[i] * e.nextValue(i) - e.values[i];
      assertThat(e.advantages[i]).isCloseTo(expected, within(1e-5f));
    }
  }

  @Test
  void severalEpisodesInOneTraceAreAsIfEachStoodAlone() {
    Episodes e = new Episodes(60, 1);
    e.compute(.95f);
    int from = 0;
    for (int t = 0; t < e.steps; t++) {
      if (e.terminated[t] || e.truncated[t] || t == e.steps - 1) {
        int length = t + 1 - from;
        float[] advantages = new float[length];
        new GeneralizedAdvantage(.9f, .95f)
            .compute(
                new Trace(
                    length,
                    1,
                    Arrays.copyOfRange(e.rewards, from, t + 1),
                    Arrays.copyOfRange(e.terminated, from, t + 1),
                    new boolean[length],
                    Arrays.copyOfRange(e.values, from, t + 1),
                    new float[length],
                    new float[] {e.truncated[t] ? e.finalValues[t] : e.nextValue(t)}),
                advantages,
                new float[length]);
        assertThat(advantages)
            .containsExactly(Arrays.copyOfRange(e.advantages, from, t + 1), within(1e-5f));
        from = t + 1;
      }
    }
  }

  @Test
  void returnsAreLambdaReturns() {
    Episodes e = new Episodes(50, 4);
    e.compute(.7f);
    float[] nextValues = new float[e.cells];
    for (int i = 0; i < e.cells; i++) {
      nextValues[i] = e.nextValue(i);
    }
    float[] lambdaReturns = new float[e.cells];
    Returns.lambda(
        e.steps, e.environments, .7f, e.foldedRewards, e.discounts, nextValues, lambdaReturns);
    assertThat(e.returns).containsExactly(lambdaReturns, within(1e-4f));
  }

  @Test
  void terminationBootstrapsNothingAndWinsOverTruncation() {
    float[] advantages = new float[3];
    float[] returns = new float[3];
    new GeneralizedAdvantage(.5f, 1)
        .compute(
            new Trace(
                1,
                3,
                new float[] {1, 1, 1},
                new boolean[] {true, false, true},
                new boolean[] {false, true, true},
                new float[] {10, 10, 10},
                new float[] {Float.NaN, 4, Float.NaN},
                new float[] {100, 100, 100}),
            advantages,
            returns);
    assertThat(advantages).containsExactly(-9, -7, -9);
    assertThat(returns).containsExactly(1, 3, 1);
  }

  /**
   * Four states in a loop, reward 1, γ = 0.98, cut off after eight steps: every state is worth 1 /
   * (1 − γ) = 50, and only bootstrapping at the cut finds it.
   */
  @ParameterizedTest
  @ValueSource(floats = {0, .95f, 1})
  void anEndlessTaskIsWorthFiftyThroughItsTimeLimit(float lambda) {
    assertThat(endlessTaskValue(lambda, true)).isCloseTo(50, within(1f));
    assertThat(endlessTaskValue(lambda, false)).isLessThan(49);
  }

  private static float endlessTaskValue(float lambda, boolean bootstrap) {
    int steps = 16;
    boolean[] ends = new boolean[steps];
    ends[7] = true;
    ends[15] = true;
    boolean[] none = new boolean[steps];
    float[] table = new float[4];
    float[] values = new float[steps];
    float[] finalValues = new float[steps];
    float[] advantages = new float[steps];
    float[] returns = new float[steps];
    for (int iteration = 0; iteration < 500; iteration++) {
      for (int t = 0; t < steps; t++) {
        values[t] = table[t % 4];
        finalValues[t] = table[(t + 1) % 4];
      }
      new GeneralizedAdvantage(.98f, lambda)
          .compute(
              new Trace(
                  steps,
                  1,
                  Traces.constant(steps, 1),
                  bootstrap ? none : ends,
                  bootstrap ? ends : none,
                  values,
                  finalValues,
                  new float[] {table[0]}),
              advantages,
              returns);
      for (int t = 0; t < steps; t++) {
        table[t % 4] += advantages[t] / 4;
      }
    }
    return table[0];
  }

  @Test
  void refusesWrongShapesAndFractions() {
    float[] four = new float[4];
    float[] two = new float[2];
    assertThatThrownBy(
            () ->
                new GeneralizedAdvantage(1, 1)
                    .compute(
                        new Trace(2, 2, four, new boolean[0], new boolean[0], two, two, two),
                        four,
                        four,
                        four,
                        four))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("values holds 2 numbers but needs 4")
        .hasMessageContaining("[time][environment]");
    assertThatThrownBy(
            () ->
                new GeneralizedAdvantage(1, 1.5f)
                    .compute(
                        new Trace(2, 2, four, new boolean[0], new boolean[0], four, four, two),
                        four,
                        four,
                        four,
                        four))
        .hasMessageContaining("lambda is 1.5 but must be in [0, 1]");
    assertThatThrownBy(
            () ->
                new GeneralizedAdvantage(1, 1)
                    .compute(
                        new Trace(0, 2, four, new boolean[0], new boolean[0], four, four, two),
                        four,
                        four,
                        four,
                        four))
        .hasMessageContaining("0 steps");
    assertThatThrownBy(
            () ->
                EpisodeEnds.fold(
                    new Trace(2, 2, four, new boolean[4], new boolean[4], four, four, four),
                    Float.NaN,
                    four,
                    four))
        .hasMessageContaining("discount is NaN but must be in [0, 1]");
  }

  /** Random episodes, γ = 0.9, with both kinds of ends. */
  private final class Episodes {
    final int steps;
    final int environments;
    final int cells;
    final float[] rewards;
    final boolean[] terminated;
    final boolean[] truncated;
    final float[] values;
    final float[] finalValues;
    final float[] lastValues;
    final float[] foldedRewards;
    final float[] discounts;
    final float[] advantages;
    final float[] returns;

    Episodes(int steps, int environments) {
      this.steps = steps;
      this.environments = environments;
      cells = steps * environments;
      rewards = Traces.uniform(random, cells, -1, 1);
      terminated = Traces.flags(random, cells, .1);
      truncated = Traces.flags(random, cells, .1);
      for (int i = 0; i < cells; i++) {
        truncated[i] &= !terminated[i];
      }
      values = Traces.uniform(random, cells, -2, 2);
      finalValues = Traces.uniform(random, cells, -2, 2);
      lastValues = Traces.uniform(random, environments, -2, 2);
      foldedRewards = new float[cells];
      discounts = new float[cells];
      EpisodeEnds.fold(
          new Trace(
              steps,
              environments,
              rewards,
              terminated,
              truncated,
              finalValues,
              finalValues,
              finalValues),
          .9f,
          foldedRewards,
          discounts);
      advantages = new float[cells];
      returns = new float[cells];
    }

    void compute(float lambda) {
      new GeneralizedAdvantage(.9f, lambda)
          .compute(
              new Trace(
                  steps,
                  environments,
                  rewards,
                  terminated,
                  truncated,
                  values,
                  finalValues,
                  lastValues),
              advantages,
              returns);
    }

    float nextValue(int cell) {
      int next = cell + environments;
      return next < cells ? values[next] : lastValues[next - cells];
    }
  }
}
