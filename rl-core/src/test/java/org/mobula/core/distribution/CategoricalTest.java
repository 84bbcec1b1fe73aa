package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class CategoricalTest {
  @Nested
  class OfFive extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new Categorical(5);
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {1e6f, -1e6f, 1e6f, 0, ActionMask.FORBIDDEN_LOGIT};
    }
  }

  @Nested
  class OfTwo extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new Categorical(2);
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {-Float.MAX_VALUE / 2, Float.MAX_VALUE / 2};
    }
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (Math.log(probabilities[i]) + 7);
    }
    return logits;
  }

  private static RandomGenerator always(double uniform) {
    return new RandomGenerator() {
      private int draws;

      @Override
      public long nextLong() {
        throw new AssertionError("only nextDouble is to be drawn");
      }

      @Override
      public double nextDouble() {
        assertThat(draws++).as("earlier draws").isZero();
        return uniform;
      }
    };
  }

  @Test
  void invertsTheCumulativeDistributionAtOneUniformNumber() {
    Categorical categorical = new Categorical(3);
    float[] p = logits(.2, .3, .5);
    double[] uniforms = {0, .199, .201, .499, .501, Math.nextDown(1.0)};
    float[] expected = {0, 0, 1, 1, 2, 2};
    float[] action = new float[1];
    for (int i = 0; i < uniforms.length; i++) {
      categorical.sample(p, 0, always(uniforms[i]), action, 0);
      assertThat(action[0]).isEqualTo(expected[i]);
    }
  }

  @Test
  void drawsEachChoiceAsOftenAsItsProbability() {
    double[] probabilities = {.05, .5, .15, .3};
    float[] p = logits(probabilities);
    SplittableRandom random = new SplittableRandom(1);
    long[] counts = new long[4];
    float[] action = new float[1];
    for (int i = 0; i < 100_000; i++) {
      new Categorical(4).sample(p, 0, random, action, 0);
      counts[(int) action[0]]++;
    }
    Frequencies.check(counts, probabilities);
  }

  @Test
  void knowsItsNumbers() {
    Categorical categorical = new Categorical(4);
    float[] even = new float[4];
    float[] two = {2};
    assertThat(categorical.logProbability(even, 0, two, 0))
        .isCloseTo((float) -Math.log(4), within(1e-6f));
    assertThat(categorical.entropy(even, 0)).isCloseTo((float) Math.log(4), within(1e-6f));
    assertThat(
            categorical.divergence(logits(.5, .5, 1e-9, 1e-9), 0, logits(.25, .75, 1e-9, 1e-9), 0))
        .isCloseTo((float) (.5 * Math.log(2) + .5 * Math.log(2 / 3.0)), within(1e-5f));
    categorical.mode(new float[] {-3, 2, 5, 5}, 0, two, 0);
    assertThat(two[0]).isEqualTo(2);
  }

  @Test
  void refusesActionsThatAreNoChoice() {
    Categorical categorical = new Categorical(3);
    for (float wrong : new float[] {-1, 3, .5f, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> categorical.logProbability(new float[9], 3, new float[] {wrong}, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "action " + wrong + " is not one of the 3 choices; write a whole number in 0..2");
    }
  }

  @Test
  void refusesToDrawFromNaNAndToChooseTheLargest() {
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatThrownBy(
              () -> new Categorical(3).mode(new float[] {1, 2, wrong}, 0, new float[1], 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "none of 3 logits is the largest, for one is "
                  + wrong
                  + "; look for NaN in the network's outputs: a learning rate too high or rewards"
                  + " too large are the usual causes");
      for (int at = 0; at < 3; at++) {
        float[] p = new float[3];
        p[at] = wrong;
        assertThatThrownBy(
                () -> new Categorical(3).sample(p, 0, new SplittableRandom(1), new float[1], 0))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("3 logits that are not finite")
            .hasMessageContaining("learning rate");
      }
    }
  }

  @Test
  void refusesNoChoices() {
    assertThatThrownBy(() -> new Categorical(0)).hasMessage("choices is 0 but must be >= 1");
  }
}
