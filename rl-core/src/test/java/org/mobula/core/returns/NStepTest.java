package org.mobula.core.returns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class NStepTest {
  private float[] sums = new float[0];
  private float[] discounts = new float[0];
  private int[] lengths = new int[0];

  private void accumulate(
      int n, float discount, float[] rewards, boolean[] terminated, boolean[] truncated) {
    int steps = rewards.length;
    sums = new float[steps];
    discounts = new float[steps];
    lengths = new int[steps];
    new NStep(n, discount)
        .accumulate(steps, 1, rewards, terminated, truncated, sums, discounts, lengths);
  }

  private static boolean[] at(int steps, int... set) {
    boolean[] flags = new boolean[steps];
    for (int t : set) {
      flags[t] = true;
    }
    return flags;
  }

  /** The vector of RLlib's postprocessing test. */
  @Test
  void agreesWithRllib() {
    float[] rewards = {10, 0, 100, 100, 100, 100, 100};
    accumulate(3, .9f, rewards, at(7, 6), at(7));
    assertThat(sums).containsExactly(new float[] {91, 171, 271, 271, 271, 190, 100}, within(1e-4f));
    assertThat(lengths).containsExactly(3, 3, 3, 3, 3, 2, 1);
    float full = .9f * .9f * .9f;
    assertThat(discounts)
        .containsExactly(new float[] {full, full, full, full, 0, 0, 0}, within(1e-6f));
  }

  @Test
  void terminationEndsTheWindowAndLeavesNothingToBootstrap() {
    accumulate(3, .98f, new float[] {1, 1, 1, 1, 1}, at(5, 1), at(5));
    assertThat(sums[0]).isCloseTo(1.98f, within(1e-6f));
    assertThat(discounts[0]).isZero();
    assertThat(lengths).containsExactly(2, 1, 3, 2, 1);
  }

  @Test
  void truncationEndsTheWindowAndBootstraps() {
    accumulate(3, .98f, new float[] {1, 1, 1, 1, 1}, at(5), at(5, 1));
    assertThat(sums[0]).isCloseTo(1.98f, within(1e-6f));
    assertThat(discounts[0]).isCloseTo(.98f * .98f, within(1e-6f));
  }

  @Test
  void aFullWindowIsDiscountedByThePowerOfItsLength() {
    accumulate(3, .99f, new float[] {1, 1, 1, 1, 1}, at(5), at(5));
    assertThat(sums[0]).isCloseTo(2.9701f, within(1e-6f));
    assertThat(discounts[0]).isCloseTo(.970299f, within(1e-6f));
  }

  @Test
  void aWindowGoesRoundTheRingButNotOverTheNewestRow() {
    // Rows 0 and 1 were written last; row 2 is the oldest.
    float[] rewards = {4, 5, 1, 2, 3};
    boolean[] none = new boolean[5];
    NStep nStep = new NStep(3, .5f);
    assertThat(nStep.length(5, 1, 1, none, none, 4, 0)).isEqualTo(3);
    assertThat(nStep.sum(5, 1, rewards, 4, 0, 3)).isEqualTo(3 + .5f * 4 + .25f * 5);
    assertThat(nStep.length(5, 1, 1, none, none, 0, 0)).isEqualTo(2);
    assertThat(nStep.discountAfter(2)).isEqualTo(.25f);
    assertThat(nStep.length(5, 1, 1, none, none, 1, 0)).isEqualTo(1);
  }

  @Test
  void environmentsDoNotMix() {
    float[] s = new float[4];
    int[] l = new int[4];
    new NStep(2, 1)
        .accumulate(
            2,
            2,
            new float[] {1, 10, 2, 20},
            new boolean[] {false, true, false, false},
            new boolean[4],
            s,
            new float[4],
            l);
    assertThat(s).containsExactly(3, 10, 2, 20);
    assertThat(l).containsExactly(2, 1, 1, 1);
  }

  @Test
  void refusesAWindowOfNothing() {
    assertThatThrownBy(() -> new NStep(0, 1)).hasMessage("n is 0 steps but must be >= 1");
    assertThatThrownBy(() -> new NStep(1, 2)).hasMessage("discount is 2.0 but must be in [0, 1]");
  }
}
