package org.mobula.core.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.random.Pcg64;

class NoiseSourceTest {
  static List<ActionNoise> kinds() {
    return List.of(
        ActionNoise.Gaussian.defaults(),
        ActionNoise.OrnsteinUhlenbeck.defaults(),
        ActionNoise.Pink.defaults());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void isTheSameAgainAndContinuesFromItsState(ActionNoise noise) throws IOException {
    NoiseSource whole = new NoiseSource(noise, 2, 3);
    Pcg64 random = new Pcg64(1);
    Pcg64 same = new Pcg64(1);
    NoiseSource saved = new NoiseSource(noise, 2, 3);
    add(whole, random, 40);
    add(saved, same, 40);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    saved.writeState(new DataOutputStream(bytes));
    NoiseSource read = new NoiseSource(noise, 2, 3);
    read.readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    assertThat(add(read, same, 40)).isEqualTo(add(whole, random, 40));

    assertThatThrownBy(
            () ->
                new NoiseSource(noise, 1, 3)
                    .readState(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("resume with the noise and the environments of the run");
  }

  private static float[] add(NoiseSource noise, Pcg64 random, int steps) {
    float[] sums = new float[2 * 3];
    for (int step = 0; step < steps; step++) {
      for (int environment = 0; environment < 2; environment++) {
        if (step % 15 == 0) {
          noise.startEpisode(environment, random);
        }
        noise.add(environment, sums, environment * 3, random);
      }
    }
    return sums;
  }

  /** The variance of means over 64 steps: 1/64 of a step's in white noise, much of it in pink. */
  @Test
  void coloursDifferInHowLongTheyStay() {
    double[] white = variances(new ActionNoise.Gaussian(0.5));
    assertThat(white[0]).isCloseTo(0.25, within(0.01));
    assertThat(white[1] / white[0]).isCloseTo(1 / 64.0, within(0.005));
    double[] pink = variances(new ActionNoise.Pink(0.5));
    assertThat(pink[0]).isCloseTo(0.25, within(0.03));
    assertThat(pink[1] / pink[0]).isBetween(0.3, 0.7);
    // σ²·dt / (1 − (1 − θ·dt)²) once it has forgotten where it started.
    double[] pulled = variances(new ActionNoise.OrnsteinUhlenbeck(0.2, 0.5, 0.1));
    assertThat(pulled[0]).isCloseTo(0.2 * 0.2 * 0.1 / (1 - 0.95 * 0.95), within(0.005));
  }

  private static double[] variances(ActionNoise noise) {
    NoiseSource source = new NoiseSource(noise, 1, 1);
    Pcg64 random = new Pcg64(5);
    double squares = 0;
    double squaredMeans = 0;
    int blocks = 4_000;
    for (int block = 0; block < blocks; block++) {
      source.startEpisode(0, random);
      double sum = 0;
      for (int step = 0; step < 64 + 64; step++) {
        float[] action = new float[1];
        source.add(0, action, 0, random);
        if (step >= 64) {
          sum += action[0];
          squares += action[0] * action[0];
        }
      }
      squaredMeans += sum / 64 * (sum / 64);
    }
    return new double[] {squares / blocks / 64, squaredMeans / blocks};
  }
}
