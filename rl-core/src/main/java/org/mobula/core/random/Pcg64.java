package org.mobula.core.random;

import java.util.random.RandomGenerator;

/** Stand-in until NumPy's generator is in place. */
public final class Pcg64 implements RandomGenerator {
  private final java.util.SplittableRandom random;

  /** Seeded. */
  public Pcg64(long seed) {
    random = new java.util.SplittableRandom(seed);
  }

  @Override
  public long nextLong() {
    return random.nextLong();
  }

  /** Uniform in [low, high). */
  public double uniform(double low, double high) {
    return low + (high - low) * nextDouble();
  }
}
