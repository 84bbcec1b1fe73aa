package org.mobula.core.experience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;

class RunningStatisticsTest {
  @Test
  void batchesAddUpToTheMomentsOfAll() {
    Pcg64 random = new Pcg64(1);
    float[] all = new float[2 * 3000];
    for (int i = 0; i < all.length; i += 2) {
      all[i] = (float) (1000 + random.nextGaussian());
      all[i + 1] = (float) (-2 + 0.1 * random.nextGaussian());
    }
    RunningStatistics statistics = new RunningStatistics(2);
    for (int at = 0; at < all.length; ) {
      int rows = Math.min(1 + random.nextInt(50), (all.length - at) / 2);
      statistics.update(Arrays.copyOfRange(all, at, at + 2 * rows));
      at += 2 * rows;
    }
    for (int k = 0; k < 2; k++) {
      double sum = 0;
      for (int i = k; i < all.length; i += 2) {
        sum += all[i];
      }
      double mean = sum / 3000;
      double squares = 0;
      for (int i = k; i < all.length; i += 2) {
        squares += (all[i] - mean) * (all[i] - mean);
      }
      assertThat(statistics.mean(k)).isCloseTo(mean, within(1e-10));
      assertThat(statistics.variance(k)).isCloseTo(squares / 3000, within(1e-8));
    }
    assertThat(statistics.count()).isEqualTo(3000);
  }

  @Test
  void theStandardNormalStartIsThatOfStableBaselines3() {
    // By hand from its formulas: count 1e-4, mean 0, variance 1, then the batch (1, 3).
    RunningStatistics statistics = RunningStatistics.withStandardNormalStart(1);
    statistics.update(new float[] {1, 3});
    double total = 2.0001;
    assertThat(statistics.mean(0)).isCloseTo(4 / total, within(1e-15));
    assertThat(statistics.variance(0))
        .isCloseTo((1e-4 + 2 + 4 * 1e-4 * 2 / total) / total, within(1e-15));
  }

  @Test
  void mergingEqualsSeeingEverything() {
    RunningStatistics left = new RunningStatistics(1);
    RunningStatistics right = new RunningStatistics(1);
    RunningStatistics both = new RunningStatistics(1);
    left.update(new float[] {1, 2, 3});
    right.update(new float[] {10, 20});
    both.update(new float[] {1, 2, 3, 10, 20});
    left.merge(right);
    assertThat(left.mean(0)).isCloseTo(both.mean(0), within(1e-15));
    assertThat(left.variance(0)).isCloseTo(both.variance(0), within(1e-13));
    assertThat(left.count()).isEqualTo(5);
  }

  @Test
  void inHoweverManyPartsFarFromZeroTheVarianceIsTheSame() {
    Pcg64 random = new Pcg64(2);
    RunningStatistics[] workers = new RunningStatistics[8];
    RunningStatistics whole = new RunningStatistics(1);
    RunningStatistics run = new RunningStatistics(1);
    for (int rollout = 0; rollout < 50; rollout++) {
      RunningStatistics merged = new RunningStatistics(1);
      for (int worker = 0; worker < workers.length; worker++) {
        workers[worker] = new RunningStatistics(1);
        for (int step = 0; step < 16; step++) {
          float[] vector = {(float) (10_000 + random.nextGaussian())};
          workers[worker].update(vector);
          whole.update(vector);
        }
        merged.merge(workers[worker]);
      }
      run.merge(merged);
    }
    assertThat(run.variance(0)).isCloseTo(1, within(0.03));
    assertThat(run.variance(0)).isCloseTo(whole.variance(0), within(1e-9));
    assertThat(run.mean(0)).isCloseTo(whole.mean(0), within(1e-9));
  }

  @Test
  void nothingYetChangesNothing() {
    RunningStatistics statistics = new RunningStatistics(1);
    statistics.merge(new RunningStatistics(1));
    assertThat(statistics.count()).isZero();
    float[] values = {3};
    statistics.normalize(values, values, 10, 0);
    assertThat(values).containsExactly(3);
    statistics.update(5);
    statistics.merge(new RunningStatistics(1));
    assertThat(statistics.mean(0)).isEqualTo(5);
    assertThat(statistics.variance(0)).isZero();
  }

  @Test
  void normalizesAndCutsOff() {
    RunningStatistics statistics = new RunningStatistics(2);
    statistics.restore(1, new double[] {1, -1}, new double[] {4, 0});
    float[] values = {3, -1, 1, 5};
    statistics.normalize(values, values, 10, 1e-8);
    assertThat(values).containsExactly(new float[] {1, 0, 0, 10}, within(1e-6f));
  }

  @Test
  void copiesAreIndependentAndRestoreExactly() {
    RunningStatistics statistics = new RunningStatistics(1);
    statistics.update(3);
    RunningStatistics copy = statistics.copy();
    statistics.update(5);
    copy.update(5);
    assertThat(copy.mean()).isEqualTo(statistics.mean());
    assertThat(copy.variance()).isEqualTo(statistics.variance());
    copy.update(7);
    assertThat(copy.mean(0)).isNotEqualTo(statistics.mean(0));
  }

  @Test
  void mistakesAreExplained() {
    RunningStatistics statistics = new RunningStatistics(2);
    assertThatThrownBy(() -> statistics.update(new float[3]))
        .hasMessage("3 numbers are no whole count of vectors of 2");
    assertThatThrownBy(() -> statistics.update(1))
        .hasMessage("one number was given to statistics of vectors of 2");
    assertThatThrownBy(() -> statistics.merge(new RunningStatistics(1)))
        .hasMessage("statistics of size 1 do not merge into size 2");
    assertThatThrownBy(() -> new RunningStatistics(0)).hasMessage("size is 0 but must be >= 1");
  }
}
