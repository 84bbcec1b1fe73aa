package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class BernoulliTest {
  @Nested
  class OfThreeBits extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new Bernoulli(3);
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {1e6f, -1e6f, 1e30f};
    }
  }

  @Test
  void isACategoricalOfTwoBitByBit() {
    Bernoulli bernoulli = new Bernoulli(1);
    Categorical categorical = new Categorical(2);
    for (float logit : new float[] {-9, -1, 0, .3f, 20}) {
      float[] z = {logit};
      float[] two = {0, logit};
      for (float bit : new float[] {0, 1}) {
        float[] action = {bit};
        assertThat(bernoulli.logProbability(z, 0, action, 0))
            .isCloseTo(categorical.logProbability(two, 0, action, 0), within(1e-5f));
      }
      assertThat(bernoulli.entropy(z, 0)).isCloseTo(categorical.entropy(two, 0), within(1e-6f));
      assertThat(bernoulli.divergence(z, 0, new float[] {1}, 0))
          .isCloseTo(categorical.divergence(two, 0, new float[] {0, 1}, 0), within(1e-5f));
    }
  }

  @Test
  void drawsEachBitAsOftenAsItsProbability() {
    float[] p = {-2, 1};
    double first = 1 / (1 + Math.exp(2));
    double second = 1 / (1 + Math.exp(-1));
    SplittableRandom random = new SplittableRandom(1);
    long[] counts = new long[4];
    float[] action = new float[2];
    for (int i = 0; i < 100_000; i++) {
      new Bernoulli(2).sample(p, 0, random, action, 0);
      counts[(int) (2 * action[0] + action[1])]++;
    }
    Frequencies.check(
        counts,
        new double[] {
          (1 - first) * (1 - second), (1 - first) * second, first * (1 - second), first * second
        });
  }

  @Test
  void refusesActionsThatAreNoBitAndLogitsThatAreNaN() {
    assertThatThrownBy(() -> new Bernoulli(1).logProbability(new float[1], 0, new float[] {2}, 0))
        .hasMessage("action 2.0 is not one of the 2 choices; write a whole number in 0..1");
    assertThatThrownBy(
            () ->
                new Bernoulli(1)
                    .sample(new float[] {Float.NaN}, 0, new SplittableRandom(1), new float[1], 0))
        .hasMessageContaining("NaN");
  }
}
