package org.mobula.core.space;

import org.mobula.core.random.Pcg64;

/**
 * Several independent bits, each encoded as 0 or 1.
 *
 * @param n how many bits
 */
public record MultiBinary(int n) implements Space {
  /** Checks the count. */
  public MultiBinary {
    if (n < 1) {
      throw new IllegalArgumentException("MultiBinary n is " + n + " but must be >= 1");
    }
  }

  @Override
  public int size() {
    return n;
  }

  @Override
  public int flatSize() {
    return n;
  }

  @Override
  public int maskSize() {
    return 0;
  }

  @Override
  public boolean contains(float[] values, int offset) {
    for (int i = 0; i < n; i++) {
      float value = values[offset + i];
      if (value != 0 && value != 1) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void sample(Pcg64 random, float[] values, int offset) {
    for (int i = 0; i < n; i++) {
      values[offset + i] = random.nextBoolean() ? 1 : 0;
    }
  }

  @Override
  public void flatten(float[] values, int offset, float[] features, int featureOffset) {
    System.arraycopy(values, offset, features, featureOffset, n);
  }

  @Override
  public String toString() {
    return "MultiBinary(" + n + ")";
  }
}
