package org.mobula.core.distribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ActionMaskTest {
  private final Categorical categorical = new Categorical(4);
  private final boolean[] mask = {false, true, false, true, true};

  /** Logits at offset 2, mask at offset 1: the choices 0, 2 and 3 are allowed. */
  private float[] masked() {
    float[] logits = {9, 9, 1, 50, 0, -1, 9};
    ActionMask.apply(logits, 2, mask, 1, 4);
    return logits;
  }

  @Test
  void changesForbiddenLogitsOnly() {
    assertThat(masked()).containsExactly(9, 9, 1, ActionMask.FORBIDDEN_LOGIT, 0, -1, 9);
  }

  @Test
  void forbiddenChoicesAreNeverDrawnAndTheRestKeepTheirProportions() {
    float[] logits = masked();
    SplittableRandom random = new SplittableRandom(1);
    long[] counts = new long[4];
    float[] action = new float[1];
    for (int i = 0; i < 100_000; i++) {
      categorical.sample(logits, 2, random, action, 0);
      counts[(int) action[0]]++;
    }
    double sum = Math.E + 1 + 1 / Math.E;
    Frequencies.check(counts, new double[] {Math.E / sum, 0, 1 / sum, 1 / Math.E / sum});
  }

  @Test
  void noGradientReachesAForbiddenLogit() {
    float[] logits = masked();
    for (float choice : new float[] {0, 2, 3}) {
      float[] action = {choice};
      float[] gradient = new float[4];
      categorical.addLogProbabilityGradient(logits, 2, action, 0, 1000, gradient, 0);
      categorical.addEntropyGradient(logits, 2, 1000, gradient, 0);
      float[] evaluation = new float[categorical.evaluationSize()];
      categorical.evaluate(logits, 2, action, 0, evaluation, 0);
      categorical.addGradient(logits, 2, action, 0, evaluation, 0, 1000, 1000, gradient, 0);
      assertThat(gradient[1]).isZero();
      assertThat(gradient[0]).isNotZero().isFinite();
    }
  }

  @Test
  void anEvenChoiceIsEvenOverWhatIsAllowed() {
    float[] logits = new float[4];
    ActionMask.apply(logits, 0, mask, 1, 4);
    assertThat(categorical.entropy(logits, 0)).isEqualTo((float) Math.log(3));
    assertThat(categorical.divergence(logits, 0, logits, 0)).isZero();
  }

  @Test
  void masksEachOfSeveralChoices() {
    float[] logits = new float[5];
    ActionMask.applyEach(
        logits, 0, new boolean[] {true, false, false, true, true}, 0, new int[] {2, 3});
    float forbidden = ActionMask.FORBIDDEN_LOGIT;
    assertThat(logits).containsExactly(0, forbidden, forbidden, 0, 0);
  }

  @Test
  void refusesAMaskThatAllowsNothing() {
    assertThatThrownBy(() -> ActionMask.apply(new float[2], 0, new boolean[2], 0, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the action mask [false, false] allows none of the 2 choices; allow at least one in"
                + " every observation, such as one that does nothing");
    assertThatThrownBy(
            () ->
                ActionMask.applyEach(
                    new float[3], 0, new boolean[] {true, false, false}, 0, new int[] {1, 2}))
        .hasMessageContaining("[false, false]");
  }
}
