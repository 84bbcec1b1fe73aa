package org.mobula.tune.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;

class QuasiRandomSamplerTest {
  /** Each coordinate of the first 2^m points has one in each of 2^m equal intervals. */
  @Test
  void sobolIsAStratifiedSampleInEveryDimension() {
    int points = 256;
    QuasiRandomSampler.Sobol sobol = new QuasiRandomSampler.Sobol(40, new Pcg64(1));
    boolean[][] hit = new boolean[40][points];
    for (int i = 0; i < points; i++) {
      double[] point = sobol.point(i);
      for (int j = 0; j < point.length; j++) {
        hit[j][(int) (point[j] * points)] = true;
      }
    }
    for (boolean[] dimension : hit) {
      assertThat(dimension).doesNotContain(false);
    }
  }

  /** And so have the first b^m of Halton's coordinate of base b. */
  @Test
  void haltonIsAStratifiedSampleInEveryDimension() {
    int[] bases = {2, 3, 5, 7};
    QuasiRandomSampler.Halton halton = new QuasiRandomSampler.Halton(bases.length, new Pcg64(1));
    for (int j = 0; j < bases.length; j++) {
      int points = bases[j] * bases[j] * bases[j];
      boolean[] hit = new boolean[points];
      for (int i = 0; i < points; i++) {
        hit[(int) (halton.point(i)[j] * points + 1e-9)] = true;
      }
      assertThat(hit).doesNotContain(false);
    }
  }

  /** The mean of a smooth product is far nearer to the truth than by chance (some 0.02). */
  @Test
  void integratesBetterThanChance() {
    for (QuasiRandomSampler.Sequence sequence :
        Arrays.asList(
            new QuasiRandomSampler.Sobol(5, new Pcg64(2)),
            new QuasiRandomSampler.Halton(5, new Pcg64(2)))) {
      int points = 1024;
      double sum = 0;
      for (int i = 0; i < points; i++) {
        double product = 1;
        for (double coordinate : sequence.point(i)) {
          product *= 0.5 + coordinate;
        }
        sum += product;
      }
      assertThat(Math.abs(sum / points - 1)).isLessThan(0.004);
    }
  }

  @Test
  void isScrambledBySeed() {
    assertThat(new QuasiRandomSampler.Sobol(3, new Pcg64(1)).point(5))
        .isNotEqualTo(new QuasiRandomSampler.Sobol(3, new Pcg64(2)).point(5));
    assertThat(new QuasiRandomSampler.Halton(3, new Pcg64(1)).point(5))
        .isNotEqualTo(new QuasiRandomSampler.Halton(3, new Pcg64(2)).point(5));
  }

  @Test
  void sobolSaysWhereItEnds() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new QuasiRandomSampler.Sobol(1001, new Pcg64(1)))
        .withMessage(
            "the space has 1001 parameters but Sobol's sequence at most 1000: take Halton's, or sample at random");
  }
}
