package org.mobula.core.algorithm;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.mobula.core.random.Pcg64;

/**
 * {@link ActionNoise} of some environments, each for itself. The same calls and random numbers give
 * the same noise, also after its state was written and read. Allocates nothing.
 */
final class NoiseSource {
  private static final int PARTICLES = 6;
  private static final int LONGER = 4;

  private final double[] keeps; // the part that each particle keeps in a step
  private final double[] pushes; // what each is moved by, times N(0, 1)
  private final double[] starts; // the deviation that each starts an episode with
  private final int actionSize;
  private final double[] state; // [environment][number][particle]

  NoiseSource(ActionNoise noise, int environments, int actionSize) {
    int particles = noise instanceof ActionNoise.Pink ? PARTICLES : 1;
    this.actionSize = actionSize;
    this.keeps = new double[particles];
    this.pushes = new double[particles];
    this.starts = new double[particles];
    this.state = new double[environments * actionSize * particles];
    if (noise instanceof ActionNoise.Gaussian white) {
      pushes[0] = white.deviation();
    } else if (noise instanceof ActionNoise.OrnsteinUhlenbeck pulled) {
      keeps[0] = 1 - pulled.pull() * pulled.timeStep();
      pushes[0] = pulled.deviation() * Math.sqrt(pulled.timeStep());
    } else if (noise instanceof ActionNoise.Pink pink) {
      double steps = 1;
      for (int i = 0; i < particles; i++, steps *= LONGER) {
        // Each has an equal share of the variance, from an episode's first step on.
        starts[i] = pink.deviation() / Math.sqrt(particles);
        keeps[i] = StrictMath.exp(-1 / steps);
        pushes[i] = starts[i] * Math.sqrt(1 - keeps[i] * keeps[i]);
      }
    }
  }

  /** An episode of this environment starts. */
  void startEpisode(int environment, Pcg64 random) {
    int particles = keeps.length;
    int from = environment * actionSize * particles;
    for (int i = from; i < from + actionSize * particles; i++) {
      double start = starts[i % particles];
      state[i] = start == 0 ? 0 : start * random.nextGaussian();
    }
  }

  /**
   * Adds the noise of an environment's next step to an action.
   *
   * @param actions whose action at {@code offset} is changed
   */
  void add(int environment, float[] actions, int offset, Pcg64 random) {
    int particles = keeps.length;
    int from = environment * actionSize * particles;
    for (int number = 0; number < actionSize; number++) {
      double sum = 0;
      for (int particle = 0; particle < particles; particle++) {
        int at = from + number * particles + particle;
        state[at] = keeps[particle] * state[at] + pushes[particle] * random.nextGaussian();
        sum += state[at];
      }
      actions[offset + number] += (float) sum;
    }
  }

  /** Writes what the noise of the next steps depends on beside random numbers. */
  void writeState(DataOutput out) throws IOException {
    out.writeInt(state.length);
    for (double number : state) {
      out.writeDouble(number);
    }
  }

  /** Continues from what {@link #writeState} wrote. */
  void readState(DataInput in) throws IOException {
    int length = in.readInt();
    if (length != state.length) {
      throw new IOException(
          "the noise was saved with "
              + length
              + " numbers but has "
              + state.length
              + "; resume with the noise and the environments of the run that saved it");
    }
    for (int i = 0; i < length; i++) {
      state[i] = in.readDouble();
    }
  }
}
