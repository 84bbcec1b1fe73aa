package org.mobula.core.experience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.random.Pcg64;

class SumTreeTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 8, 9, 100})
  void findsTheIndexWhoseShareOfTheSumHoldsTheMass(int size) {
    Pcg64 random = new Pcg64(size);
    SumTree tree = new SumTree(size);
    double[] weights = new double[size];
    // Of the leaves of such a tree those one level further down come first.
    int start = size == 1 ? 0 : 2 * Integer.highestOneBit(size - 1) - size;
    for (int round = 0; round < 200; round++) {
      int changed = random.nextInt(size);
      // Whole numbers, so that sums are exact in any order; zeros among them.
      weights[changed] = random.nextInt(4);
      tree.set(changed, weights[changed]);
      double sum = 0;
      for (int at = 0; at < size; at++) {
        int i = (start + at) % size;
        if (weights[i] > 0) {
          assertThat(tree.find(sum)).isEqualTo(i);
          assertThat(tree.find(Math.nextDown(sum + weights[i]))).isEqualTo(i);
          sum += weights[i];
        }
      }
      assertThat(tree.total()).isEqualTo(sum);
      if (sum > 0) {
        assertThat(weights[tree.find(sum)]).as("at the end").isPositive();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 64})
  void sumsDependOnTheWeightsAlone(int size) {
    Pcg64 random = new Pcg64(1);
    SumTree changed = new SumTree(size);
    SumTree rebuilt = new SumTree(size);
    for (int round = 0; round < 1000; round++) {
      changed.set(random.nextInt(size), random.nextDouble());
    }
    for (int i = 0; i < size; i++) {
      rebuilt.setLater(i, changed.get(i));
    }
    rebuilt.rebuild();
    assertThat(rebuilt.total()).isEqualTo(changed.total());
    for (int draw = 0; draw < 100; draw++) {
      double mass = random.nextDouble() * changed.total();
      assertThat(rebuilt.find(mass)).isEqualTo(changed.find(mass));
    }
    assertThat(changed.find(changed.total() / 2)).isBetween(0, size - 1);
    assertThat(changed.total()).isCloseTo(size / 2.0, within(size / 2.0));
  }
}
