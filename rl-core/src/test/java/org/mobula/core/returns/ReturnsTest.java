package org.mobula.core.returns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ReturnsTest {
  private static final Offset<Float> CLOSE = within(1e-5f);

  // RLax's multistep test.
  private final float[] rewards =
      Traces.timeMajor(new double[][] {{1, 0, -1, 0, 1}, {.5, .8, -.7, 0, 2.1}});
  private final float[] discounts =
      Traces.timeMajor(new double[][] {{.5, .9, 1, .5, .8}, {.9, .5, .3, .8, .7}});
  private final float[] nextValues =
      Traces.timeMajor(new double[][] {{3, 1, 5, -5, 3}, {-1.7, 1.2, 2.3, 2.2, 2.7}});
  private final float[] returns = new float[10];

  @Test
  void lambdaReturnsAgreeWithRlax() {
    Returns.lambda(5, 2, .75f, rewards, discounts, nextValues, returns);
    assertThat(returns)
        .containsExactly(
            Traces.timeMajor(
                new double[][] {
                  {1.6460547, .72281253, .7375, .65, 3.4},
                  {.7866317, .9913063, .1101501, 2.834, 3.99}
                }),
            CLOSE);
  }

  @Test
  void nStepReturnsAgreeWithRlax() {
    Returns.nStep(5, 2, 3, rewards, discounts, nextValues, returns);
    assertThat(returns)
        .containsExactly(
            Traces.timeMajor(
                new double[][] {{2.8, -3.15, .7, 1.7, 3.4}, {1.2155, .714, .2576, 3.192, 3.99}}),
            CLOSE);
  }

  @Test
  void lambdaZeroIsOneStepAndLambdaOneIsAsManyStepsAsThereAre() {
    float[] other = new float[10];
    Returns.lambda(5, 2, 0, rewards, discounts, nextValues, returns);
    Returns.nStep(5, 2, 1, rewards, discounts, nextValues, other);
    assertThat(returns).containsExactly(other, CLOSE);

    Returns.lambda(5, 2, 1, rewards, discounts, nextValues, returns);
    Returns.nStep(5, 2, 9, rewards, discounts, nextValues, other);
    assertThat(returns).containsExactly(other, CLOSE);
    Returns.discounted(5, 2, rewards, discounts, new float[] {3, 2.7f}, other);
    assertThat(returns).containsExactly(other, CLOSE);
  }

  @Test
  void discountedReturnsMayReplaceTheRewards() {
    float[] inPlace = {1, 2, 3};
    Returns.discounted(3, 1, inPlace, new float[] {.5f, .5f, .5f}, new float[] {8}, inPlace);
    assertThat(inPlace).containsExactly(3.75f, 5.5f, 7);
  }

  @Test
  void vTraceAgreesWithRlax() {
    float[] behavior =
        logProbabilities(
            new double[][][] {
              {{8.9, .7}, {5, 1}, {.6, .1}, {-.9, -.1}},
              {{.3, -5}, {1, -8}, {.3, 1.7}, {4.7, 3.3}}
            });
    float[] target =
        logProbabilities(
            new double[][][] {
              {{.4, .5}, {9.2, 8.8}, {.7, 4.4}, {7.9, 1.4}},
              {{1, .9}, {1, -1}, {-4.3, 8.7}, {.8, .3}}
            });
    float[] r = Traces.timeMajor(new double[][] {{-1.3, -1.3, 2.3, 42}, {1.3, 5.3, -3.3, -5}});
    float[] d = Traces.timeMajor(new double[][] {{0, .89, .85, .99}, {.88, 1, .83, .95}});
    float[] v = Traces.timeMajor(new double[][] {{2.1, 1.1, -3.1, 0}, {3.1, .1, -1.1, 7.4}});
    float[] last = {8.4f, -1.2f};
    float[] targets = new float[8];
    float[] advantages = new float[8];
    float[] errors =
        Traces.timeMajor(
            new double[][] {
              {-1.6155143, -3.4973226, 1.8670533, 50.316002},
              {1.4662437, 3.6116405, -8.33e-5, -13.54}
            });

    Trace trace = Traces.values(4, 2, v, last);
    VTrace.LogProbabilities logs = new VTrace.LogProbabilities(behavior, target);
    new VTrace(1, 1, 1, 1).compute(trace, logs, r, d, targets, advantages);
    for (int i = 0; i < 8; i++) {
      assertThat(targets[i] - v[i]).isCloseTo(errors[i], within(1e-3f));
    }
    assertThat(advantages).containsExactly(errors, within(1e-3f));

    new VTrace(1, 1, 1, 5).compute(trace, logs, r, d, targets, advantages);
    assertThat(advantages)
        .containsExactly(
            Traces.timeMajor(
                new double[][] {
                  {-1.615514, -17.486612, 1.867053, 162.052681},
                  {7.331217, 3.61164, -8.3e-5, -25.84168}
                }),
            within(1e-3f));
  }

  /** Log-probabilities of the actions of the vectors above. */
  private static float[] logProbabilities(double[][][] logits) {
    int[][] actions = {{0, 1, 0, 0}, {1, 0, 0, 1}};
    double[][] result = new double[2][4];
    for (int i = 0; i < 2; i++) {
      for (int t = 0; t < 4; t++) {
        double[] z = logits[i][t];
        result[i][t] = z[actions[i][t]] - Math.log(Math.exp(z[0]) + Math.exp(z[1]));
      }
    }
    return Traces.timeMajor(result);
  }

  /** The definition, every product and sum spelled out, in O(T²). */
  @Test
  void vTraceEqualsItsDefinition() {
    SplittableRandom random = new SplittableRandom(2);
    for (int round = 0; round < 50; round++) {
      int steps = 5;
      int environments = 10;
      int cells = steps * environments;
      float[] behavior = Traces.uniform(random, cells, -3, 0);
      float[] target = Traces.uniform(random, cells, -3, 0);
      float[] r = Traces.uniform(random, cells, -2, 2);
      float[] d = Traces.uniform(random, cells, 0, 1);
      d[random.nextInt(cells)] = 0;
      float[] v = Traces.uniform(random, cells, -2, 2);
      float[] last = Traces.uniform(random, environments, -2, 2);
      float[] targets = new float[cells];
      float[] advantages = new float[cells];
      new VTrace(1, 3.7f, 1, 2.2f)
          .compute(
              Traces.values(steps, environments, v, last),
              new VTrace.LogProbabilities(behavior, target),
              r,
              d,
              targets,
              advantages);

      for (int i = 0; i < environments; i++) {
        double[] expected = new double[steps + 1];
        expected[steps] = last[i];
        for (int s = 0; s < steps; s++) {
          expected[s] = v[s * environments + i];
          for (int t = s; t < steps; t++) {
            double product = 1;
            for (int k = s; k < t; k++) {
              int cell = k * environments + i;
              product *= d[cell] * Math.min(1, Math.exp(target[cell] - behavior[cell]));
            }
            int cell = t * environments + i;
            double next = t + 1 < steps ? v[cell + environments] : last[i];
            double rho = Math.min(3.7, Math.exp(target[cell] - behavior[cell]));
            expected[s] += product * rho * (r[cell] + d[cell] * next - v[cell]);
          }
        }
        for (int s = 0; s < steps; s++) {
          int cell = s * environments + i;
          double rho = Math.min(2.2, Math.exp(target[cell] - behavior[cell]));
          assertThat((double) targets[cell]).isCloseTo(expected[s], within(1e-4));
          assertThat((double) advantages[cell])
              .isCloseTo(rho * (r[cell] + d[cell] * expected[s + 1] - v[cell]), within(1e-4));
        }
      }
    }
  }

  @Test
  void vTraceOfThePolicyItselfIsTheDiscountedReturn() {
    SplittableRandom random = new SplittableRandom(3);
    float[] logs = Traces.uniform(random, 20, -3, 0);
    float[] r = Traces.uniform(random, 20, -1, 1);
    float[] d = Traces.uniform(random, 20, 0, 1);
    float[] last = Traces.uniform(random, 4, -1, 1);
    float[] targets = new float[20];
    new VTrace(1, 1, 1, 1)
        .compute(
            Traces.values(5, 4, Traces.uniform(random, 20, -1, 1), last),
            new VTrace.LogProbabilities(logs, logs),
            r,
            d,
            targets,
            new float[20]);
    float[] expected = new float[20];
    Returns.discounted(5, 4, r, d, last, expected);
    assertThat(targets).containsExactly(expected, CLOSE);
  }

  @Test
  void vTraceStaysFiniteWhenThePoliciesHaveNothingInCommon() {
    float[] targets = new float[2];
    float[] advantages = new float[2];
    new VTrace(1, 1, 1, 1)
        .compute(
            Traces.values(2, 1, new float[2], new float[1]),
            new VTrace.LogProbabilities(new float[] {-2000, 0}, new float[] {0, -2000}),
            new float[] {1, 1},
            new float[] {.9f, .9f},
            targets,
            advantages);
    assertThat(targets).containsExactly(1, 0);
    assertThat(advantages).containsExactly(1, 0);
  }

  /**
   * Two environments of the policy itself: one episode terminates, one is cut off where its final
   * observation is worth 10, and neither sees the reward of the next one.
   */
  @Test
  void vTraceEndsWhereEpisodesDo() {
    boolean[] terminated = {false, false, true, false, false, false};
    boolean[] truncated = {false, false, false, true, false, false};
    Trace trace =
        new Trace(
            3,
            2,
            new float[] {1, 1, 2, 2, 100, 100},
            terminated,
            truncated,
            new float[] {3, 4, 5, 6, 7, 8},
            new float[] {0, 0, 0, 10, 0, 0},
            new float[] {20, 40});
    float[] logs = new float[6];
    float[] targets = new float[6];
    float[] advantages = new float[6];
    new VTrace(.5f, 1, 1, 1)
        .compute(trace, new VTrace.LogProbabilities(logs, logs), targets, advantages);
    assertThat(targets).containsExactly(2, 4.5f, 2, 7, 110, 120);
    assertThat(advantages).containsExactly(-1, .5f, -3, 1, 103, 112);
  }

  @Test
  void vTraceRefusesWhatMakesNoSense() {
    assertThatThrownBy(() -> new VTrace(1, 0, 1, 1)).hasMessage("rhoBar is 0.0 but must be > 0");
    assertThatThrownBy(() -> new VTrace(1, 1, 2, 1)).hasMessageContaining("cBar is 2.0");
    assertThatThrownBy(() -> new VTrace(2, 1, 1, 1))
        .hasMessage("discount is 2.0 but must be in [0, 1]");
    Trace trace = Traces.values(2, 1, new float[2], new float[1]);
    VTrace.LogProbabilities logs = new VTrace.LogProbabilities(new float[2], new float[1]);
    assertThatThrownBy(
            () ->
                new VTrace(1, 1, 1, 1)
                    .compute(trace, logs, new float[2], new float[2], new float[2], new float[2]))
        .hasMessageStartingWith("target holds 1 numbers but needs 2");
  }
}
