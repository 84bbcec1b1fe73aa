package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MultiCategoricalTest {
  @Nested
  class OfThreeChoices extends ActionDistributionContract {
    @Override
    protected ActionDistribution distribution() {
      return new MultiCategorical(3, 2, 4);
    }

    @Override
    protected float[] extremeParameters() {
      return new float[] {1e6f, -1e6f, 0, 1e20f, -1e20f, 5, 5, ActionMask.FORBIDDEN_LOGIT, -80};
    }
  }

  private final SplittableRandom random = new SplittableRandom(1);

  @Test
  void isTheProductOfItsChoices() {
    MultiCategorical multi = new MultiCategorical(2, 3);
    Categorical first = new Categorical(2);
    Categorical second = new Categorical(3);
    float[] p = {.3f, -.5f, 1, 0, 2};
    float[] action = {1, 2};
    assertThat(multi.logProbability(p, 0, action, 0))
        .isCloseTo(
            first.logProbability(p, 0, action, 0) + second.logProbability(p, 2, action, 1),
            within(1e-6f));
    assertThat(multi.entropy(p, 0))
        .isCloseTo(first.entropy(p, 0) + second.entropy(p, 2), within(1e-6f));
  }

  @Test
  void drawsEachPairAsOftenAsItsProbability() {
    MultiCategorical multi = new MultiCategorical(2, 3);
    float[] p = {.3f, -.5f, 1, 0, 2};
    long[] counts = new long[6];
    float[] action = new float[2];
    for (int i = 0; i < 100_000; i++) {
      multi.sample(p, 0, random, action, 0);
      counts[(int) (3 * action[0] + action[1])]++;
    }
    double[] probabilities = new double[6];
    for (int first = 0; first < 2; first++) {
      for (int second = 0; second < 3; second++) {
        float[] pair = {first, second};
        probabilities[3 * first + second] = Math.exp(multi.logProbability(p, 0, pair, 0));
      }
    }
    Frequencies.check(counts, probabilities);
  }

  @Test
  void equalsAnotherOfTheSameSizes() {
    assertThat(new MultiCategorical(2, 3))
        .isEqualTo(new MultiCategorical(2, 3))
        .isNotEqualTo(new MultiCategorical(3, 2))
        .hasToString("MultiCategorical[2, 3]");
  }

  @Test
  void refusesEmptyChoices() {
    assertThatThrownBy(() -> new MultiCategorical(2, 0))
        .hasMessage("sizes[1] is 0 but must be >= 1");
    assertThatThrownBy(MultiCategorical::new).hasMessage("number of choices is 0 but must be >= 1");
  }
}
